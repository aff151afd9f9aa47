import { describe, expect, test } from 'vitest';
import {
  type TransactionRecord,
  transactionRecordCodec,
} from '../../../../src/coordinator/transaction/transaction-records.ts';
import { MemoryPartitions, settle } from '../support.ts';
import { ServiceFixture } from './service-fixture.ts';

const T01 = [{ topic: 't', partitions: [0, 1] }];

/** What the log holds: 'Ongoing 100/0 prev 100 next -1 t-0,1 v2 @start', or a tombstone. */
function written(log: MemoryPartitions): string[] {
  return log.records().map(({ key, value }) => {
    const record = transactionRecordCodec.decode(key!, value) as TransactionRecord;
    const { transactionalId, metadata } = record;
    if (metadata === null) return `${transactionalId} gone`;
    const partitions = metadata.partitions.map(({ topic, partitions }) => ` ${topic}-${partitions.join()}`).join('');
    const { state, producerId, producerEpoch, previousProducerId, nextProducerId, clientTransactionVersion } = metadata;
    const next = nextProducerId === -1 ? '' : ` next ${nextProducerId}`;
    return `${state} ${producerId}/${producerEpoch} before ${previousProducerId}${next}${partitions} v${clientTransactionVersion}`;
  });
}

async function ready(options: ConstructorParameters<typeof ServiceFixture>[0] = {}) {
  return new ServiceFixture(options).load();
}

/** A transactional id whose producer has the epoch, by writing the record that says so. */
async function withEpoch(producerEpoch: number, state: 'Empty' | 'Ongoing' = 'Empty', version = 2) {
  const log = new MemoryPartitions();
  const first = await ready({ log });
  await first.init();
  first.service.close();
  const record = transactionRecordCodec.decode(log.records()[0]!.key!, log.records()[0]!.value) as TransactionRecord;
  const ongoing = state === 'Ongoing' ? { partitions: T01, startTimestampMs: first.time.nowMs() } : {};
  const metadata = { ...record.metadata!, producerEpoch, state, ...ongoing, clientTransactionVersion: version };
  const { buildBatch } = await import('../../../../src/wire/records/records.ts');
  const encoded = transactionRecordCodec.encode({ ...record, metadata });
  log.append({ topic: 'x', partition: 0 }, buildBatch({ nowMs: 1, records: [{ ...encoded, timestamp: 1 }] }));
  return new ServiceFixture({ log, time: first.time, firstProducerId: 200 }).load(1);
}

