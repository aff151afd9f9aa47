import { expect, test } from 'vitest';
import { deleteRecordsHandler } from '../../../src/apis/delete-records.ts';
import { decode, encode } from '../../../src/wire/codec.ts';
import { errorName } from '../../../src/wire/errors.ts';
import { deleteRecordsRequest, deleteRecordsResponse } from '../../../src/wire/schema/delete-records.ts';
import { Hosted, settle } from '../replication/fakes.ts';
import { contextOf } from './api-fakes.ts';

test('answers each partition on its own, in every version', async () => {
  for (let version = 0; version <= 2; version++) {
    const hosted = new Hosted();
    await hosted.produce(1, { records: 5 });
    await settle();
    const partitions = [0, 1].map((partitionIndex) => ({ partitionIndex, offset: 2 }));
    const asked = { topics: [{ name: 't', partitions }], timeoutMs: 1000 };
    const request = decode(deleteRecordsRequest, version, encode(deleteRecordsRequest, version, asked));
    const response = await deleteRecordsHandler({ partitions: hosted.partitions }).handle(request, contextOf(version));
    const { topics } = decode(deleteRecordsResponse, version, encode(deleteRecordsResponse, version, response!));
    expect(topics[0]!.partitions.map((each) => [each.lowWatermark, errorName(each.errorCode)])).toEqual([
      [2, 'NONE'],
      [-1, 'UNKNOWN_TOPIC_OR_PARTITION'],
    ]);
  }
});
