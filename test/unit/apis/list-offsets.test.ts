import { describe, expect, test } from 'vitest';
import { listOffsetsHandler } from '../../../src/apis/list-offsets.ts';
import { decode, encode } from '../../../src/wire/codec.ts';
import { errorName } from '../../../src/wire/errors.ts';
import {
  type ListOffsetsRequest,
  listOffsetsRequest,
  listOffsetsResponse,
} from '../../../src/wire/schema/list-offsets.ts';
import { Hosted, newPartitionState, settle } from '../replication/fakes.ts';
import { contextOf } from './api-fakes.ts';

async function list(hosted: Hosted, version: number, timestamps: readonly number[], partitionIndexes = [0, 1, 2]) {
  const partitions = timestamps.map((timestamp, index) => ({ partitionIndex: partitionIndexes[index]!, timestamp }));
  const asked = { replicaId: -1, topics: [{ name: 't', partitions }] };
  const request: ListOffsetsRequest = decode(listOffsetsRequest, version, encode(listOffsetsRequest, version, asked));
  const response = await listOffsetsHandler({ partitions: hosted.partitions }).handle(request, contextOf(version));
  const { topics } = decode(listOffsetsResponse, version, encode(listOffsetsResponse, version, response!));
  return topics[0]!.partitions.map((each) => [errorName(each.errorCode), each.offset, each.leaderEpoch]);
}

describe('ListOffsets', () => {
  test('answers in every version, with leader epochs from v4 on', async () => {
    const hosted = new Hosted();
    await hosted.produce(1, { records: 3 });
    await settle();
    for (let version = 1; version <= 11; version++) {
      expect(await list(hosted, version, [-1])).toEqual([['NONE', 3, version >= 4 ? 0 : -1]]);
      expect(await list(hosted, version, [-2])).toEqual([['NONE', 0, version >= 4 ? 0 : -1]]);
    }
  });

  test('knows each special time from its own version on', async () => {
    const hosted = new Hosted();
    for (const [timestamp, first] of [
      [-3, 7],
      [-4, 8],
      [-5, 9],
      [-6, 11],
      [-7, 99],
    ] as const) {
      for (let version = 1; version <= 11; version++) {
        const [[error]] = (await list(hosted, version, [timestamp])) as [[string]];
        expect(`${timestamp} v${version} ${error}`).toBe(
          `${timestamp} v${version} ${version >= first ? 'NONE' : 'UNSUPPORTED_VERSION'}`,
        );
      }
    }
  });

  test('refuses a partition that is asked for twice, and says so once', async () => {
    expect(await list(new Hosted(), 11, [-1, -2], [0, 0])).toEqual([['INVALID_REQUEST', -1, -1]]);
  });

  test('says LEADER_NOT_AVAILABLE to clients that do not know OFFSET_NOT_AVAILABLE (KIP-207)', async () => {
    const hosted = new Hosted();
    const two = { isr: [1, 2], replicas: [1, 2] };
    hosted.setTopic('t', [newPartitionState({ ...two, partitionEpoch: 1 })]);
    await hosted.produce(1);
    hosted.setTopic('t', [newPartitionState({ ...two, leaderEpoch: 1, partitionEpoch: 2 })]);
    expect(await list(hosted, 4, [-1])).toEqual([['LEADER_NOT_AVAILABLE', -1, -1]]);
    expect(await list(hosted, 5, [-1])).toEqual([['OFFSET_NOT_AVAILABLE', -1, -1]]);
  });
});