describe('a transaction of version 2 (KIP-890)', () => {
  test('goes from init to completion, and the epoch is bumped by its end', async () => {
    const fixture = await ready();
    expect(await fixture.init()).toBe('100/0');
    expect(await fixture.add(100, 0, T01)).toBe('NONE');
    expect(fixture.state()).toBe('Ongoing 100/0 t-0,1');
    expect(await fixture.end(true, 100, 0)).toBe('100/1');
    await settle();
    expect(fixture.markers).toEqual(['commit t-0 100/1 @0', 'commit t-1 100/1 @0']);
    expect(fixture.state()).toBe('CompleteCommit 100/1');
    expect(await fixture.add(100, 1, [{ topic: 'u', partitions: [3] }])).toBe('NONE');
    expect(await fixture.end(false, 100, 1)).toBe('100/2');
    await settle();
    expect(fixture.markers.slice(2)).toEqual(['abort u-3 100/2 @0']);
    expect(written(fixture.log)).toEqual([
      'Empty 100/0 before 100 v0',
      'Ongoing 100/0 before 100 t-0,1 v2',
      'PrepareCommit 100/1 before 100 t-0,1 v2',
      'CompleteCommit 100/1 before 100 v2',
      'Ongoing 100/1 before 100 u-3 v2',
      'PrepareAbort 100/2 before 100 u-3 v2',
      'CompleteAbort 100/2 before 100 v2',
    ]);
  });

  test('partitions that are in it are not written again', async () => {
    const fixture = await ready();
    await fixture.init();
    await fixture.add(100, 0);
    expect(await fixture.add(100, 0)).toBe('NONE');
    expect(fixture.log.records()).toHaveLength(2);
    await fixture.add(100, 0, T01);
    expect(written(fixture.log).at(-1)).toBe('Ongoing 100/0 before 100 t-0,1 v2');
  });

  test('an end that is told again gets the same answer, and the other end INVALID_TXN_STATE', async () => {
    const fixture = await ready();
    await fixture.init();
    await fixture.add(100, 0);
    await fixture.end(true, 100, 0);
    await settle();
    expect(await fixture.end(true, 100, 0)).toBe('100/1');
    expect(await fixture.end(false, 100, 0)).toBe('INVALID_TXN_STATE');
    expect(await fixture.end(true, 100, 1)).toBe('INVALID_TXN_STATE');
    expect(await fixture.end(true, 100, 3)).toBe('PRODUCER_FENCED');
    expect(await fixture.end(true, 101, 0)).toBe('INVALID_PRODUCER_ID_MAPPING');
  });

  test('aborting where nothing was begun bumps the epoch all the same', async () => {
    const fixture = await ready();
    await fixture.init();
    expect(await fixture.end(false, 100, 0)).toBe('100/1');
    await settle();
    expect(await fixture.end(true, 100, 1)).toBe('INVALID_TXN_STATE');
    expect(await fixture.end(false, 100, 1)).toBe('100/2');
    await settle();
    expect(written(fixture.log).slice(1)).toEqual([
      'PrepareAbort 100/1 before 100 v2',
      'CompleteAbort 100/1 before 100 v2',
      'PrepareAbort 100/2 before 100 v2',
      'CompleteAbort 100/2 before 100 v2',
    ]);
    expect(fixture.markers).toEqual([]);
  });

  test('an exhausted epoch is followed by a new producer id', async () => {
    const fixture = await withEpoch(32_766, 'Ongoing');
    expect(await fixture.end(true, 100, 32_766)).toBe('200/0');
    await settle();
    expect(fixture.markers).toEqual(['commit t-0 100/32767 @1', 'commit t-1 100/32767 @1']);
    expect(written(fixture.log).slice(-2)).toEqual([
      'PrepareCommit 100/32767 before 100 next 200 t-0,1 v2',
      'CompleteCommit 200/0 before 100 v2',
    ]);
    expect(await fixture.end(true, 100, 32_766)).toBe('200/0');
    expect(await fixture.add(200, 0)).toBe('NONE');
  });
});

describe('a transaction of an older client', () => {
  test('keeps its epoch, and its end may be told again as often as it likes', async () => {
    const fixture = await ready();
    await fixture.init();
    await fixture.add(100, 0, T01, 0);
    expect(await fixture.end(true, 100, 0, 0)).toBe('100/0');
    await settle();
    expect(await fixture.end(true, 100, 0, 0)).toBe('100/0');
    expect(await fixture.end(false, 100, 0, 0)).toBe('INVALID_TXN_STATE');
    expect(written(fixture.log).slice(1)).toEqual([
      'Ongoing 100/0 before 100 t-0,1 v0',
      'PrepareCommit 100/0 before 100 t-0,1 v0',
      'CompleteCommit 100/0 before 100 v0',
    ]);
  });

  test('cannot end what it has not begun', async () => {
    const fixture = await ready();
    await fixture.init();
    expect(await fixture.end(false, 100, 0, 0)).toBe('INVALID_TXN_STATE');
    expect(await fixture.end(true, 100, 1, 0)).toBe('PRODUCER_FENCED');
    expect(await fixture.end(true, 99, 0, 0)).toBe('INVALID_PRODUCER_ID_MAPPING');
  });

  test('writes records of version 0 while the cluster has transaction.version 0', async () => {
    const fixture = await ready({ config: { transactionVersion: () => 0 } });
    await fixture.init();
    expect(fixture.log.records()[0]!.value!.readInt16BE(0)).toBe(0);
  });
});

