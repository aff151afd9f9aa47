/** The part of `log/` that replication uses: one replica's files, and the directory that holds them. */
import type { LogDirectory } from '../log/log-directory.ts';
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
  | 'updateConfig'
  | 'logStartOffset'
  | 'logEndOffset'
  | 'writtenEndOffset'
  | 'latestEpoch'
  | 'appendAsLeader'
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

/** Several directories per broker may come later; then this is what joins them. */
export interface ReplicaLogs
  extends Pick<LogDirectory, 'deleteLog' | 'checkpointedHighWatermarks' | 'checkpointHighWatermarks'> {
  log(topic: string, partition: number): ReplicaLog | undefined;
  createLog(options: Parameters<LogDirectory['createLog']>[0]): ReplicaLog;
}
