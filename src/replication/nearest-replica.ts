/**
 * Sends a consumer to the replica in its own rack (KIP-392, Kafka's RackAwareReplicaSelector): in sync, and with the offset
 * that it wants. Where the leader is in its rack, or no such replica is, the leader serves it.
 */
import type { Offset } from '../base/flavor.ts';
import type { Partition } from './partition.ts';

export interface NearestReplicaQuery {
  /** Of the consumer. */
  readonly rack: string;
  readonly fetchOffset: Offset;
  /** Null for a broker without a rack, or one that this consumer cannot reach. */
  readonly rackOf: (brokerId: number) => string | null;
}

/** Null: the leader. */
export function nearestReplica(partition: Partition, query: NearestReplicaQuery): number | null {
  const { rack, fetchOffset, rackOf } = query;
  if (!partition.isLeader || rackOf(partition.state.leader) === rack) return null;
  let nearest: { readonly replica: number; readonly logEndOffset: Offset } | null = null;
  for (const replica of partition.state.isr) {
    const follower = partition.follower(replica);
    if (follower === undefined || rackOf(replica) !== rack) continue;
    const { logStartOffset, logEndOffset } = follower;
    if (logEndOffset < fetchOffset || logStartOffset > fetchOffset) continue;
    if (nearest === null || logEndOffset > nearest.logEndOffset) nearest = { replica, logEndOffset };
  }
  return nearest?.replica ?? null;
}