describe('InitProducerId', () => {
  test('without a transactional id gives a new producer id and writes nothing', async () => {
    const fixture = await ready();
    expect(await fixture.init({}, null)).toBe('100/0');
    expect(await fixture.init({}, null)).toBe('101/0');
    expect(fixture.log.records()).toEqual([]);
  });

  test('refuses what makes no sense', async () => {
    const fixture = await ready();
    expect(await fixture.init({}, '')).toBe('INVALID_REQUEST');
    expect(await fixture.init({}, 'x', 0)).toBe('INVALID_TRANSACTION_TIMEOUT');
    expect(await fixture.init({}, 'x', 900_001)).toBe('INVALID_TRANSACTION_TIMEOUT');
  });

  test('of another incarnation fences the one before', async () => {
    const fixture = await ready();
    expect(await fixture.init()).toBe('100/0');
    expect(await fixture.init()).toBe('100/1');
    expect(await fixture.add(100, 0)).toBe('PRODUCER_FENCED');
    expect(await fixture.init({ producerId: 100, producerEpoch: 0 })).toBe('PRODUCER_FENCED');
  });

  test('of the same producer bumps its epoch, and a retry gets it again (KIP-360)', async () => {
    const fixture = await ready();
    await fixture.init();
    expect(await fixture.init({ producerId: 100, producerEpoch: 0 })).toBe('100/1');
    expect(await fixture.init({ producerId: 100, producerEpoch: 0 })).toBe('100/1');
    expect(await fixture.init({ producerId: 100, producerEpoch: 1 })).toBe('100/2');
    expect(await fixture.init({ producerId: 7, producerEpoch: 1 })).toBe('PRODUCER_FENCED');
  });

  test('while a transaction is open aborts it, and gets the id when that is done', async () => {
    const fixture = await ready();
    await fixture.init();
    await fixture.add(100, 0);
    fixture.markerResults.set('t-0', 'retry');
    expect(await fixture.init()).toBe('CONCURRENT_TRANSACTIONS');
    expect(await fixture.init()).toBe('CONCURRENT_TRANSACTIONS');
    expect(await fixture.add(100, 0)).toBe('CONCURRENT_TRANSACTIONS');
    expect(await fixture.end(true, 100, 0)).toBe('CONCURRENT_TRANSACTIONS');
    expect(await fixture.verify(100, 1)).toBe('CONCURRENT_TRANSACTIONS');
    fixture.markerResults.clear();
    await fixture.time.pass(100);
    expect(await fixture.init()).toBe('100/2');
    expect(written(fixture.log).slice(2)).toEqual([
      'PrepareAbort 100/1 before 100 t-0 v2',
      'CompleteAbort 100/1 before 100 v2',
      'Empty 100/2 before 100 v0',
    ]);
  });

  test('of an exhausted epoch gives a new producer id, also to a retry', async () => {
    const fixture = await withEpoch(32_766);
    expect(await fixture.init({ producerId: 100, producerEpoch: 32_766 })).toBe('200/0');
    expect(await fixture.init({ producerId: 100, producerEpoch: 32_766 })).toBe('200/0');
    expect(written(fixture.log).at(-1)).toBe('Empty 200/0 before 200 v0');
  });

  test('fails while no producer id can be had', async () => {
    const fixture = await ready();
    fixture.nextProducerId = 'COORDINATOR_LOAD_IN_PROGRESS';
    expect(await fixture.init()).toBe('COORDINATOR_LOAD_IN_PROGRESS');
    expect(fixture.log.records()).toEqual([]);
  });
});

describe('verification (KIP-890)', () => {
  test('tells whether a partition is in the open transaction', async () => {
    const fixture = await ready();
    expect(await fixture.verify(100, 0)).toBe('INVALID_PRODUCER_ID_MAPPING');
    await fixture.init();
    expect(await fixture.verify(100, 0)).toBe('TRANSACTION_ABORTABLE');
    await fixture.add(100, 0);
    expect(await fixture.verify(100, 0)).toBe('NONE');
    expect(await fixture.verify(100, 0, 1)).toBe('TRANSACTION_ABORTABLE');
    expect(await fixture.verify(100, 1)).toBe('PRODUCER_FENCED');
    expect(await fixture.verify(99, 0)).toBe('INVALID_PRODUCER_ID_MAPPING');
  });
});

