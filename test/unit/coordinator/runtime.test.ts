import { describe, expect, test } from 'vitest';
import { ZERO_UUID } from '../../../src/base/uuid.ts';
import { groupRecordCodec, newOffsetCommitRecord } from '../../../src/coordinator/group/group-records.ts';
import { partitionForKey } from '../../../src/coordinator/partition-for-key.ts';
import { buildEndTransactionBatch } from '../../../src/wire/records/control-batch.ts';
import { buildBatch, readRecords } from '../../../src/wire/records/records.ts';
import { ServiceFixture } from './group/service-fixture.ts';
import { settle } from './support.ts';

/** Notes what a promise came to, without waiting for it. */
function watch<T>(promise: Promise<T>): { value: T | undefined } {
  const seen: { value: T | undefined } = { value: undefined };
  void promise.then((value) => {
    seen.value = value;
  });
  return seen;
}

test('the partition of a key is what Java makes of its hash', () => {
  // String.hashCode: "abc" 96354, "polygenelubricants" Integer.MIN_VALUE, "ünï" with units beyond ASCII.
  expect(partitionForKey('abc', 50)).toBe(96354 % 50);
  expect(partitionForKey('polygenelubricants', 50)).toBe(0);
  expect(partitionForKey('', 50)).toBe(0);
});

describe('serving', () => {
  test('a partition that is not led here has no coordinator', async () => {
    const f = new ServiceFixture();
    expect((await f.commit(1)).error).toBe('NOT_COORDINATOR');
    expect(await f.committed()).toBe('NOT_COORDINATOR');
    expect(await f.heartbeat('m', 1)).toBe('NOT_COORDINATOR');
    expect(await f.service.listGroups([], [])).toEqual({ error: 'NONE', groups: [] });
  });

  test('while the log is read, requests are told to wait and heartbeats are taken to be fine', async () => {
    const before = new ServiceFixture();
    await before.service.load(0, 1);
    await before.commit(1);
    let open = () => {};
    before.log.gate = new Promise((resolve) => {
      open = resolve;
    });
    const f = new ServiceFixture({ log: before.log });
    const loaded = f.service.load(0, 2);
    expect((await f.commit(2)).error).toBe('COORDINATOR_LOAD_IN_PROGRESS');
    expect(await f.committed()).toBe('COORDINATOR_LOAD_IN_PROGRESS');
    expect((await f.service.listGroups([], [])).error).toBe('COORDINATOR_LOAD_IN_PROGRESS');
    expect(await f.heartbeat('m', 1)).toBe('NONE');
    open();
    await loaded;
    expect(await f.committed()).toBe('t-0:1');
  });

  test('an answer waits for the high watermark, and reads see nothing before it', async () => {
    const f = new ServiceFixture();
    await f.service.load(0, 1);
    f.log.commitsAtOnce = false;
    const answer = watch(f.commit(1));
    const stable = watch(f.committed('g', true));
    await settle();
    expect(f.log.logEndOffset).toBe(1);
    expect(answer.value).toBeUndefined();
    expect(await f.committed()).toBe('');
    expect(await f.state()).toBe('GROUP_ID_NOT_FOUND');
    expect(stable.value).toBeUndefined();
    f.log.commit();
    await settle();
    expect(answer.value?.error).toBe('NONE');
    expect(stable.value).toBe('t-0:1');
    expect(await f.committed()).toBe('t-0:1');
  });

  test('commands that come together share a batch', async () => {
    const f = new ServiceFixture();
    await f.service.load(0, 1);
    await Promise.all([f.commit(1), f.commit(2), f.commit(3)]);
    expect(f.log.batches.length).toBe(1);
    expect(f.log.logEndOffset).toBe(3);
    expect(await f.committed()).toBe('t-0:3');
  });

  test('a batch is no larger than the topic takes', async () => {
    const f = new ServiceFixture();
    await f.service.load(0, 1);
    f.log.sizeMax = 200;
    await Promise.all([f.commit(1), f.commit(2)]);
    expect(f.log.batches.length).toBe(2);
    f.log.sizeMax = 70;
    expect((await f.commit(3)).error).toBe('UNKNOWN_SERVER_ERROR');
    expect(await f.committed()).toBe('t-0:2');
  });

  test('a write that is not committed in time fails, and may still be committed later', async () => {
    const f = new ServiceFixture();
    await f.service.load(0, 1);
    f.log.commitsAtOnce = false;
    const answer = watch(f.commit(1));
    await f.time.pass(4999);
    expect(answer.value).toBeUndefined();
    await f.time.pass(1);
    expect(answer.value?.error).toBe('COORDINATOR_NOT_AVAILABLE');
    f.log.commit();
    await settle();
    expect(await f.committed()).toBe('t-0:1');
  });

  test('a full queue refuses requests', async () => {
    const f = new ServiceFixture({ queueCountMax: 2 });
    await f.service.load(0, 1);
    const answers = await Promise.all([f.commit(1), f.commit(2), f.commit(3)]);
    expect(answers.map((answer) => answer.error)).toEqual(['NONE', 'NONE', 'COORDINATOR_NOT_AVAILABLE']);
  });
});

