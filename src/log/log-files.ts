/** Names of the files and folders of a log directory: Kafka's, to the letter. */
import type { Offset } from '../base/flavor.ts';

export const LOG_SUFFIX = '.log';
export const INDEX_SUFFIX = '.index';
export const TIME_INDEX_SUFFIX = '.timeindex';
export const TRANSACTION_INDEX_SUFFIX = '.txnindex';
export const PRODUCER_SNAPSHOT_SUFFIX = '.snapshot';
/** On its way out; removed at start. */
export const DELETED_SUFFIX = '.deleted';
/** A cleaner's unfinished output; removed at start. */
export const CLEANED_SUFFIX = '.cleaned';
/** A cleaner's finished output; renamed into place at start. */
export const SWAP_SUFFIX = '.swap';

export const LEADER_EPOCH_CHECKPOINT = 'leader-epoch-checkpoint';
export const PARTITION_METADATA = 'partition.metadata';
export const RECOVERY_POINT_CHECKPOINT = 'recovery-point-offset-checkpoint';
export const REPLICATION_OFFSET_CHECKPOINT = 'replication-offset-checkpoint';
export const LOG_START_OFFSET_CHECKPOINT = 'log-start-offset-checkpoint';
export const CLEANER_OFFSET_CHECKPOINT = 'cleaner-offset-checkpoint';
export const CLEAN_SHUTDOWN_MARKER = '.kafka_cleanshutdown';
export const LOCK_FILE = '.lock';

export const CLUSTER_METADATA_TOPIC = '__cluster_metadata';

/** The four files that belong to one segment. */
export const SEGMENT_SUFFIXES = [LOG_SUFFIX, INDEX_SUFFIX, TIME_INDEX_SUFFIX, TRANSACTION_INDEX_SUFFIX] as const;

/** Twenty digits, so that names sort as their offsets do. */
export function segmentFileName(baseOffset: Offset, suffix: string): string {
  return String(baseOffset).padStart(20, '0') + suffix;
}

/** Where a segment's files lie. Their paths are put together when they are needed: ten thousand idle logs keep none. */
export class SegmentPlace {
  /** Another one when the folder was renamed. */
  directory: string;
  readonly baseOffset: Offset;
  /** Behind each name: `.cleaned`, while the segment is made; empty for a live one. */
  readonly #ending: string;

  constructor(directory: string, baseOffset: Offset, ending = '') {
    this.directory = directory;
    this.baseOffset = baseOffset;
    this.#ending = ending;
  }

  path(suffix: string): string {
    return `${this.directory}/${segmentFileName(this.baseOffset, suffix)}${this.#ending}`;
  }
}

/** The offset in a name such as `00000000000000000042.index`, `….log.deleted` or `….snapshot`; null for other names. */
export function offsetOfFileName(name: string): Offset | null {
  const match = /^(\d{1,20})\./.exec(name);
  return match === null ? null : Number(match[1]);
}

/** True for `<digits><suffix>` exactly. The raft log's `<offset>-<epoch>.checkpoint` files are not segment files. */
export function isSegmentFile(name: string, suffix: string): boolean {
  return name.endsWith(suffix) && /^\d{1,20}$/.test(name.slice(0, -suffix.length));
}

export function partitionDirectoryName(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}

const RENAMED_DIRECTORY_MAX = 255;

/**
 * `topic-partition.<32 hex digits>-delete`, or `-stray`. Kafka shortens the topic so that the name fits any file system,
 * and takes the folder's own digits to find the log again, so the cut is harmless.
 */
export function renamedDirectoryName(
  topic: string,
  partition: number,
  uniqueHex: string,
  suffix: 'delete' | 'stray' | 'future',
): string {
  const tail = `-${partition}.${uniqueHex}-${suffix}`;
  return topic.slice(0, Math.max(0, RENAMED_DIRECTORY_MAX - tail.length)) + tail;
}

export type DirectoryName =
  | { readonly kind: 'partition' | 'delete' | 'stray' | 'future'; readonly topic: string; readonly partition: number }
  | { readonly kind: 'other' };

/** What a folder in a log directory is. Topic names may hold dots, dashes and digits; the last dash ends the topic. */
export function parseDirectoryName(name: string): DirectoryName {
  const renamed = /^(\S+)-(\d+)\.(\S+)-(delete|stray|future)$/.exec(name);
  if (renamed) {
    return {
      kind: renamed[4] as 'delete' | 'stray' | 'future', // the alternatives of the expression
      topic: renamed[1]!,
      partition: Number(renamed[2]),
    };
  }
  const plain = /^(\S+)-(\d+)$/.exec(name);
  if (plain) return { kind: 'partition', topic: plain[1]!, partition: Number(plain[2]) };
  return { kind: 'other' };
}
