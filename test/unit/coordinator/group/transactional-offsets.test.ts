// Offsets in transactions through the group coordinator's service: written as the producer's, decided by its marker.
import { describe, expect, test } from 'vitest';
import {
  attributes,
  baseSequence,
  isControl,
  isTransactional,
  producerEpoch,
  producerId,
} from '../../../../src/wire/records/record-batch.ts';
import { MemoryPartitions, settle } from '../support.ts';
import { ServiceFixture } from './service-fixture.ts';

const T = 'abcdefghijklmnopqrstuA';

async function ready(log = new MemoryPartitions(), leaderEpoch = 0) {
  const fixture = new ServiceFixture({ log });
  await fixture.service.load(0, leaderEpoch);
  return fixture;
}

async function commit(fixture: ServiceFixture, committedOffset: number, input: object = {}, producer = 7) {
  const partitions = [{ partition: 0, committedOffset, committedLeaderEpoch: -1, metadata: null }];
  const { error, topics } = await fixture.service.commitTransactionalOffsets({
    groupId: 'g',
    producerId: producer,
    producerEpoch: 0,
    generationId: -1,
    memberId: '',
    groupInstanceId: null,
    topics: [{ name: 't', topicId: T, partitions }],
    ...input,
  });
  return error === 'NONE' ? topics[0]!.partitions[0]!.error : error;
}

const end = (fixture: ServiceFixture, committed: boolean, producer = 7) =>
  fixture.service.endTransaction(0, { producerId: producer, producerEpoch: 1, coordinatorEpoch: 3, committed });

/** 'offsets 7/0 seq 0', 'marker 7/1', 'plain'. */
const batchesOf = (log: MemoryPartitions) =>
  log.batches.map((batch) => {
    const who = `${producerId(batch, 0)}/${producerEpoch(batch, 0)}`;
    if (isControl(attributes(batch, 0))) return `marker ${who}`;
    return isTransactional(attributes(batch, 0)) ? `offsets ${who} seq ${baseSequence(batch, 0)}` : 'plain';
  });

describe('offsets in a transaction', () => {
  test('count when its marker says so', async () => {
    const fixture = await ready();
    expect(await commit(fixture, 5)).toBe('NONE');
    expect(await fixture.committed()).toBe('');
    expect(await end(fixture, true)).toBe('NONE');
    expect(await fixture.committed()).toBe('t-0:5');
    expect(batchesOf(fixture.log)).toEqual(['offsets 7/0 seq 0', 'marker 7/1']);
  });

  test('are nothing when it is aborted', async () => {
    const fixture = await ready();
    await fixture.commit(3);
    await commit(fixture, 5);
    await end(fixture, false);
    expect(await fixture.committed('g', true)).toBe('t-0:3');
  });

  test('of each producer, and plain ones, are batches of their own', async () => {
    const fixture = await ready();
    await Promise.all([
      fixture.commit(1),
      commit(fixture, 2),
      commit(fixture, 3),
      commit(fixture, 4, {}, 8),
      fixture.commit(5),
    ]);
    expect(batchesOf(fixture.log)).toEqual(['plain', 'offsets 7/0 seq 0', 'offsets 8/0 seq 0', 'plain']);
    await Promise.all([end(fixture, true, 7), end(fixture, false, 8)]);
    // The younger ordinary commit stays.
    expect(await fixture.committed()).toBe('t-0:5');
  });

  test('are as they were after the next coordinator has loaded them', async () => {
    const fixture = await ready();
    await commit(fixture, 5);
    await commit(fixture, 6, {}, 8);
    await end(fixture, true);
    fixture.service.close();
    const after = await ready(fixture.log, 1);
    expect(await after.committed()).toBe('t-0:5');
    expect(await after.committed('g', true)).not.toBe('t-0:5');
    await end(after, true, 8);
    expect(await after.committed('g', true)).toBe('t-0:6');
  });

  test('whose write fails leave nothing, and their marker is told the error', async () => {
    const fixture = await ready();
    fixture.log.failWith = 'NOT_ENOUGH_REPLICAS';
    expect(await commit(fixture, 5)).toBe('COORDINATOR_NOT_AVAILABLE');
    expect(await end(fixture, true)).toBe('NOT_ENOUGH_REPLICAS');
    fixture.log.failWith = null;
    expect(await end(fixture, true)).toBe('NONE');
    expect(await fixture.committed()).toBe('');
  });

  test('wait for the high watermark, as their marker does', async () => {
    const fixture = await ready();
    fixture.log.commitsAtOnce = false;
    let answered = 0;
    const answers = [commit(fixture, 5), end(fixture, true)].map((each) => each.then(() => answered++));
    await settle();
    expect(answered).toBe(0);
    fixture.log.commit();
    await Promise.all(answers);
    expect(await fixture.committed()).toBe('t-0:5');
  });

  test('a marker for another broker is NOT_COORDINATOR', async () => {
    expect(await end(new ServiceFixture(), true)).toBe('NOT_COORDINATOR');
  });
});

describe('who may commit in a transaction (KIP-447)', () => {
  test('nobody in particular, or a member of the generation, also while the group rebalances', async () => {
    const fixture = await ready();
    expect(await commit(fixture, 1, { generationId: 1 })).toBe('ILLEGAL_GENERATION');
    const joining = fixture.join();
    await fixture.time.pass(0);
    const joined = await joining;
    expect(joined.error).toBe('NONE');
    const { memberId, generationId } = joined;
    // The assignment is awaited: an ordinary commit is REBALANCE_IN_PROGRESS now.
    expect(await commit(fixture, 1, { memberId, generationId })).toBe('NONE');
    expect(await commit(fixture, 1)).toBe('NONE');
    expect(await commit(fixture, 1, { memberId, generationId: generationId + 1 })).toBe('ILLEGAL_GENERATION');
    expect(await commit(fixture, 1, { memberId: 'other', generationId })).toBe('UNKNOWN_MEMBER_ID');
    expect(await commit(fixture, 1, { groupId: '' })).toBe('INVALID_GROUP_ID');
    expect(await commit(fixture, 2 ** 53)).toBe('INVALID_COMMIT_OFFSET_SIZE');
  });
});