describe('time', () => {
  test('a transaction past its timeout is aborted, its producer fenced', async () => {
    const fixture = await ready();
    await fixture.init({}, 'x', 30_000);
    await fixture.add(100, 0);
    await fixture.time.pass(30_000);
    expect(fixture.state()).toBe('Ongoing 100/0 t-0');
    await fixture.time.pass(10_000);
    expect(fixture.state()).toBe('CompleteAbort 100/1');
    expect(fixture.markers).toEqual(['abort t-0 100/1 @0']);
    expect(await fixture.add(100, 0)).toBe('PRODUCER_FENCED');
    expect(await fixture.init({ producerId: 100, producerEpoch: 0 })).toBe('100/1');
  });

  test('with transaction.version 1 the abort fences as well', async () => {
    const fixture = await ready({ config: { transactionVersion: () => 1 } });
    await fixture.init({}, 'x', 30_000);
    await fixture.add(100, 0, T01, 0);
    await fixture.time.pass(40_000);
    expect(written(fixture.log).slice(2)).toEqual([
      'PrepareAbort 100/1 before 100 t-0,1 v0',
      'CompleteAbort 100/1 before 100 v0',
    ]);
    expect(await fixture.init({ producerId: 100, producerEpoch: 0 })).toBe('PRODUCER_FENCED');
  });

  test('a timed out transaction of an exhausted epoch goes on with a new producer id', async () => {
    const fixture = await withEpoch(32_766, 'Ongoing');
    await fixture.time.pass(80_000);
    expect(written(fixture.log).slice(-2)).toEqual([
      'PrepareAbort 100/32767 before 100 next 200 t-0,1 v2',
      'CompleteAbort 200/0 before 100 v2',
    ]);
  });

  test('an id that nobody uses is forgotten, one with an open transaction never', async () => {
    const fixture = await ready({ config: { transactionalIdExpirationMs: 7_200_000, abortTimedOutIntervalMs: 1e9 } });
    await fixture.init({}, 'idle');
    await fixture.init();
    await fixture.add(100 + 1, 0);
    await fixture.time.pass(4 * 3_600_000);
    expect(fixture.state('idle')).toBe('TRANSACTIONAL_ID_NOT_FOUND');
    expect(fixture.state()).toBe('Ongoing 101/0 t-0');
    expect(written(fixture.log).at(-1)).toBe('idle gone');
  });
});

describe('markers', () => {
  test('are told until each partition has its own or is gone', async () => {
    const fixture = await ready();
    await fixture.init();
    await fixture.add(100, 0, [{ topic: 't', partitions: [0, 1, 2, 3] }]);
    fixture.markerResults.set('t-1', 'retry').set('t-2', 'gone').set('t-3', 'fenced');
    await fixture.end(true, 100, 0);
    await settle();
    expect(fixture.state()).toBe('PrepareCommit 100/1 t-0,1,2,3');
    fixture.markerResults.delete('t-1');
    await fixture.time.pass(100);
    expect(fixture.markers.slice(4)).toEqual(['commit t-1 100/1 @0']);
    expect(fixture.state()).toBe('CompleteCommit 100/1');
  });

  test('are not told before the decision is committed', async () => {
    const fixture = await ready();
    await fixture.init();
    await fixture.add(100, 0);
    fixture.log.commitsAtOnce = false;
    const end = fixture.end(true, 100, 0);
    await settle();
    expect(fixture.markers).toEqual([]);
    expect(fixture.state()).toBe('Ongoing 100/0 t-0');
    fixture.log.commitsAtOnce = true;
    fixture.log.commit();
    expect(await end).toBe('100/1');
    await settle();
    expect(fixture.markers).toEqual(['commit t-0 100/1 @0']);
  });

  test('are told also when the decision was committed late', async () => {
    const fixture = await ready();
    await fixture.init();
    await fixture.add(100, 0);
    fixture.log.commitsAtOnce = false;
    const end = fixture.end(true, 100, 0);
    await fixture.time.pass(12_000);
    expect(await end).toBe('COORDINATOR_NOT_AVAILABLE');
    fixture.log.commitsAtOnce = true;
    fixture.log.commit();
    await settle();
    expect(fixture.markers).toEqual(['commit t-0 100/1 @0']);
    expect(fixture.state()).toBe('CompleteCommit 100/1');
  });

  test('stop when another broker becomes coordinator', async () => {
    const fixture = await ready();
    await fixture.init();
    await fixture.add(100, 0);
    fixture.markerResults.set('t-0', 'retry');
    await fixture.end(true, 100, 0);
    await settle();
    fixture.service.resigned(0, 1);
    const told = fixture.markers.length;
    await fixture.time.pass(1000);
    expect(fixture.markers).toHaveLength(told);
    expect(await fixture.init()).toBe('NOT_COORDINATOR');
  });
});

