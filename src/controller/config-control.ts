/** Dynamic configs of topics, brokers, the cluster, groups and client metrics. */
import { type SnapshotRegistry, TimelineMap } from '../base/timeline-map.ts';
import { CLUSTER_DEFAULT, configResourceType, resourceKey } from '../metadata/metadata-image.ts';
import { clearElrRecord } from '../wire/schema/clear-elr-record.ts';
import { type ConfigRecord, configRecord } from '../wire/schema/config-record.ts';
import type { ConfigResourceKind, ConfigRules, ControllerSettings } from './config-rules.ts';
import { type ControlFailure, type ControlRecord, failure, newControlRecord } from './control-record.ts';
import type { FeatureControl } from './feature-control.ts';
import { type Policies, refusal } from './policies.ts';

export const MIN_INSYNC_REPLICAS = 'min.insync.replicas';
const UNCLEAN_LEADER_ELECTION = 'unclean.leader.election.enable';

/** Numbers of IncrementalAlterConfigs. */
export const configOperation = { set: 0, delete: 1, append: 2, subtract: 3 } as const;

export interface ConfigChange {
  readonly name: string;
  readonly configOperation: number;
  /** Null for a deletion. */
  readonly value: string | null;
}

export interface ConfigResource {
  readonly resourceType: number;
  readonly resourceName: string;
}

export interface ConfigControlOptions {
  readonly registry: SnapshotRegistry;
  readonly nodeId: number;
  readonly features: FeatureControl;
  readonly rules: ConfigRules;
  readonly policies: Policies;
  readonly settings: () => ControllerSettings;
  /** Whether a resource that is to be changed is there; null when it is. */
  readonly missing: (resource: ConfigResource) => ControlFailure | null;
}

const kinds = new Map<number, ConfigResourceKind>([
  [configResourceType.topic, 'topic'],
  [configResourceType.broker, 'broker'],
  [configResourceType.clientMetrics, 'client-metrics'],
  [configResourceType.group, 'group'],
]);

const NO_CONFIGS: ReadonlyMap<string, string> = new Map();

export class ConfigControl {
  readonly #options: ConfigControlOptions;
  /** Keys are `resourceKey`; the maps in it are never changed in place. */
  readonly #configs: TimelineMap<string, ReadonlyMap<string, string>>;

  constructor(options: ConfigControlOptions) {
    this.#options = options;
    this.#configs = new TimelineMap(options.registry);
  }

  resource(resourceType: number, resourceName: string): ReadonlyMap<string, string> {
    return this.#configs.get(resourceKey(resourceType, resourceName)) ?? NO_CONFIGS;
  }

  /** What counts for a topic: its own config, this node's, the cluster's, the static one; never more than its replicas. */
  minInsyncReplicas(topicName: string, replicaCount: number): number {
    const text = this.#effectiveText(topicName, MIN_INSYNC_REPLICAS);
    const configured = text === undefined ? this.#options.settings().minInsyncReplicas : Number(text);
    return Math.min(configured, replicaCount);
  }

  uncleanLeaderElectionEnabled(topicName: string): boolean {
    const text = this.#effectiveText(topicName, UNCLEAN_LEADER_ELECTION);
    return text === undefined ? this.#options.settings().uncleanLeaderElectionEnable : text.toLowerCase() === 'true';
  }

  #effectiveText(topicName: string, name: string): string | undefined {
    return (
      this.resource(configResourceType.topic, topicName).get(name) ??
      this.resource(configResourceType.broker, String(this.#options.nodeId)).get(name) ??
      this.resource(configResourceType.broker, CLUSTER_DEFAULT).get(name)
    );
  }

  /** One resource is changed whole or not at all. `isNew`: the resource is being created by the same records. */
  incrementalAlter(
    resource: ConfigResource,
    changes: readonly ConfigChange[],
    isNew: boolean,
  ): ControlFailure | readonly ControlRecord[] {
    const kind = kinds.get(resource.resourceType);
    if (kind === undefined) return failure('INVALID_REQUEST', `Unknown resource type ${resource.resourceType}`);
    const current = this.resource(resource.resourceType, resource.resourceName);
    const altered = new Map<string, string | null>();
    for (const change of changes) {
      const value = this.#newValue(kind, current, change);
      if (typeof value === 'object' && value !== null) return value;
      // A broker's config is written even when it stays the same: the record makes the broker load it again, which is
      // how passwords and key stores are refreshed (KAFKA-14136).
      if (value !== (current.get(change.name) ?? null) || kind === 'broker') altered.set(change.name, value);
    }
    const target = new Map(current);
    for (const [name, value] of altered) {
      if (value === null) target.delete(name);
      else target.set(name, value);
    }
    return this.#judge(resource, kind, { altered, target, current, isNew, asked: altered });
  }

  /** AlterConfigs: `configs` become all there is. */
  replaceAll(
    resource: ConfigResource,
    configs: readonly { readonly name: string; readonly value: string | null }[],
  ): ControlFailure | readonly ControlRecord[] {
    const kind = kinds.get(resource.resourceType);
    if (kind === undefined) return failure('INVALID_REQUEST', `Unknown resource type ${resource.resourceType}`);
    const current = this.resource(resource.resourceType, resource.resourceName);
    const altered = new Map<string, string | null>();
    const target = new Map<string, string>();
    for (const { name, value } of configs) {
      if (value !== (current.get(name) ?? null) || kind === 'broker') altered.set(name, value);
      if (value !== null) target.set(name, value);
    }
    // What is left out is taken back, which a policy is not asked about (KAFKA-14195).
    const asked = new Map(altered);
    for (const name of current.keys()) if (!configs.some((config) => config.name === name)) altered.set(name, null);
    return this.#judge(resource, kind, { altered, target, current, isNew: false, asked });
  }

  #newValue(
    kind: ConfigResourceKind,
    current: ReadonlyMap<string, string>,
    { name, configOperation: operation, value }: ConfigChange,
  ): string | null | ControlFailure {
    switch (operation) {
      case configOperation.set:
        return value;
      case configOperation.delete:
        return null;
      case configOperation.append:
      case configOperation.subtract: {
        const { rules } = this.#options;
        if (!rules.isList(kind, name)) {
          const verb = operation === configOperation.append ? 'APPEND' : 'SUBTRACT';
          return failure('INVALID_CONFIG', `Can't ${verb} to key ${name} because its type is not LIST.`);
        }
        const elements = (current.get(name) ?? rules.defaultText(kind, name) ?? '')
          .split(',')
          .filter((element) => element !== '');
        for (const element of (value ?? '').split(',')) {
          const index = elements.indexOf(element);
          if (operation === configOperation.subtract && index !== -1) elements.splice(index, 1);
          if (operation === configOperation.append && index === -1) elements.push(element);
        }
        return elements.join(',');
      }
      default:
        return failure('INVALID_REQUEST', `Unknown operations type ${operation}`);
    }
  }