describe('write batching (group.coordinator.append.linger.ms)', () => {
  test.each([
    ['-1: what is there at once goes in one batch', -1, [2, 1]],
    ['0: each request by itself', 0, [1, 1, 1]],
  ])('%s', async (_name, appendLingerMs, sizes) => {
    const f = new ServiceFixture({ appendLingerMs });
    await f.service.load(0, 1);
    await Promise.all([f.commit(1), f.commit(2)]);
    await f.commit(3);
    expect(f.log.batches.map((batch) => readRecords(batch).length)).toEqual(sizes);
  });

  test('5: what comes within that time of the first, and answers wait for it', async () => {
    const f = new ServiceFixture({ appendLingerMs: 5 });
    await f.service.load(0, 1);
    const answers: string[] = [];
    const commit = (offset: number) => void f.commit(offset).then(({ error }) => answers.push(`${offset} ${error}`));
    commit(1);
    await f.time.pass(3);
    commit(2);
    await f.time.pass(1);
    expect(f.log.batches).toEqual([]);
    expect(answers).toEqual([]);
    await f.time.pass(1);
    expect(f.log.batches.map((batch) => readRecords(batch).length)).toEqual([2]);
    expect(answers).toEqual(['1 NONE', '2 NONE']);
    commit(3);
    await f.time.pass(4);
    expect(f.log.batches).toHaveLength(1);
    await f.time.pass(1);
    expect(answers).toContain('3 NONE');
  });

  test('a full batch does not wait', async () => {
    const f = new ServiceFixture({ appendLingerMs: 1000 });
    f.log.sizeMax = 300;
    await f.service.load(0, 1);
    const answers = [f.commit(1), f.commit(2), f.commit(3)];
    await settle();
    expect(f.log.batches.length).toBeGreaterThan(0);
    await f.time.pass(1000);
    for (const { error } of await Promise.all(answers)) expect(error).toBe('NONE');
  });
});

describe('a failed append', () => {
  test('takes back what was replayed, and fails every command of the batch', async () => {
    const f = new ServiceFixture();
    await f.service.load(0, 1);
    await f.commit(1);
    f.log.failWith = 'NOT_ENOUGH_REPLICAS';
    const answers = await Promise.all([f.commit(2), f.commit(3, { groupId: 'new' })]);
    expect(answers.map((answer) => answer.error)).toEqual(['COORDINATOR_NOT_AVAILABLE', 'COORDINATOR_NOT_AVAILABLE']);
    expect(await f.committed('g', true)).toBe('t-0:1');
    expect((await f.service.listGroups([], [])).groups.map((group) => group.groupId)).toEqual(['g']);
    f.log.failWith = null;
    expect((await f.commit(4)).error).toBe('NONE');
    expect(await f.committed()).toBe('t-0:4');
  });

  test('keeps what was written before and is not committed yet', async () => {
    const f = new ServiceFixture();
    await f.service.load(0, 1);
    f.log.commitsAtOnce = false;
    const first = watch(f.commit(1));
    await settle();
    f.log.failWith = 'KAFKA_STORAGE_ERROR';
    expect((await f.commit(2)).error).toBe('NOT_COORDINATOR');
    f.log.commit();
    await settle();
    expect(first.value?.error).toBe('NONE');
    expect(await f.committed()).toBe('t-0:1');
  });

  test('of a new group sends its first member away, and it can come again', async () => {
    const f = new ServiceFixture();
    await f.service.load(0, 1);
    f.log.failWith = 'NOT_ENOUGH_REPLICAS';
    expect(await f.join()).toMatchObject({ error: 'COORDINATOR_NOT_AVAILABLE' });
    expect(await f.state()).toBe('GROUP_ID_NOT_FOUND');
    f.log.failWith = null;
    const joined = f.join();
    await f.time.pass(1);
    expect(await joined).toMatchObject({ error: 'NONE', generationId: 1 });
  });
});