describe('a failed write', () => {
  test('of a decision leaves the transaction open, and tells no partition', async () => {
    const fixture = await ready();
    await fixture.init();
    await fixture.add(100, 0);
    fixture.log.failWith = 'NOT_ENOUGH_REPLICAS';
    expect(await fixture.end(true, 100, 0)).toBe('COORDINATOR_NOT_AVAILABLE');
    fixture.log.failWith = null;
    expect(fixture.markers).toEqual([]);
    expect(await fixture.end(false, 100, 0)).toBe('100/1');
    await settle();
    expect(fixture.markers).toEqual(['abort t-0 100/1 @0']);
  });

  test('of the completion is tried again', async () => {
    const fixture = await ready();
    await fixture.init();
    await fixture.add(100, 0);
    fixture.markerResults.set('t-0', 'retry');
    await fixture.end(true, 100, 0);
    await settle();
    fixture.markerResults.clear();
    fixture.log.failWith = 'NOT_ENOUGH_REPLICAS';
    await fixture.time.pass(150);
    expect(fixture.state()).toBe('PrepareCommit 100/1 t-0');
    fixture.log.failWith = null;
    await fixture.time.pass(100);
    expect(fixture.state()).toBe('CompleteCommit 100/1');
  });
});

describe('a completion that was committed late', () => {
  test('and is told again completes no later transaction of the same epoch', async () => {
    const fixture = await ready();
    await fixture.init();
    await fixture.add(100, 0, T01, 0);
    fixture.markerResults.set('t-0', 'retry');
    await fixture.end(true, 100, 0, 0);
    await settle();
    fixture.markerResults.clear();
    fixture.log.commitsAtOnce = false;
    await fixture.time.pass(5150);
    fixture.log.commitsAtOnce = true;
    fixture.log.commit();
    await settle();
    expect(fixture.state()).toBe('CompleteCommit 100/0');
    expect(await fixture.add(100, 0, T01, 0)).toBe('NONE');
    fixture.markerResults.set('t-0', 'retry').set('t-1', 'retry');
    expect(await fixture.end(true, 100, 0, 0)).toBe('100/0');
    await fixture.time.pass(1000);
    expect(fixture.state()).toBe('PrepareCommit 100/0 t-0,1');
    fixture.markerResults.clear();
    await fixture.time.pass(100);
    expect(fixture.state()).toBe('CompleteCommit 100/0');
  });
});

