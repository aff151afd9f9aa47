/** What KIP-848 groups obey; `config` has the names, ranges and defaults. */
import type { MetadataImage } from '../../metadata/metadata-image.ts';
import type { AssignorName } from './assignors.ts';

export type MigrationPolicy = 'disabled' | 'downgrade' | 'upgrade' | 'bidirectional';

/** Of one group: its dynamic settings over the broker's. */
export interface ConsumerGroupTimes {
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  /** At least this long between two target assignments. */
  readonly assignmentIntervalMs: number;
}

/** Compiles an expression of RE2's dialect; the function says whether a whole name matches. Throws on bad syntax. */
export type RegexCompiler = (expression: string) => (name: string) => boolean;

export interface ConsumerGroupConfig {
  /** `group.coordinator.rebalance.protocols` has `consumer`, and the cluster `group.version` 1. */
  readonly enabled: () => boolean;
  /** `group.consumer.assignors`; the first is the default. */
  readonly assignors: readonly AssignorName[];
  /** `group.consumer.max.size`. */
  readonly groupSizeMax: number;
  /** `group.consumer.migration.policy`. */
  readonly migrationPolicy: MigrationPolicy;
  /** `group.consumer.regex.refresh.interval.ms`. */
  readonly regexRefreshIntervalMs: number;
  readonly timesOf: (groupId: string) => ConsumerGroupTimes;
  readonly compileRegex: RegexCompiler;
  /** The cluster's metadata as it is now: which topics there are. */
  readonly image: () => MetadataImage;
}
