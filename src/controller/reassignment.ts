/**
 * A reassignment while it is under way, as three lists of brokers:
 *
 *     replicas            all that hold the partition now or shall: the target first, then those that leave
 *     addingReplicas      those of them that are new; they catch up first
 *     removingReplicas    those of them that leave once the target is in sync
 */
import type { PartitionImage } from '../metadata/metadata-image.ts';

export interface Reassignment {
  readonly replicas: readonly number[];
  readonly addingReplicas: readonly number[];
  readonly removingReplicas: readonly number[];
}

export function newReassignment(current: readonly number[], target: readonly number[]): Reassignment {
  const ascending = (a: number, b: number): number => a - b;
  const removingReplicas = current.filter((replica) => !target.includes(replica)).sort(ascending);
  const addingReplicas = target.filter((replica) => !current.includes(replica)).sort(ascending);
  return { replicas: [...target, ...removingReplicas], addingReplicas, removingReplicas };
}

export function isReassigning({
  addingReplicas,
  removingReplicas,
}: Pick<Reassignment, 'addingReplicas' | 'removingReplicas'>): boolean {
  return addingReplicas.length > 0 || removingReplicas.length > 0;
}

/** What the partition is when all of the target is in sync; null while it is not, or when nothing is under way. */
export function completedReassignment(
  reassignment: Reassignment,
  isr: readonly number[],
): { readonly replicas: readonly number[]; readonly isr: readonly number[] } | null {
  if (!isReassigning(reassignment)) return null;
  const stays = (replica: number): boolean => !reassignment.removingReplicas.includes(replica);
  const replicas = reassignment.replicas.filter(stays);
  const remaining = isr.filter(stays);
  if (replicas.length === 0 || remaining.length === 0) return null;
  return replicas.every((replica) => remaining.includes(replica)) ? { replicas, isr: remaining } : null;
}

/**
 * What the partition goes back to when the reassignment is cancelled. `unclean`: only new replicas are in sync, so that the
 * one that is kept in sync instead may lack acknowledged records.
 */
export function revertedReassignment(partition: PartitionImage): {
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  readonly unclean: boolean;
} {
  const isOld = (replica: number): boolean => !partition.addingReplicas.includes(replica);
  const replicas = partition.replicas.filter(isOld);
  const isr = partition.isr.filter(isOld);
  return isr.length > 0 ? { replicas, isr, unclean: false } : { replicas, isr: replicas.slice(0, 1), unclean: true };
}