describe('losing and gaining leadership', () => {
  test('unloading fails what waits, and an older resignation changes nothing', async () => {
    const f = new ServiceFixture({ config: { initialRebalanceDelayMs: 3000 } });
    await f.service.load(0, 5);
    f.service.resigned(0, 4);
    f.log.commitsAtOnce = false;
    const commit = watch(f.commit(1));
    const join = watch(f.join());
    await settle();
    expect(join.value).toBeUndefined();
    f.service.resigned(0, 5);
    await settle();
    expect(commit.value?.error).toBe('NOT_COORDINATOR');
    expect(join.value?.error).toBe('NOT_COORDINATOR');
    expect((await f.commit(1)).error).toBe('NOT_COORDINATOR');
    await f.time.pass(100_000);
  });

  test('the partition itself may tell that leadership is lost', async () => {
    const f = new ServiceFixture();
    await f.service.load(0, 5);
    f.log.loseLeadership();
    expect((await f.commit(1)).error).toBe('NOT_COORDINATOR');
  });

  test('an older election is ignored, a younger one loads again', async () => {
    const f = new ServiceFixture();
    await f.service.load(0, 5);
    await f.commit(1);
    await f.service.load(0, 4);
    expect((await f.commit(2)).error).toBe('NONE');
    await f.service.load(0, 6);
    expect(await f.committed()).toBe('t-0:2');
  });

  test('a restart keeps offsets and members', async () => {
    const before = new ServiceFixture();
    await before.service.load(0, 1);
    const joining = before.join();
    await before.time.pass(1);
    const { memberId } = await joining;
    await before.sync(memberId, 1, { [memberId]: 'A' });
    await before.commit(7, { generationIdOrMemberEpoch: 1, memberId });
    before.service.close();
    expect((await before.commit(8)).error).toBe('COORDINATOR_NOT_AVAILABLE');

    const f = new ServiceFixture({ log: before.log });
    await f.service.load(0, 2);
    expect(await f.committed()).toBe('t-0:7');
    expect(await f.state()).toBe('Stable');
    expect(await f.heartbeat(memberId, 1)).toBe('NONE');
    expect(await f.sync(memberId, 1)).toMatchObject({ error: 'NONE', assignment: Buffer.from('A') });
    await f.time.pass(10_000);
    expect(await f.state()).toBe('Empty');
    expect(await f.committed()).toBe('t-0:7');
  });

  test('what was not committed when the log was loaded becomes visible when it is', async () => {
    const before = new ServiceFixture();
    await before.service.load(0, 1);
    await before.commit(1);
    before.log.commitsAtOnce = false;
    void before.commit(2);
    await settle();
    const f = new ServiceFixture({ log: before.log });
    await f.service.load(0, 2);
    expect(await f.committed()).toBe('t-0:1');
    f.log.commit();
    await settle();
    expect(await f.committed()).toBe('t-0:2');
  });

  test('a transaction in the log counts from its commit marker on', async () => {
    const before = new ServiceFixture();
    await before.service.load(0, 1);
    await before.commit(1);
    const value = {
      offset: 8,
      leaderEpoch: -1,
      metadata: '',
      commitTimestamp: 1,
      expireTimestamp: -1,
      topicId: ZERO_UUID,
    };
    const producer = { producerId: 7, producerEpoch: 0, nowMs: 1 };
    const pending = (partition: number, producerId: number) =>
      buildBatch({
        ...producer,
        producerId,
        baseSequence: 0,
        transactional: true,
        records: [groupRecordCodec.encode(newOffsetCommitRecord({ groupId: 'g', topic: 't', partition, value }))],
      });
    before.log.append({ topic: '', partition: 0 }, pending(0, 7));
    before.log.append({ topic: '', partition: 0 }, pending(1, 8));
    before.log.append({ topic: '', partition: 0 }, pending(2, 9));
    before.log.append(
      { topic: '', partition: 0 },
      buildEndTransactionBatch({ ...producer, type: 'commit', coordinatorEpoch: 1 }),
    );
    before.log.append(
      { topic: '', partition: 0 },
      buildEndTransactionBatch({ ...producer, producerId: 8, type: 'abort', coordinatorEpoch: 1 }),
    );
    const f = new ServiceFixture({ log: before.log });
    await f.service.load(0, 2);
    expect(await f.committed()).toBe('t-0:8');
    expect((await f.commit(9)).error).toBe('NONE');
    expect(await f.committed()).toBe('t-0:9');
  });
});
