/** Which brokers get the replicas of new partitions. */
import type { ControlFailure } from './control-record.ts';
import { failure } from './control-record.ts';

export interface UsableBroker {
  readonly brokerId: number;
  readonly rack: string | null;
  readonly fenced: boolean;
}

export interface PlacementSpec {
  readonly partitionCount: number;
  readonly replicationFactor: number;
  /** Where the round begins; from a random source, so that first partitions do not all meet on one broker. */
  readonly start: number;
}

/**
 * Goes round the brokers, so that leaders and replicas are spread evenly; fenced brokers come last and never first.
 * Racks are alternated as long as they last: neighbours in the round are in different racks.
 */
export function placeReplicas(
  brokers: readonly UsableBroker[],
  spec: PlacementSpec,
): readonly (readonly number[])[] | ControlFailure {
  const { partitionCount, replicationFactor, start } = spec;
  const usable = alternateRacks(brokers.filter((broker) => !broker.fenced));
  const fenced = alternateRacks(brokers.filter((broker) => broker.fenced));
  if (replicationFactor <= 0) {
    const message = `Invalid replication factor ${replicationFactor}: the replication factor must be positive.`;
    return failure('INVALID_REPLICATION_FACTOR', message);
  }
  if (usable.length === 0) {
    const message = 'All brokers are currently fenced, or have all their log directories cordoned.';
    return failure('INVALID_REPLICATION_FACTOR', message);
  }
  if (replicationFactor > brokers.length) {
    const message =
      `The target replication factor of ${replicationFactor} cannot be reached because only ` +
      `${brokers.length} broker(s) are registered or some brokers have all their log directories cordoned.`;
    return failure('INVALID_REPLICATION_FACTOR', message);
  }
  const placements: number[][] = [];
  for (let partition = 0; partition < partitionCount; partition++) {
    const replicas: number[] = [];
    // Each full round shifts the followers by one, so that a broker's followers are not always the same ones.
    const shift = Math.floor(partition / usable.length) % Math.max(1, usable.length - 1);
    const first = (start + partition) % usable.length;
    replicas.push(usable[first]!);
    for (let i = 1; i < Math.min(replicationFactor, usable.length); i++) {
      replicas.push(usable[(first + 1 + ((shift + i - 1) % (usable.length - 1))) % usable.length]!);
    }
    for (let i = 0; replicas.length < replicationFactor; i++) {
      replicas.push(fenced[(start + partition + i) % fenced.length]!);
    }
    placements.push(replicas);
  }
  return placements;
}

function alternateRacks(brokers: readonly UsableBroker[]): number[] {
  const racks = new Map<string | null, number[]>();
  for (const { brokerId, rack } of brokers) {
    const members = racks.get(rack);
    if (members === undefined) racks.set(rack, [brokerId]);
    else members.push(brokerId);
  }
  const order: number[] = [];
  for (let i = 0; order.length < brokers.length; i++) {
    for (const members of racks.values()) if (i < members.length) order.push(members[i]!);
  }
  return order;
}
