/**
 * What a topic can be told, and which broker setting speaks for it while it is silent.
 */
import type { BrokerConfigName } from './broker-configs.ts';
import { type ConfigTable, key } from './config-key.ts';

export const topicConfigs = {
  'cleanup.policy': key('LIST', 'delete', 'MEDIUM', 'cluster-wide', {
    valid: '[compact, delete]',
    acts: true,
    doc: 'What happens to old segments: delete them, compact them, or both.',
  }),
  'compression.gzip.level': key('INT', '-1', 'MEDIUM', 'cluster-wide', {
    valid: '[1,...,9] or -1',
    acts: true,
    doc: 'Level of gzip where the broker compresses.',
  }),
  'compression.lz4.level': key('INT', '9', 'MEDIUM', 'cluster-wide', {
    valid: '[1,...,17]',
    acts: true,
    doc: 'Level of LZ4 where the broker compresses.',
  }),
  'compression.type': key('STRING', 'producer', 'MEDIUM', 'cluster-wide', {
    valid: '[uncompressed, zstd, lz4, snappy, gzip, producer]',
    acts: true,
    doc: 'Compression of stored batches; producer keeps what the producer chose.',
  }),
  'compression.zstd.level': key('INT', '3', 'MEDIUM', 'cluster-wide', {
    valid: '[-131072,...,22]',
    acts: true,
    doc: 'Level of zstd where the broker compresses.',
  }),
  'delete.retention.ms': key('LONG', '86400000', 'MEDIUM', 'cluster-wide', {
    valid: '[0,...]',
    acts: true,
    doc: 'How long a tombstone stays after compaction.',
  }),
  'file.delete.delay.ms': key('LONG', '60000', 'MEDIUM', 'cluster-wide', {
    valid: '[0,...]',
    acts: true,
    doc: 'Time between the removal of a segment and the deletion of its files.',
  }),
  'flush.messages': key('LONG', '9223372036854775807', 'MEDIUM', 'cluster-wide', {
    valid: '[1,...]',
    acts: true,
    doc: 'Records after which the log is forced to disk.',
  }),
  'flush.ms': key('LONG', '9223372036854775807', 'MEDIUM', 'cluster-wide', {
    valid: '[0,...]',
    acts: true,
    doc: 'Time after which the log is forced to disk.',
  }),
  'follower.replication.throttled.replicas': key('LIST', '', 'MEDIUM', 'cluster-wide', {
    valid: '[partitionId]:[brokerId],[partitionId]:[brokerId],...',
    doc: 'Replicas whose fetching is throttled, as partition:broker, or *.',
    acts: true,
  }),
  'index.interval.bytes': key('INT', '4096', 'MEDIUM', 'cluster-wide', {
    valid: '[0,...]',
    acts: true,
    doc: 'Bytes of records between two index entries.',
  }),
  'internal.segment.bytes': key('INT', null, 'MEDIUM', 'cluster-wide', { internal: true, acts: true }),
  'leader.replication.throttled.replicas': key('LIST', '', 'MEDIUM', 'cluster-wide', {
    valid: '[partitionId]:[brokerId],[partitionId]:[brokerId],...',
    doc: 'Replicas whose serving is throttled, as partition:broker, or *.',
    acts: true,
  }),
  'local.retention.bytes': key('LONG', '-2', 'MEDIUM', 'cluster-wide', { valid: '[-2,...]' }),
  'local.retention.ms': key('LONG', '-2', 'MEDIUM', 'cluster-wide', { valid: '[-2,...]' }),
  'max.compaction.lag.ms': key('LONG', '9223372036854775807', 'MEDIUM', 'cluster-wide', {
    valid: '[1,...]',
    acts: true,
    doc: 'A record older than this is due for compaction.',
  }),
  'max.message.bytes': key('INT', '1048588', 'MEDIUM', 'cluster-wide', {
    valid: '[0,...]',
    acts: true,
    doc: 'Largest record batch that is accepted, after compression.',
  }),
  'message.timestamp.after.max.ms': key('LONG', '3600000', 'MEDIUM', 'cluster-wide', {
    valid: '[0,...]',
    acts: true,
    doc: 'How far ahead of the clock the timestamp of a record may be.',
  }),
  'message.timestamp.before.max.ms': key('LONG', '9223372036854775807', 'MEDIUM', 'cluster-wide', {
    valid: '[0,...]',
    acts: true,
    doc: 'How far behind the clock the timestamp of a record may be.',
  }),
  'message.timestamp.type': key('STRING', 'CreateTime', 'MEDIUM', 'cluster-wide', {
    valid: '[CreateTime, LogAppendTime]',
    acts: true,
    doc: 'Whether a record keeps the time of its producer or gets that of the broker.',
  }),
  'min.cleanable.dirty.ratio': key('DOUBLE', '0.5', 'MEDIUM', 'cluster-wide', {
    valid: '[0,...,1]',
    acts: true,
    doc: 'Share of uncompacted bytes from which the log is compacted.',
  }),
  'min.compaction.lag.ms': key('LONG', '0', 'MEDIUM', 'cluster-wide', {
    valid: '[0,...]',
    acts: true,
    doc: 'A record younger than this is not compacted.',
  }),
  'min.insync.replicas': key('INT', '1', 'MEDIUM', 'cluster-wide', {
    valid: '[1,...]',
    acts: true,
    doc: 'In-sync replicas that must have a record before acks=all is answered.',
  }),
  preallocate: key('BOOLEAN', 'false', 'MEDIUM', 'cluster-wide', {
    doc: 'Whether segment files are allocated in full when they are made.',
  }),
  'remote.log.copy.disable': key('BOOLEAN', 'false', 'MEDIUM', 'cluster-wide'),
  'remote.log.delete.on.disable': key('BOOLEAN', 'false', 'MEDIUM', 'cluster-wide'),
  'remote.storage.enable': key('BOOLEAN', 'false', 'MEDIUM', 'cluster-wide'),
  'retention.bytes': key('LONG', '-1', 'MEDIUM', 'cluster-wide', {
    acts: true,
    doc: 'Size of a partition above which old segments are deleted; -1 is no limit.',
  }),
  'retention.ms': key('LONG', '604800000', 'MEDIUM', 'cluster-wide', {
    valid: '[-1,...]',
    acts: true,
    doc: 'How long records are kept before their segment is deleted; -1 keeps them.',
  }),
  'segment.bytes': key('INT', '1073741824', 'MEDIUM', 'cluster-wide', {
    valid: '[1048576,...]',
    acts: true,
    doc: 'Size of a log segment file.',
  }),
  'segment.index.bytes': key('INT', '10485760', 'MEDIUM', 'cluster-wide', {
    valid: '[4,...]',
    acts: true,
    doc: 'Largest size of an index file.',
  }),
  'segment.jitter.ms': key('LONG', '0', 'MEDIUM', 'cluster-wide', {
    valid: '[0,...]',
    acts: true,
    doc: 'Random time by which segments are closed earlier, so that they do not all roll at once.',
  }),
  'segment.ms': key('LONG', '604800000', 'MEDIUM', 'cluster-wide', {
    valid: '[1,...]',
    acts: true,
    doc: 'A segment older than this is closed even when it is not full.',
  }),
  'unclean.leader.election.enable': key('BOOLEAN', 'false', 'MEDIUM', 'cluster-wide', {
    acts: true,
    doc: 'Whether a replica that lacks records may lead when no other is left.',
  }),
} satisfies ConfigTable;

