/**
 * What one partition's log obeys: the topic configs that concern storage, already resolved (topic override, then broker
 * default). `config/` fills it; a log takes a new one whole through `PartitionLog.updateConfig`. Defaults live in `config/`.
 */
export interface LogConfig {
  /** `segment.bytes` */
  readonly segmentBytes: number;
  /** `segment.ms` */
  readonly segmentMs: number;
  /** `segment.jitter.ms` */
  readonly segmentJitterMs: number;
  /** `segment.index.bytes` */
  readonly segmentIndexBytes: number;
  /** `index.interval.bytes` */
  readonly indexIntervalBytes: number;
  /** `max.message.bytes` */
  readonly maxMessageBytes: number;
  /** `compression.type` */
  readonly compressionType: 'producer' | 'uncompressed' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
  /** `compression.gzip.level`, `compression.lz4.level`, `compression.zstd.level` */
  readonly compressionLevels: { readonly gzip: number; readonly lz4: number; readonly zstd: number };
  /** `message.timestamp.type` */
  readonly messageTimestampType: 'CreateTime' | 'LogAppendTime';
  /** `message.timestamp.before.max.ms` */
  readonly messageTimestampBeforeMaxMs: number;
  /** `message.timestamp.after.max.ms` */
  readonly messageTimestampAfterMaxMs: number;
  /** `cleanup.policy` */
  readonly cleanupPolicy: { readonly compact: boolean; readonly delete: boolean };
  /** `flush.messages`: an append that leaves this many records unsynced is synced before it counts as written. */
  readonly flushMessages: number;
  /** `flush.ms`: unsynced records are synced at latest after this time; 0 syncs each write before it counts as written. */
  readonly flushMs: number;
  /** `retention.ms`, -1 for ever */
  readonly retentionMs: number;
  /** `retention.bytes`, -1 without limit */
  readonly retentionBytes: number;
  /** `file.delete.delay.ms` */
  readonly fileDeleteDelayMs: number;
  /** `delete.retention.ms` */
  readonly deleteRetentionMs: number;
  /** `min.compaction.lag.ms` */
  readonly minCompactionLagMs: number;
  /** `max.compaction.lag.ms` */
  readonly maxCompactionLagMs: number;
  /** `min.cleanable.dirty.ratio` */
  readonly minCleanableDirtyRatio: number;
}
