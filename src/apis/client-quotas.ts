/**
 * Client quotas as the broker enforces them: who is meant by a request, what it may use, and how long its connection is held
 * up when it used more (KIP-13, 55, 124, 219, 599).
 *
 * The quota of a connection is that of the first of these that has one; all clients that it stands for share it, unless it
 * names what tells them apart (in brackets):
 *
 *     user and client id · user, default client id (client id) · user · default user, client id (user) · default user and
 *     client id (both) · default user (user) · client id · default client id (client id)
 *
 * Clients without a quota are not measured. Each kind of quota has a table of its own.
 */
import type { Clock } from '../base/clock.ts';
import type { MutationQuota } from '../controller/mutation-quota.ts';
import type { ClientQuotaImage, QuotaEntityPart } from '../metadata/metadata-image.ts';
import { type RateWindow, SampledRate } from '../metrics/sampled-rate.ts';
import { TokenBucket } from '../metrics/token-bucket.ts';
import type { RequestContext } from './handler.ts';

export interface ClientQuotasOptions {
  readonly clock: Clock;
  /** `quota.window.num`, `quota.window.size.seconds` */
  readonly window: RateWindow;
  /** `controller.quota.window.num`, `controller.quota.window.size.seconds` */
  readonly controllerWindow: RateWindow;
}

export type TimeQuota = Pick<ClientQuotas, 'chargeTime' | 'measuresTime'>;

/** A quota that one request draws on. */
export interface RequestMutationQuota extends MutationQuota {
  /** How long the client has to wait, as of now. */
  throttleTimeMs(): number;
}

const PERCENT = 100;
const THROTTLE_TIME_MAX = 2 ** 31 - 1;

export class ClientQuotas {
  readonly #options: ClientQuotasOptions;
  readonly #produce: QuotaTable<SampledRate>;
  readonly #fetch: QuotaTable<SampledRate>;
  readonly #request: QuotaTable<SampledRate>;
  readonly #mutation: QuotaTable<TokenBucket>;

  constructor(options: ClientQuotasOptions) {
    this.#options = options;
    const newRate = () => new SampledRate(options.window);
    this.#produce = new QuotaTable('producer_byte_rate', newRate);
    this.#fetch = new QuotaTable('consumer_byte_rate', newRate);
    this.#request = new QuotaTable('request_percentage', newRate);
    this.#mutation = new QuotaTable('controller_mutation_rate', () => new TokenBucket(options.controllerWindow));
  }

