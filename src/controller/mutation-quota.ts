/** What the client may still change, in partitions (KIP-599); not part of the state, and asked while a command is decided. */
export interface MutationQuota {
  /** False: the quota is exceeded, and this must not be done. */
  take(partitionCount: number): boolean;
}
