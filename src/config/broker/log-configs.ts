/** Logs on disk: where they are, how they roll, flush, retain and compact; producer state. Alphabetical; see `../config-key.ts` for what a row says. */
import { type ConfigTable, key } from '../config-key.ts';

export const logConfigs = {
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
  'compression.type': key('STRING', 'producer', 'HIGH', 'cluster-wide', {
    valid: '[uncompressed, zstd, lz4, snappy, gzip, producer]',
    acts: true,
    doc: 'Compression of stored batches; producer keeps what the producer chose.',
  }),
  'compression.zstd.level': key('INT', '3', 'MEDIUM', 'cluster-wide', {
    valid: '[-131072,...,22]',
    acts: true,
    doc: 'Level of zstd where the broker compresses.',
  }),
  'cordoned.log.dirs': key('LIST', '', 'MEDIUM', 'per-broker', {
    acts: true,
    doc: 'Log directories that get no new replicas.',
  }),
  'delete.records.purgatory.purge.interval.requests': key('INT', '1', 'MEDIUM', 'read-only'),
  'log.cleaner.backoff.ms': key('LONG', '15000', 'MEDIUM', 'cluster-wide', {
    valid: '[0,...]',
    acts: true,
    doc: 'Pause when there is nothing to compact.',
  }),
  'log.cleaner.dedupe.buffer.size': key('LONG', '134217728', 'MEDIUM', 'cluster-wide', {
    acts: true,
    doc: 'Memory for the map of keys while a log is compacted.',
  }),
  'log.cleaner.delete.retention.ms': key('LONG', '86400000', 'MEDIUM', 'cluster-wide', {
    valid: '[0,...]',
    acts: true,
    doc: 'How long a tombstone stays after compaction.',
  }),
  'log.cleaner.enable': key('BOOLEAN', 'true', 'MEDIUM', 'read-only', { acts: true, doc: 'Whether compaction runs.' }),
  'log.cleaner.io.buffer.load.factor': key('DOUBLE', '0.9', 'MEDIUM', 'cluster-wide', {
    acts: true,
    doc: 'How full the map of keys may get.',
  }),
  'log.cleaner.io.buffer.size': key('INT', '524288', 'MEDIUM', 'cluster-wide', {
    valid: '[0,...]',
    acts: true,
    doc: 'Buffers for reading and writing while a log is compacted.',
  }),
  'log.cleaner.io.max.bytes.per.second': key('DOUBLE', '1.7976931348623157E308', 'MEDIUM', 'cluster-wide', {
    acts: true,
    doc: 'Most bytes a second that compaction reads and writes.',
  }),
  'log.cleaner.max.compaction.lag.ms': key('LONG', '9223372036854775807', 'MEDIUM', 'cluster-wide', {
    valid: '[1,...]',
    acts: true,
    doc: 'A record older than this is due for compaction.',
  }),
  'log.cleaner.min.cleanable.ratio': key('DOUBLE', '0.5', 'MEDIUM', 'cluster-wide', {
    valid: '[0,...,1]',
    acts: true,
    doc: 'Share of uncompacted bytes from which a log is compacted.',
  }),
  'log.cleaner.min.compaction.lag.ms': key('LONG', '0', 'MEDIUM', 'cluster-wide', {
    valid: '[0,...]',
    acts: true,
    doc: 'A record younger than this is not compacted.',
  }),
  'log.cleaner.threads': key('INT', '1', 'MEDIUM', 'cluster-wide', {
    valid: '[0,...]',
    doc: 'Cleaner threads; Ottla compacts one log at a time.',
  }),
  'log.cleanup.policy': key('LIST', 'delete', 'MEDIUM', 'cluster-wide', {
    valid: '[compact, delete]',
    acts: true,
    doc: 'What happens to old segments: delete them, compact them, or both.',
  }),
  'log.dir': key('LIST', '/tmp/kafka-logs', 'HIGH', 'read-only', {
    acts: true,
    doc: 'Directory of the logs, where log.dirs is not set.',
  }),
  'log.dir.failure.timeout.ms': key('LONG', '30000', 'LOW', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'A broker that cannot report a failed log directory for this long stops.',
  }),
  'log.dirs': key('LIST', null, 'HIGH', 'read-only', { acts: true, doc: 'Directories of the logs.' }),
  'log.flush.interval.messages': key('LONG', '9223372036854775807', 'HIGH', 'cluster-wide', {
    valid: '[1,...]',
    acts: true,
    doc: 'Records after which a log is forced to disk.',
  }),
  'log.flush.interval.ms': key('LONG', null, 'HIGH', 'cluster-wide', {
    acts: true,
    doc: 'Time after which a log is forced to disk.',
  }),
  'log.flush.offset.checkpoint.interval.ms': key('INT', '60000', 'HIGH', 'read-only', {
    valid: '[0,...]',
    acts: true,
    doc: 'Time between writes of the recovery point checkpoint.',
  }),
  'log.flush.scheduler.interval.ms': key('LONG', '9223372036854775807', 'HIGH', 'read-only', {
    acts: true,
    doc: 'Time between looks for logs to force to disk; the default of log.flush.interval.ms.',
  }),
  'log.flush.start.offset.checkpoint.interval.ms': key('INT', '60000', 'HIGH', 'read-only', {
    valid: '[0,...]',
    acts: true,
    doc: 'Time between writes of the log start offset checkpoint.',
  }),
  'log.index.interval.bytes': key('INT', '4096', 'MEDIUM', 'cluster-wide', {
    valid: '[0,...]',
    acts: true,
    doc: 'Bytes of records between two index entries.',
  }),
  'log.index.size.max.bytes': key('INT', '10485760', 'MEDIUM', 'cluster-wide', {
    valid: '[4,...]',
    acts: true,
    doc: 'Largest size of an index file.',
  }),
  'log.initial.task.delay.ms': key('LONG', '30000', 'LOW', 'read-only', {
    valid: '[0,...]',
    internal: true,
    acts: true,
    doc: 'Delay of the first retention, flush and checkpoint run after start.',
  }),
  'log.local.retention.bytes': key('LONG', '-2', 'MEDIUM', 'cluster-wide', { valid: '[-2,...]' }),
  'log.local.retention.ms': key('LONG', '-2', 'MEDIUM', 'cluster-wide', { valid: '[-2,...]' }),
  'log.message.timestamp.after.max.ms': key('LONG', '3600000', 'MEDIUM', 'cluster-wide', {
    valid: '[0,...]',
    acts: true,
    doc: 'How far ahead of the clock the timestamp of a record may be.',
  }),
  'log.message.timestamp.before.max.ms': key('LONG', '9223372036854775807', 'MEDIUM', 'cluster-wide', {
    valid: '[0,...]',
    acts: true,
    doc: 'How far behind the clock the timestamp of a record may be.',
  }),
  'log.message.timestamp.type': key('STRING', 'CreateTime', 'MEDIUM', 'cluster-wide', {
    valid: '[CreateTime, LogAppendTime]',
    acts: true,
    doc: 'Whether a record keeps the time of its producer or gets that of the broker.',
  }),
  'log.preallocate': key('BOOLEAN', 'false', 'MEDIUM', 'cluster-wide', {
    doc: 'Whether segment files are allocated in full when they are made.',
  }),
  'log.retention.bytes': key('LONG', '-1', 'HIGH', 'cluster-wide', {
    acts: true,
    doc: 'Size of a partition above which old segments are deleted; -1 is no limit.',
  }),
  'log.retention.check.interval.ms': key('LONG', '300000', 'MEDIUM', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Time between searches for segments to delete.',
  }),
  'log.retention.hours': key('INT', '168', 'HIGH', 'read-only', { acts: true, doc: 'As log.retention.ms, in hours.' }),
  'log.retention.minutes': key('INT', null, 'HIGH', 'read-only', {
    acts: true,
    doc: 'As log.retention.ms, in minutes.',
  }),
  'log.retention.ms': key('LONG', null, 'HIGH', 'cluster-wide', {
    acts: true,
    doc: 'How long records are kept before their segment is deleted; -1 keeps them.',
  }),
  'log.roll.hours': key('INT', '168', 'HIGH', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'As log.roll.ms, in hours.',
  }),
  'log.roll.jitter.hours': key('INT', '0', 'HIGH', 'read-only', {
    valid: '[0,...]',
    acts: true,
    doc: 'As log.roll.jitter.ms, in hours.',
  }),
  'log.roll.jitter.ms': key('LONG', null, 'HIGH', 'cluster-wide', {
    acts: true,
    doc: 'Random time by which segments are closed earlier, so that they do not all roll at once.',
  }),
  'log.roll.ms': key('LONG', null, 'HIGH', 'cluster-wide', {
    acts: true,
    doc: 'A segment older than this is closed even when it is not full.',
  }),
  'log.segment.bytes': key('INT', '1073741824', 'HIGH', 'cluster-wide', {
    valid: '[1048576,...]',
    acts: true,
    doc: 'Size of a log segment file.',
  }),
  'log.segment.delete.delay.ms': key('LONG', '60000', 'HIGH', 'cluster-wide', {
    valid: '[0,...]',
    acts: true,
    doc: 'Time between the removal of a segment and the deletion of its files.',
  }),
  'message.max.bytes': key('INT', '1048588', 'HIGH', 'cluster-wide', {
    valid: '[0,...]',
    acts: true,
    doc: 'Largest record batch that is accepted, after compression.',
  }),
  'num.recovery.threads.per.data.dir': key('INT', '2', 'HIGH', 'cluster-wide', {
    valid: '[1,...]',
    doc: 'Threads that load logs; Ottla loads them in one.',
  }),
  'producer.id.expiration.check.interval.ms': key('INT', '600000', 'LOW', 'read-only', {
    valid: '[1,...]',
    internal: true,
    acts: true,
    doc: 'Time between searches for producers to forget.',
  }),
  'producer.id.expiration.ms': key('INT', '86400000', 'LOW', 'cluster-wide', {
    valid: '[1,...]',
    acts: true,
    doc: 'A producer that wrote nothing for this long is forgotten by a partition.',
  }),
} satisfies ConfigTable;
