import { expect, test } from 'vitest';
import { placeReplicas, type UsableBroker } from '../../../src/controller/replica-placement.ts';

function broker(brokerId: number, rack: string | null = null, fenced = false): UsableBroker {
  return { brokerId, rack, fenced };
}

function place(brokers: readonly UsableBroker[], partitionCount: number, replicationFactor: number, start = 1) {
  const placed = placeReplicas(brokers, { partitionCount, replicationFactor, start });
  if ('error' in placed) throw new Error(placed.message ?? placed.error);
  return placed;
}

function countOf(numbers: readonly number[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const number of numbers) counts[number] = (counts[number] ?? 0) + 1;
  return counts;
}

test.each([1, 2, 3, 42, 99_999])('leaders and replicas are spread evenly, start %i', (start) => {
  const placed = place([broker(1), broker(2), broker(3), broker(4)], 40, 3, start);
  for (const replicas of placed) expect(new Set(replicas).size).toBe(3);
  expect(countOf(placed.map(([leader]) => leader!))).toEqual({ 1: 10, 2: 10, 3: 10, 4: 10 });
  expect(countOf(placed.flat())).toEqual({ 1: 30, 2: 30, 3: 30, 4: 30 });
});

test.each([1, 7, 4242])(
  'the replicas of a partition are in different racks as long as there are some, start %i',
  (start) => {
    const racks: Record<number, string> = { 1: 'a', 2: 'a', 3: 'b', 4: 'b', 5: 'c', 6: 'c' };
    const brokers = Object.entries(racks).map(([id, rack]) => broker(Number(id), rack));
    for (const replicas of place(brokers, 60, 3, start)) {
      expect(new Set(replicas.map((id) => racks[id])).size).toBe(3);
    }
  },
);

test('racks of different size get their turns alike', () => {
  const brokers = [broker(1, 'a'), broker(2, 'b'), broker(3, 'b'), broker(4, 'b')];
  for (const replicas of place(brokers, 20, 2)) expect(replicas).toContain(1);
});

test('a fenced broker never leads, and is taken only where there are too few others', () => {
  const brokers = [broker(1), broker(2), broker(3, null, true)];
  for (const replicas of place(brokers, 20, 2)) expect(replicas).not.toContain(3);
  for (const [leader, ...others] of place(brokers, 20, 3)) {
    expect(leader).not.toBe(3);
    expect(others.at(-1)).toBe(3);
  }
});

test('the same draw gives the same placement', () => {
  const brokers = [broker(1), broker(2), broker(3)];
  expect(place(brokers, 9, 2, 5)).toEqual(place(brokers, 9, 2, 5));
});

test('a lone broker holds everything', () => {
  expect(place([broker(7)], 3, 1)).toEqual([[7], [7], [7]]);
});

test.each([
  [[broker(1)], 0, 'Invalid replication factor 0: the replication factor must be positive.'],
  [[broker(1, null, true)], 1, 'All brokers are currently fenced, or have all their log directories cordoned.'],
  [[broker(1)], 2, 'The target replication factor of 2 cannot be reached because only 1 broker(s) are registered'],
])('what cannot be placed is refused: %j, factor %i', (brokers, replicationFactor, message) => {
  const refused = placeReplicas(brokers, { partitionCount: 1, replicationFactor, start: 0 });
  expect('error' in refused && refused.message).toContain(message);
});