  /** Takes over what the metadata says now; what was used so far still counts. */
  update(quotas: Iterable<ClientQuotaImage>): void {
    const all = [...quotas];
    for (const table of [this.#produce, this.#fetch, this.#request, this.#mutation]) table.update(all);
  }

  /** Some client has a quota of time. */
  get measuresTime(): boolean {
    return this.#request.inUse;
  }

  /** Charges the time that the event loop has spent on the request, once; how long the client has to wait for it. */
  chargeTime(context: RequestContext): number {
    const { usage } = context;
    if (usage.timeCharged || !this.#request.inUse) return 0;
    usage.timeCharged = true;
    const percentOfSecond = (usage.busyMs() / 1000) * PERCENT;
    // One window at most, as this quota is for fairness and not for a budget.
    return Math.min(this.#charge(this.#request, context, percentOfSecond), this.#options.window.sampleMs);
  }

  chargeProduced(context: RequestContext, bytes: number): number {
    return this.#charge(this.#produce, context, bytes);
  }

  chargeFetched(context: RequestContext, bytes: number): number {
    return this.#charge(this.#fetch, context, bytes);
  }

  /** Takes back what was charged for an answer that is not given. */
  refundFetched(context: RequestContext, bytes: number): void {
    this.#fetch.of(context, this.#nowMs())?.usage.record(-bytes, this.#nowMs());
  }

  /** The most that one answer may hold without being late for certain. */
  fetchBytesMax(context: RequestContext): number {
    const found = this.#fetch.of(context, this.#nowMs());
    if (found === null) return Number.POSITIVE_INFINITY;
    const { sampleCount, sampleMs } = this.#options.window;
    return Math.floor(found.limit * (sampleCount - 1) * (sampleMs / 1000));
  }

  /** `strict`: once it is exceeded, nothing more is done. Older versions of a request cannot be told so: they only wait. */
  mutations(context: RequestContext, strict: boolean): RequestMutationQuota {
    const { clock } = this.#options;
    const nowMs = () => Math.floor(clock.monotonicMs());
    const quota = this.#mutation.of(context, nowMs());
    return quota === null ? unlimitedMutations : new Mutations(quota, strict, nowMs);
  }

  #charge(table: QuotaTable<SampledRate>, context: RequestContext, value: number): number {
    const nowMs = this.#nowMs();
    const found = table.of(context, nowMs);
    if (found === null) return 0;
    found.usage.record(value, nowMs);
    return Math.min(found.usage.delayMs(found.limit, nowMs), THROTTLE_TIME_MAX);
  }

  #nowMs(): number {
    return Math.floor(this.#options.clock.monotonicMs());
  }
}

/** For requests of other nodes, which are no clients. */
export const noTimeQuota: TimeQuota = { measuresTime: false, chargeTime: () => 0 };

class Mutations implements RequestMutationQuota {
  readonly #quota: Quota<TokenBucket>;
  readonly #strict: boolean;
  readonly #nowMs: () => number;
  #untilMs = 0;

  constructor(quota: Quota<TokenBucket>, strict: boolean, nowMs: () => number) {
    this.#quota = quota;
    this.#strict = strict;
    this.#nowMs = nowMs;
  }

  take(partitionCount: number): boolean {
    const { usage, limit } = this.#quota;
    const nowMs = this.#nowMs();
    // Strict: a debt forbids. Otherwise it only grows.
    if (!this.#strict) usage.take(partitionCount, limit, nowMs);
    const delayMs = usage.delayMs(limit, nowMs);
    if (delayMs > 0) this.#untilMs = nowMs + delayMs;
    else if (this.#strict) usage.take(partitionCount, limit, nowMs);
    return !this.#strict || delayMs === 0;
  }

  throttleTimeMs(): number {
    return Math.min(Math.max(0, this.#untilMs - this.#nowMs()), THROTTLE_TIME_MAX);
  }
}

const unlimitedMutations: RequestMutationQuota = { take: () => true, throttleTimeMs: () => 0 };

interface Quota<Usage> {
  readonly usage: Usage;
  readonly limit: number;
}

/** Usage that nobody added to for this long is forgotten, as in Kafka. */
const UNUSED_MS = 3_600_000;
const NOBODY = '';
const DEFAULT = '\u0000';
const SEPARATOR = '\u0001';

/** The quotas of one kind, by entity, and what those who have one have used. */
class QuotaTable<Usage extends { readonly lastEventMs: number }> {
  readonly #key: string;
  readonly #newUsage: () => Usage;
  #limits = new Map<string, number>();
  readonly #usages = new Map<string, Usage>();
  #sweptMs = 0;

  constructor(key: string, newUsage: () => Usage) {
    this.#key = key;
    this.#newUsage = newUsage;
  }

  get inUse(): boolean {
    return this.#limits.size > 0;
  }

  update(quotas: readonly ClientQuotaImage[]): void {
    this.#limits = new Map();
    for (const { entity, values } of quotas) {
      const limit = values.get(this.#key);
      if (limit !== undefined) this.#limits.set(entityKey(nameOf(entity, 'user'), nameOf(entity, 'client-id')), limit);
    }
  }

  /** Null: no quota. */
  of({ connection: { principal }, clientId }: RequestContext, nowMs: number): Quota<Usage> | null {
    if (this.#limits.size === 0) return null;
    const user = principal.slice(principal.indexOf(':') + 1);
    // A client without an id is the client with an empty one.
    return this.#find(user, clientId ?? '', nowMs);
  }

  #find(user: string, client: string, nowMs: number): Quota<Usage> | null {
    return (
      (client === NOBODY
        ? null
        : (this.#quota(user, client, user, client, nowMs) ?? this.#quota(user, DEFAULT, user, client, nowMs))) ??
      this.#quota(user, NOBODY, user, NOBODY, nowMs) ??
      (client === NOBODY
        ? null
        : (this.#quota(DEFAULT, client, user, client, nowMs) ?? this.#quota(DEFAULT, DEFAULT, user, client, nowMs))) ??
      this.#quota(DEFAULT, NOBODY, user, NOBODY, nowMs) ??
      (client === NOBODY
        ? null
        : (this.#quota(NOBODY, client, NOBODY, client, nowMs) ?? this.#quota(NOBODY, DEFAULT, NOBODY, client, nowMs)))
    );
  }

  /** The quota of an entity, and the usage of those who share it. */
  #quota(entityUser: string, entityClient: string, user: string, client: string, nowMs: number): Quota<Usage> | null {
    const limit = this.#limits.get(entityKey(entityUser, entityClient));
    if (limit === undefined) return null;
    this.#forgetUnused(nowMs);
    const key = entityKey(user, client);
    let usage = this.#usages.get(key);
    if (usage === undefined) {
      usage = this.#newUsage();
      this.#usages.set(key, usage);
    }
    return { usage, limit };
  }

  #forgetUnused(nowMs: number): void {
    if (nowMs - this.#sweptMs < UNUSED_MS) return;
    this.#sweptMs = nowMs;
    for (const [key, { lastEventMs }] of this.#usages) if (nowMs - lastEventMs > UNUSED_MS) this.#usages.delete(key);
  }
}

/** '' where the entity is not of that type. */
function nameOf(entity: readonly QuotaEntityPart[], entityType: string): string {
  const part = entity.find((each) => each.entityType === entityType);
  return part === undefined ? NOBODY : (part.entityName ?? DEFAULT);
}

function entityKey(user: string, client: string): string {
  return user + SEPARATOR + client;
}
