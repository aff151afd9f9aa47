/** The part of `log/` that replication uses: one replica's files, and the directory that holds them. */
import type { LogDirectories } from '../log/log-directories.ts';
import type { PartitionLog } from '../log/partition-log.ts';

export type {
  AbortedTransaction,
  ActiveProducer,
  AppendOrigin,
  AppendResult,
  LogReadResult,
  TimestampOffset,
  TopicPartition,
  TransactionGuard,
} from '../log/partition-log.ts';

/** logStartOffset <= writtenEndOffset <= logEndOffset; below `writtenEndOffset` everything survives a kill of the process. */
export type ReplicaLog = Pick<
  PartitionLog,
  | 'topicPartition'
  | 'topicId'
  | 'config'
  | 'offline'
  | 'updateConfig'
  | 'logStartOffset'
  | 'logEndOffset'
  | 'writtenEndOffset'
  | 'latestEpoch'
  | 'appendAsLeader'
  | 'appendAsFollower'
  | 'truncateTo'
  | 'truncateFullyAndStartAt'
  | 'read'
  | 'offsetForTimestamp'
  | 'maxTimestampOffset'
  | 'endOffsetForEpoch'
  | 'epochForOffset'
  | 'assignEpochStartOffset'
  | 'lastStableOffset'
  | 'abortedTransactions'
  | 'activeProducers'
  | 'startTransactionVerification'
  | 'advanceLogStartOffset'
>;

/** The logs of all directories of this broker. */
export interface ReplicaLogs
  extends Pick<
    LogDirectories,
    'deleteLog' | 'checkpointedHighWatermarks' | 'checkpointHighWatermarks' | 'misplacedIn'
  > {
  log(topic: string, partition: number): ReplicaLog | undefined;
  createLog(options: Parameters<LogDirectories['createLog']>[0]): ReplicaLog;
}