describe('after a crash at any step', () => {
  // Each record in the log is a step; the coordinator dies behind it and another one loads what is there.
  const steps = [
    { records: 1, state: 'Empty 100/0', markers: [] },
    { records: 2, state: 'Ongoing 100/0 t-0,1', markers: [] },
    { records: 3, state: 'CompleteCommit 100/1', markers: ['commit t-0 100/1 @1', 'commit t-1 100/1 @1'] },
    { records: 4, state: 'CompleteCommit 100/1', markers: [] },
    { records: 5, state: 'Ongoing 100/1 t-0', markers: [] },
    { records: 6, state: 'CompleteAbort 100/2', markers: ['abort t-0 100/2 @1'] },
    { records: 7, state: 'CompleteAbort 100/2', markers: [] },
  ];

  test.each(steps)(
    'behind record $records the next coordinator ends in $state',
    async ({ records, state, markers }) => {
      const before = await ready();
      await before.init();
      await before.add(100, 0, T01);
      await before.end(true, 100, 0);
      await settle();
      await before.add(100, 1);
      await before.end(false, 100, 1);
      await settle();
      before.service.close();
      const log = new MemoryPartitions();
      for (const batch of before.log.batches.slice(0, records)) log.append({ topic: 'x', partition: 0 }, batch);

      const after = await new ServiceFixture({ log, firstProducerId: 200 }).load(1);
      await settle();
      expect(after.state()).toBe(state);
      expect(after.markers).toEqual(markers);
      // Nothing hangs: whatever was open is ended, and the id can be used.
      if (state.startsWith('Ongoing')) {
        await after.time.pass(80_000);
        expect(after.state()).toMatch(/^CompleteAbort/);
      }
      expect(await after.init()).toMatch(/^100\//);
    },
  );

  test('a decision above the high watermark waits for it', async () => {
    const log = new MemoryPartitions();
    const before = await ready({ log });
    await before.init();
    await before.add(100, 0);
    log.commitsAtOnce = false;
    void before.end(true, 100, 0);
    await settle();
    before.service.close();
    const after = await new ServiceFixture({ log }).load(1);
    await settle();
    expect(after.markers).toEqual([]);
    log.commitsAtOnce = true;
    log.commit();
    await settle();
    expect(after.markers).toEqual(['commit t-0 100/1 @1']);
    expect(after.state()).toBe('CompleteCommit 100/1');
  });
});

describe('listing', () => {
  test('filters by state, producer id, duration and pattern', async () => {
    const fixture = await ready();
    await fixture.init();
    await fixture.add(100, 0);
    await fixture.init({}, 'y');
    await fixture.time.pass(5000);
    const none = { states: [], producerIds: [], durationMs: -1, matches: null };
    const ids = (filters: Partial<Parameters<typeof fixture.service.listTransactions>[0]>) =>
      fixture.service
        .listTransactions({ ...none, ...filters })
        .transactions.map(({ transactionalId }) => transactionalId);
    expect(ids({})).toEqual(['x', 'y']);
    expect(ids({ states: ['Ongoing'] })).toEqual(['x']);
    expect(ids({ producerIds: [101] })).toEqual(['y']);
    expect(ids({ states: ['Ongoing'], durationMs: 4999 })).toEqual(['x']);
    expect(ids({ states: ['Ongoing'], durationMs: 5000 })).toEqual([]);
    expect(ids({ matches: (id) => id === 'y' })).toEqual(['y']);
    expect(fixture.service.listTransactions({ ...none, states: ['Ongoing', 'Nonsense'] })).toMatchObject({
      error: 'NONE',
      unknownStates: ['Nonsense'],
      transactions: [{ transactionalId: 'x', producerId: 100, state: 'Ongoing' }],
    });
  });

  test('fails while a partition loads, and knows no id that is not there', async () => {
    const log = new MemoryPartitions();
    await (await ready({ log })).init({}, 'other');
    const fixture = new ServiceFixture({ log });
    expect(fixture.state()).toBe('NOT_COORDINATOR');
    let open = () => {};
    log.gate = new Promise((resolve) => {
      open = resolve;
    });
    const loading = fixture.load(1);
    expect(fixture.service.listTransactions({ states: [], producerIds: [], durationMs: -1, matches: null }).error).toBe(
      'COORDINATOR_LOAD_IN_PROGRESS',
    );
    open();
    await loading;
    expect(fixture.state()).toBe('TRANSACTIONAL_ID_NOT_FOUND');
    expect(fixture.state('')).toBe('INVALID_REQUEST');
  });
});
