/**
 * Client quotas: how much a user, a client id, a pair of both, or an address may ask of each broker (KIP-546, KIP-612).
 *
 * An entity is one of: user · client id · user and client id · ip; each name may be null, which is that type's default.
 */
import { type SnapshotRegistry, TimelineMap } from '../base/timeline-map.ts';
import { type ClientQuotaImage, type QuotaEntityPart, quotaEntityKey } from '../metadata/metadata-image.ts';
import type { AlterClientQuotasRequest } from '../wire/schema/alter-client-quotas.ts';
import { type ClientQuotaRecord, clientQuotaRecord } from '../wire/schema/client-quota-record.ts';
import type { ConfigRules, QuotaEntityKind } from './config-rules.ts';
import {
  type ControlFailure,
  type ControlRecord,
  type ControlResult,
  failure,
  newControlRecord,
  succeeded,
} from './control-record.ts';

export type ClientQuotaAlteration = AlterClientQuotasRequest['entries'][number];

export interface AlterClientQuotasResult extends ControlFailure {
  readonly entity: readonly QuotaEntityPart[];
}

/** The order in which Java's hash maps hold the three types, and so records and answers of Apache Kafka name them. */
const ENTITY_TYPES = ['client-id', 'user', 'ip'];
const SHORT_MAX = 2 ** 15 - 1;
const INT_MAX = 2 ** 31 - 1;
/** Long.MAX_VALUE as a double. */
const LONG_MAX = 2 ** 63;
const FRACTION_MAX = 1e-6;

const NO_VALUES: ReadonlyMap<string, number> = new Map();

export class QuotaControl {
  readonly #rules: ConfigRules;
  /** Keys are `quotaEntityKey`; the maps in it are never changed in place. */
  readonly #quotas: TimelineMap<string, ClientQuotaImage>;

  constructor({ registry, rules }: { readonly registry: SnapshotRegistry; readonly rules: ConfigRules }) {
    this.#rules = rules;
    this.#quotas = new TimelineMap(registry);
  }

  values(entity: readonly QuotaEntityPart[]): ReadonlyMap<string, number> {
    return this.#quotas.get(quotaEntityKey(entity))?.values ?? NO_VALUES;
  }

  /**
   * One result per entity, in the order of the request; an entity is changed whole or not at all. `unknownHosts`: names of
   * ip entities that stand for no address.
   */
  alter(
    alterations: readonly ClientQuotaAlteration[],
    unknownHosts: ReadonlySet<string>,
  ): ControlResult<readonly AlterClientQuotasResult[]> {
    const records: ControlRecord[] = [];
    const results = new Map<string, AlterClientQuotasResult>();
    for (const alteration of alterations) {
      const entity = normalised(alteration.entity);
      const key = quotaEntityKey(entity);
      const changes = new Map<string, number | null>();
      let repeated = results.has(key);
      for (const op of alteration.ops) {
        repeated ||= changes.has(op.key);
        changes.set(op.key, op.remove ? null : op.value);
      }
      // The records of an entity that was named before stay, as in Kafka; only its answer is lost.
      const altered = repeated
        ? invalid(`Ignoring duplicate entity ${entityText(entity)}`)
        : this.#alterEntity(entity, changes, unknownHosts);
      if ('error' in altered) results.set(key, { entity, ...altered });
      else {
        records.push(...altered);
        results.set(key, { entity, ...succeeded });
      }
    }
    return { records, response: [...results.values()], append: 'atomic' };
  }

  #alterEntity(
    entity: readonly QuotaEntityPart[],
    changes: ReadonlyMap<string, number | null>,
    unknownHosts: ReadonlySet<string>,
  ): ControlFailure | ControlRecord[] {
    const problem = entityProblem(entity, unknownHosts);
    if (problem !== null) return problem;
    const kind = entity[0]!.entityType === 'ip' ? 'ip' : 'client';
    const current = this.values(entity);
    const records: ControlRecord[] = [];
    for (const [key, value] of changes) {
      if (value === null) {
        // A key that is not set need not be known.
        if (current.has(key)) records.push(newControlRecord(clientQuotaRecord, 0, { entity, key, remove: true }));
        continue;
      }
      const valueProblem = this.#valueProblem(kind, key, value);
      if (valueProblem !== null) return valueProblem;
      if (!Object.is(current.get(key), value)) {
        records.push(newControlRecord(clientQuotaRecord, 0, { entity, key, value }));
      }
    }
    return records;
  }

  #valueProblem(kind: QuotaEntityKind, key: string, value: number): ControlFailure | null {
    const type = this.#rules.quotaType(kind, key);
    if (type === null) return invalid(`Invalid configuration key ${key}`);
    if (value <= 0) return invalid(`Quota ${key} must be greater than 0`);
    if (type === 'DOUBLE') return null;
    const [max, name] =
      type === 'SHORT' ? [SHORT_MAX, 'a SHORT'] : type === 'INT' ? [INT_MAX, 'an INT'] : [LONG_MAX, 'a LONG'];
    if (value > max) return invalid(`Proposed value for ${key} is too large for ${name}.`);
    return value % 1 > FRACTION_MAX ? invalid(`${key} cannot be a fractional value.`) : null;
  }

  replay({ entity, key, value, remove }: ClientQuotaRecord): void {
    const entityKey = quotaEntityKey(entity);
    const values = new Map(this.#quotas.get(entityKey)?.values ?? []);
    if (remove) values.delete(key);
    else values.set(key, value);
    if (values.size === 0) this.#quotas.delete(entityKey);
    else this.#quotas.set(entityKey, { entity, values });
  }
}

/** Of a type that is named twice the last name counts, as in Kafka. */
function normalised(entity: readonly QuotaEntityPart[]): QuotaEntityPart[] {
  const names = new Map(entity.map(({ entityType, entityName }) => [entityType, entityName]));
  const rank = (entityType: string): number => {
    const index = ENTITY_TYPES.indexOf(entityType);
    return index === -1 ? ENTITY_TYPES.length : index;
  };
  return [...names]
    .map(([entityType, entityName]) => ({ entityType, entityName }))
    .sort((a, b) => rank(a.entityType) - rank(b.entityType));
}

function entityProblem(entity: readonly QuotaEntityPart[], unknownHosts: ReadonlySet<string>): ControlFailure | null {
  if (entity.length === 0) return invalid('Invalid empty client quota entity');
  for (const { entityType, entityName } of entity) {
    if (!ENTITY_TYPES.includes(entityType)) return invalid(`Unhandled client quota entity type: ${entityType}`);
    if (entityName === '') return invalid(`Empty ${entityType} not supported`);
  }
  const ip = entity.find(({ entityType }) => entityType === 'ip');
  if (ip === undefined) return null;
  if (entity.length > 1) {
    // The missing space is Kafka's.
    return invalid('Invalid quota entity combination, IP entity shouldnot be combined with User or ClientId');
  }
  if (ip.entityName === null || !unknownHosts.has(ip.entityName)) return null;
  return invalid(`${ip.entityName} is not a valid IP or resolvable host.`);
}

function invalid(message: string): ControlFailure {
  return failure('INVALID_REQUEST', message);
}

function entityText(entity: readonly QuotaEntityPart[]): string {
  const parts = entity.map(({ entityType, entityName }) => `${entityType}=${entityName}`);
  return `ClientQuotaEntity(entries={${parts.join(', ')}})`;
}