  #judge(
    resource: ConfigResource,
    kind: ConfigResourceKind,
    change: {
      readonly altered: ReadonlyMap<string, string | null>;
      readonly target: ReadonlyMap<string, string>;
      readonly current: ReadonlyMap<string, string>;
      readonly isNew: boolean;
      /** The part of `altered` that the client named. */
      readonly asked: ReadonlyMap<string, string | null>;
    },
  ): ControlFailure | readonly ControlRecord[] {
    const problem =
      this.#minInsyncReplicasProblem(resource, change.altered) ??
      this.#options.rules.validate(kind, resource.resourceName, change.target, change.current) ??
      (change.isNew ? null : this.#options.missing(resource)) ??
      this.#policyProblem(resource, kind, change.asked);
    if (problem !== null) return problem;
    const records = [...change.altered].map(([name, value]) =>
      newControlRecord(configRecord, 0, { ...resource, name, value }),
    );
    // Eligible leader replicas were counted against the old minimum (KIP-966).
    if (change.altered.has(MIN_INSYNC_REPLICAS) && this.#options.features.eligibleLeaderReplicasEnabled) {
      const topicName = kind === 'topic' ? resource.resourceName : '';
      records.push(newControlRecord(clearElrRecord, 0, { topicName }));
    }
    return records;
  }

  #policyProblem(
    { resourceName }: ConfigResource,
    kind: ConfigResourceKind,
    configs: ReadonlyMap<string, string | null>,
  ): ControlFailure | null {
    const { policies } = this.#options;
    return refusal(
      policies.alterConfig === undefined
        ? null
        : () => policies.alterConfig?.({ resourceType: kind, resourceName, configs: new Map(configs) }),
    );
  }

  /** With ELR the cluster-wide minimum must always be there, and a single broker must not have its own (KIP-966). */
  #minInsyncReplicasProblem(
    { resourceType, resourceName }: ConfigResource,
    altered: ReadonlyMap<string, string | null>,
  ): ControlFailure | null {
    const value = altered.get(MIN_INSYNC_REPLICAS);
    if (value === undefined || resourceType !== configResourceType.broker) return null;
    if (!this.#options.features.eligibleLeaderReplicasEnabled) return null;
    if (resourceName !== CLUSTER_DEFAULT) {
      return value === null
        ? null
        : failure('INVALID_CONFIG', 'Broker-level min.insync.replicas cannot be altered while ELR is enabled.');
    }
    return value === null
      ? failure('INVALID_CONFIG', 'Cluster-level min.insync.replicas cannot be removed while ELR is enabled.')
      : null;
  }

  /** With ELR the minimum must be the same for every controller and every broker: it moves into the log (KIP-966). */
  eligibleLeaderReplicasRecords(): ControlRecord[] {
    const records: ControlRecord[] = [];
    const set = (resourceName: string, value: string | null): void => {
      const resource = { resourceType: configResourceType.broker, resourceName };
      records.push(newControlRecord(configRecord, 0, { ...resource, name: MIN_INSYNC_REPLICAS, value }));
    };
    if (!this.resource(configResourceType.broker, CLUSTER_DEFAULT).has(MIN_INSYNC_REPLICAS)) {
      set(CLUSTER_DEFAULT, String(this.#options.settings().minInsyncReplicas));
    }
    const prefix = resourceKey(configResourceType.broker, '');
    for (const [key, configs] of this.#configs.entries()) {
      const brokerId = key.startsWith(prefix) ? key.slice(prefix.length) : CLUSTER_DEFAULT;
      if (brokerId !== CLUSTER_DEFAULT && configs.has(MIN_INSYNC_REPLICAS)) set(brokerId, null);
    }
    return records;
  }

  replay({ resourceType, resourceName, name, value }: ConfigRecord): void {
    const key = resourceKey(resourceType, resourceName);
    const configs = new Map(this.#configs.get(key) ?? []);
    if (value === null) configs.delete(name);
    else configs.set(name, value);
    if (configs.size === 0) this.#configs.delete(key);
    else this.#configs.set(key, configs);
  }

  /** The topic is gone, and its configs with it. */
  replayTopicRemoved(topicName: string): void {
    this.#configs.delete(resourceKey(configResourceType.topic, topicName));
  }
}

export function isFailure(result: ControlFailure | readonly ControlRecord[]): result is ControlFailure {
  return !Array.isArray(result);
}
