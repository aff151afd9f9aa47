/** What the controller must know about configs; the tables are in `config/`, which it may not see. */
import type { ErrorName } from '../wire/errors.ts';

/** What kinds of values a quota may have depends on whom it is for: users and client ids, or addresses. */
export type QuotaEntityKind = 'client' | 'ip';

export type ConfigResourceKind = 'topic' | 'broker' | 'group' | 'client-metrics';

/** One config of a new topic, as CreateTopics answers it. */
export interface EffectiveTopicConfig {
  readonly name: string;
  /** Null where sensitive. */
  readonly value: string | null;
  readonly readOnly: boolean;
  /** Number of DescribeConfigs. */
  readonly source: number;
  readonly sensitive: boolean;
}

export interface ConfigRules {
  /** Whether `configs` may become all configs of the resource, which had `existing`; null when they may. */
  validate(
    kind: ConfigResourceKind,
    name: string,
    configs: ReadonlyMap<string, string | null>,
    existing: ReadonlyMap<string, string>,
  ): { readonly error: ErrorName; readonly message: string } | null;
  /** Whether APPEND and SUBTRACT make sense for the key. */
  isList(kind: ConfigResourceKind, name: string): boolean;
  /** What APPEND and SUBTRACT start from when the key is not set. */
  defaultText(kind: ConfigResourceKind, name: string): string | null;
  /** The type of a client quota; null: there is no such quota. */
  quotaType(kind: QuotaEntityKind, key: string): 'SHORT' | 'INT' | 'LONG' | 'DOUBLE' | null;
  /** Whether the value must not be logged. */
  isSensitive(kind: ConfigResourceKind, name: string): boolean;
}

/** Settings of the controller's own node, at the time of the question. */
export interface ControllerSettings {
  /** `num.partitions` */
  readonly numPartitions: number;
  /** `default.replication.factor` */
  readonly defaultReplicationFactor: number;
  /** `min.insync.replicas` as the node's static configuration has it. */
  readonly minInsyncReplicas: number;
  /** `unclean.leader.election.enable`, likewise. */
  readonly uncleanLeaderElectionEnable: boolean;
  /** All configs of a topic with these overrides, for the answer of CreateTopics. */
  effectiveTopicConfigs(overrides: ReadonlyMap<string, string>): readonly EffectiveTopicConfig[];
}
