import { describe, expect, test } from 'vitest';
import type { PartitionWriter } from '../../../src/coordinator/partition-writer.ts';
import { CoordinatorPartitions } from '../../../src/replication/coordinator-partitions.ts';
import { FakeTime, Hosted, newBatch, newPartitionState, settle } from './fakes.ts';

const place = { topic: 't', partition: 0 };

function newCoordinatorPartitions(hosted: Hosted): PartitionWriter {
  return new CoordinatorPartitions(hosted.partitions, new FakeTime());
}

describe('a coordinator', () => {
  test('appends at once and hears when it is committed', async () => {
    const hosted = new Hosted();
    const writer = newCoordinatorPartitions(hosted);
    const heard: unknown[] = [];
    const end = writer.watch(place, {
      highWatermarkAdvanced: (highWatermark) => heard.push(highWatermark),
      lostLeadership: () => heard.push('lost'),
    });
    expect(writer.append(place, newBatch(3), 0)).toEqual({ kind: 'appended', firstOffset: 0, lastOffset: 2 });
    expect(writer.offsets(place)).toEqual({ logStartOffset: 0, logEndOffset: 3, highWatermark: 0 });
    await settle();
    hosted.setTopic('t', [newPartitionState({ leader: 2, leaderEpoch: 1, partitionEpoch: 1, replicas: [1, 2] })]);
    expect(heard).toEqual([3, 'lost']);
    expect(writer.offsets(place)).toBeNull();
    end();
  });

  test('of another leader epoch appends nothing', () => {
    const hosted = new Hosted();
    hosted.setTopic('t', [newPartitionState({ leaderEpoch: 2, partitionEpoch: 1 })]);
    const writer = newCoordinatorPartitions(hosted);
    expect(writer.append(place, newBatch(1), 1)).toMatchObject({ kind: 'failed', error: 'NOT_LEADER_OR_FOLLOWER' });
    expect(writer.append({ topic: 'x', partition: 0 }, newBatch(1), 1)).toMatchObject({ kind: 'failed' });
    expect(hosted.log().logEndOffset).toBe(0);
  });

  test('reads what is not committed yet, to load its state', async () => {
    const hosted = new Hosted();
    hosted.log().holdWrites = true;
    const writer = newCoordinatorPartitions(hosted);
    writer.append(place, newBatch(2), 0);
    expect((await writer.read(place, 0, 1)).records.length).toBeGreaterThan(0);
    await expect(writer.read({ topic: 'x', partition: 0 }, 0, 1)).rejects.toMatchObject({
      error: 'UNKNOWN_TOPIC_OR_PARTITION',
    });
  });
});
