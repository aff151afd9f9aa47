import type { ConsumerGroupConfig } from './consumer-group-config.ts';

/** Kafka's constant of five minutes, for `newMemberJoinTimeoutMs`. */
export const NEW_MEMBER_JOIN_TIMEOUT_MS = 300_000;

/** The settings that the group state machine obeys; `config` has their names, ranges and defaults. */
export interface GroupConfig {
  /** `group.min.session.timeout.ms` and `group.max.session.timeout.ms`. */
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
  /** `group.max.size`. */
  readonly groupSizeMax: number;
  /** `group.initial.rebalance.delay.ms`. */
  readonly initialRebalanceDelayMs: number;
  /** How long a new member may wait in its first JoinGroup. */
  readonly newMemberJoinTimeoutMs: number;
  /** `offset.metadata.max.bytes`; Kafka counts UTF-16 units, and so do we. */
  readonly offsetMetadataSizeMax: number;
  /** `offsets.retention.minutes`, in milliseconds. */
  readonly offsetsRetentionMs: number;
  /** `offsets.retention.check.interval.ms`. */
  readonly offsetsRetentionCheckIntervalMs: number;
  /** Of KIP-848 groups. */
  readonly consumer: ConsumerGroupConfig;
}