export type TopicConfigName = keyof typeof topicConfigs;

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

export interface BrokerSynonym {
  readonly name: BrokerConfigName;
  /** The synonym's value times this is the value of the topic's key. */
  readonly factor: number;
}

/** In order of precedence. A key that is missing here has no broker setting. */
export const topicConfigSynonyms: { readonly [K in TopicConfigName]?: readonly BrokerSynonym[] } = {
  'cleanup.policy': [{ name: 'log.cleanup.policy', factor: 1 }],
  'compression.gzip.level': [{ name: 'compression.gzip.level', factor: 1 }],
  'compression.lz4.level': [{ name: 'compression.lz4.level', factor: 1 }],
  'compression.type': [{ name: 'compression.type', factor: 1 }],
  'compression.zstd.level': [{ name: 'compression.zstd.level', factor: 1 }],
  'delete.retention.ms': [{ name: 'log.cleaner.delete.retention.ms', factor: 1 }],
  'file.delete.delay.ms': [{ name: 'log.segment.delete.delay.ms', factor: 1 }],
  'flush.messages': [{ name: 'log.flush.interval.messages', factor: 1 }],
  'flush.ms': [
    { name: 'log.flush.interval.ms', factor: 1 },
    { name: 'log.flush.scheduler.interval.ms', factor: 1 },
  ],
  'index.interval.bytes': [{ name: 'log.index.interval.bytes', factor: 1 }],
  'local.retention.bytes': [{ name: 'log.local.retention.bytes', factor: 1 }],
  'local.retention.ms': [{ name: 'log.local.retention.ms', factor: 1 }],
  'max.compaction.lag.ms': [{ name: 'log.cleaner.max.compaction.lag.ms', factor: 1 }],
  'max.message.bytes': [{ name: 'message.max.bytes', factor: 1 }],
  'message.timestamp.after.max.ms': [{ name: 'log.message.timestamp.after.max.ms', factor: 1 }],
  'message.timestamp.before.max.ms': [{ name: 'log.message.timestamp.before.max.ms', factor: 1 }],
  'message.timestamp.type': [{ name: 'log.message.timestamp.type', factor: 1 }],
  'min.cleanable.dirty.ratio': [{ name: 'log.cleaner.min.cleanable.ratio', factor: 1 }],
  'min.compaction.lag.ms': [{ name: 'log.cleaner.min.compaction.lag.ms', factor: 1 }],
  'min.insync.replicas': [{ name: 'min.insync.replicas', factor: 1 }],
  preallocate: [{ name: 'log.preallocate', factor: 1 }],
  'retention.bytes': [{ name: 'log.retention.bytes', factor: 1 }],
  'retention.ms': [
    { name: 'log.retention.ms', factor: 1 },
    { name: 'log.retention.minutes', factor: minuteMs },
    { name: 'log.retention.hours', factor: hourMs },
  ],
  'segment.bytes': [{ name: 'log.segment.bytes', factor: 1 }],
  'segment.index.bytes': [{ name: 'log.index.size.max.bytes', factor: 1 }],
  'segment.jitter.ms': [
    { name: 'log.roll.jitter.ms', factor: 1 },
    { name: 'log.roll.jitter.hours', factor: hourMs },
  ],
  'segment.ms': [
    { name: 'log.roll.ms', factor: 1 },
    { name: 'log.roll.hours', factor: hourMs },
  ],
  'unclean.leader.election.enable': [{ name: 'unclean.leader.election.enable', factor: 1 }],
};
