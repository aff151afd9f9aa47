import { expect, test } from 'vitest';
import { offsetForLeaderEpochHandler } from '../../../src/apis/offset-for-leader-epoch.ts';
import { decode, encode } from '../../../src/wire/codec.ts';
import { errorName } from '../../../src/wire/errors.ts';
import {
  offsetForLeaderEpochRequest,
  offsetForLeaderEpochResponse,
} from '../../../src/wire/schema/offset-for-leader-epoch.ts';
import { Hosted, newPartitionState, settle } from '../replication/fakes.ts';
import { contextOf } from './api-fakes.ts';

test('tells where an epoch ended, in every version (KIP-320)', async () => {
  for (let version = 2; version <= 4; version++) {
    const hosted = new Hosted();
    await hosted.produce(1, { records: 2 });
    await settle();
    hosted.setTopic('t', [newPartitionState({ leaderEpoch: 1, partitionEpoch: 1 })]);
    const partitions = [0, 5].map((partition) => ({ partition, currentLeaderEpoch: 1, leaderEpoch: 0 }));
    const asked = { topics: [{ topic: 't', partitions }] };
    const request = decode(offsetForLeaderEpochRequest, version, encode(offsetForLeaderEpochRequest, version, asked));
    const handler = offsetForLeaderEpochHandler({ partitions: hosted.partitions });
    const response = await handler.handle(request, contextOf(version));
    const bytes = encode(offsetForLeaderEpochResponse, version, response!);
    const [told] = decode(offsetForLeaderEpochResponse, version, bytes).topics;
    expect(told!.partitions.map((each) => [errorName(each.errorCode), each.leaderEpoch, each.endOffset])).toEqual([
      ['NONE', 0, 2],
      ['UNKNOWN_TOPIC_OR_PARTITION', -1, -1],
    ]);
  }
});
