import { describe, expect, test } from 'vitest';
import { type ProduceServices, produceHandler } from '../../../src/apis/produce.ts';
import { ZERO_UUID } from '../../../src/base/uuid.ts';
import { decode, encode } from '../../../src/wire/codec.ts';
import { errorName } from '../../../src/wire/errors.ts';
import { type ProduceRequest, produceResponse } from '../../../src/wire/schema/produce.ts';
import { Hosted, newBatch, newPartitionState, outcome, topicId } from '../replication/fakes.ts';
import { broker, contextOf, noQuotas, partition, topic, view } from './api-fakes.ts';

const metadata = view([broker(1), broker(2)], [topic('t', topicId, [partition({ leader: 2, leaderEpoch: 4 })])]);

/** Nothing is transactional here; produce-cases.test.ts has what is. */
const verification: ProduceServices['verification'] = { verify: (_transactionalId, _version, entries) => entries };

function newRequest(acks: number, name: string, id: string, records: Buffer | null = newBatch(1)): ProduceRequest {
  const partitionData = [{ index: 0, records }];
  return { transactionalId: null, acks, timeoutMs: 1000, topicData: [{ name, topicId: id, partitionData }] };
}

async function answer(hosted: Hosted, request: ProduceRequest, version: number) {
  const handler = produceHandler({ partitions: hosted.partitions, metadata, verification, quotas: noQuotas });
  const response = await handler.handle(request, contextOf(version));
  return decode(produceResponse, version, encode(produceResponse, version, response!));
}

describe('Produce', () => {
  test('by topic id finds the topic, and answers by id (KIP-516)', async () => {
    const hosted = new Hosted();
    const known = await answer(hosted, newRequest(-1, '', topicId), 13);
    expect(known.responses).toMatchObject([{ topicId, partitionResponses: [{ errorCode: 0, baseOffset: 0 }] }]);
    const unknown = await answer(hosted, newRequest(-1, '', 'BbCdEfGhIjKlMnOpQrStUg'), 13);
    expect(errorName(unknown.responses[0]!.partitionResponses[0]!.errorCode)).toBe('UNKNOWN_TOPIC_ID');
  });

  test('tells the new leader and its endpoint from v10 on (KIP-951)', async () => {
    const hosted = new Hosted();
    hosted.setTopic('t', [newPartitionState({ leader: 2, leaderEpoch: 4, partitionEpoch: 1, replicas: [1, 2] })]);
    const told = await answer(hosted, newRequest(1, 't', ZERO_UUID), 10);
    expect(errorName(told.responses[0]!.partitionResponses[0]!.errorCode)).toBe('NOT_LEADER_OR_FOLLOWER');
    expect(told.responses[0]!.partitionResponses[0]!.currentLeader).toMatchObject({ leaderId: 2, leaderEpoch: 4 });
    expect(told.nodeEndpoints).toMatchObject([{ nodeId: 2, host: 'broker2', port: 9092 }]);
    const untold = await answer(hosted, newRequest(1, 't', ZERO_UUID), 9);
    expect(untold.responses[0]!.partitionResponses[0]!.currentLeader.leaderId).toBe(-1);
  });

  test('appends in the order of arrival before anything is waited for', async () => {
    const hosted = new Hosted();
    hosted.log().holdWrites = true;
    const handler = produceHandler({ partitions: hosted.partitions, metadata, verification, quotas: noQuotas });
    const first = handler.handle(newRequest(-1, 't', ZERO_UUID), contextOf(12));
    const second = handler.handle(newRequest(-1, 't', ZERO_UUID), contextOf(12));
    expect(hosted.log().logEndOffset).toBe(2);
    expect(await outcome(first)).toBe('waiting');
    hosted.log().finishWrites();
    const offsetOf = async (response: typeof first) =>
      (await response)!.responses![0]!.partitionResponses![0]!.baseOffset;
    expect([await offsetOf(first), await offsetOf(second)]).toEqual([0, 1]);
  });

  test('acks=0 has no response, and an error ends the connection', () => {
    const hosted = new Hosted();
    const handler = produceHandler({ partitions: hosted.partitions, metadata, verification, quotas: noQuotas });
    expect(handler.handle(newRequest(0, 't', ZERO_UUID), contextOf(12))).toBeNull();
    const bad = newRequest(0, 'nowhere', ZERO_UUID);
    expect(() => handler.handle(bad, contextOf(12))).toThrow('UNKNOWN_TOPIC_OR_PARTITION');
    expect(handler.failed(bad, 'UNKNOWN_TOPIC_OR_PARTITION', null, contextOf(12))).toBeNull();
    expect(() => handler.handle(newRequest(0, '', ZERO_UUID), contextOf(13))).toThrow('UNKNOWN_TOPIC_ID');
  });

  test('is announced from version 0 on, because old librdkafka looks there', () => {
    const handler = produceHandler({ partitions: new Hosted().partitions, metadata, verification, quotas: noQuotas });
    expect(handler.advertised).toEqual({ min: 0, max: 13 });
  });
});
