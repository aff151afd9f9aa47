/** What a coordinator's shards have done since the start, all together: plain numbers that only grow, for whoever shows them. */
export class CoordinatorCounters {
  /** Partitions that were loaded, and the time it took them all together. */
  loadedPartitions = 0;
  failedLoads = 0;
  loadMs = 0;
  loadMsMax = 0;
  commands = 0;
  /** Requests refused because a shard's queue was full. */
  refusedCommands = 0;
  writtenBatches = 0;
  writtenRecords = 0;
  failedWrites = 0;
  /** Writes whose answer was that they were not committed in time. */
  timedOutWrites = 0;
}
