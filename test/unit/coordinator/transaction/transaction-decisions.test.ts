// Each command of the transaction coordinator in each state of a transactional id: the exact records, answer and effects.
import { expect, test } from 'vitest';
import { SnapshotRegistry } from '../../../../src/base/timeline-map.ts';
import type { TransactionCommand, TransactionDecision } from '../../../../src/coordinator/transaction/commands.ts';
import type {
  TransactionMetadata,
  TransactionState,
} from '../../../../src/coordinator/transaction/transaction-metadata.ts';
import {
  newTransactionRecord,
  type TransactionLogRecord,
  transactionRecordCodec,
} from '../../../../src/coordinator/transaction/transaction-records.ts';
import { type TransactionConfig, TransactionShard } from '../../../../src/coordinator/transaction/transaction-shard.ts';
import { type Commands, expectRecorded, type Situation, textOfTable } from '../decision-table.ts';

const NOW_MS = 1_000_000;
/** Of the producer that owns the id, and of the one before it. */
const PRODUCER = 7;
const FORMER = 6;
const NEW = 8;
const EXHAUSTED = 32_766;

class Fixture {
  readonly shard: TransactionShard;
  readonly registry = new SnapshotRegistry();
  readonly log: TransactionLogRecord[] = [];
  readonly producerEpoch: number;
  readonly updatedAtMs: number;

  constructor(config: TransactionConfig, metadata: TransactionMetadata | null) {
    this.shard = new TransactionShard(config, 3, this.registry);
    this.producerEpoch = metadata?.producerEpoch ?? 5;
    this.updatedAtMs = metadata?.lastUpdateTimestampMs ?? NOW_MS;
    this.registry.take(0);
    if (metadata !== null) this.replay([newTransactionRecord('x', metadata, config.transactionVersion())]);
  }

  decide(command: TransactionCommand): TransactionDecision {
    const decision = this.shard.handle(command, NOW_MS);
    this.replay(decision.records);
    return decision;
  }

  replay(records: readonly TransactionLogRecord[]): void {
    for (const record of records) {
      this.log.push(record);
      this.shard.replay(record);
    }
  }

  described() {
    this.registry.take(this.log.length);
    return this.shard.describe('x', this.log.length);
  }
}

const partitions = [{ topic: 't', partitions: [0, 1] }];
const producer = (f: Fixture) => ({ transactionalId: 'x', producerId: PRODUCER, producerEpoch: f.producerEpoch });
const another = (f: Fixture) => ({ ...producer(f), producerId: 4711 });
const behind = (f: Fixture) => ({ ...producer(f), producerEpoch: f.producerEpoch - 1 });
const ahead = (f: Fixture) => ({ ...producer(f), producerEpoch: f.producerEpoch + 1 });
const former = { transactionalId: 'x', producerId: FORMER, producerEpoch: EXHAUSTED };

type Who = (f: Fixture) => {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
};

const initAs =
  (who: Who, newProducerId: number | null = null) =>
  (f: Fixture) =>
    ({ kind: 'initProducerId', input: { ...who(f), timeoutMs: 30_000 }, newProducerId }) as const;
const nobody: Who = () => ({ transactionalId: 'x', producerId: -1, producerEpoch: -1 });

const addAs =
  (
    who: Who,
    clientTransactionVersion = 2,
    added = [
      { topic: 't', partitions: [1, 2] },
      { topic: 'u', partitions: [0] },
    ],
  ) =>
  (f: Fixture) =>
    ({ kind: 'addPartitions', input: { ...who(f), partitions: added, clientTransactionVersion } }) as const;

const verifyAs = (who: Who) => (f: Fixture) =>
  ({ kind: 'verifyPartitions', input: { ...who(f), partitions: [{ topic: 't', partitions: [1, 2] }] } }) as const;

const endAs =
  (who: Who, committed: boolean, clientTransactionVersion = 2, newProducerId: number | null = null) =>
  (f: Fixture) =>
    ({ kind: 'endTransaction', input: { ...who(f), committed, clientTransactionVersion }, newProducerId }) as const;

const abortAs = (who: Who) => (f: Fixture) =>
  ({ kind: 'abortTimedOut', producer: who(f), newProducerId: NEW }) as const;
const markersAs =
  (who: Who, earlierMs = 0) =>
  (f: Fixture) =>
    ({ kind: 'markersWritten', producer: who(f), decidedAtMs: f.updatedAtMs - earlierMs }) as const;
const decided = (error: 'REQUEST_TIMED_OUT' | 'NOT_COORDINATOR' | null) => () =>
  ({ kind: 'decided', transactionalIds: ['x', 'gone'], error }) as const;

const commands: Commands<Fixture, TransactionCommand> = {
  initProducerId: {
    'nobody in particular': initAs(nobody),
    'nobody in particular, with a new producer id': initAs(nobody, NEW),
    'its producer': initAs(producer),
    'its producer, with a new producer id': initAs(producer, NEW),
    'an epoch behind': initAs(behind),
    'an epoch ahead': initAs(ahead),
    'another producer': initAs(another),
    'the former producer, whose epochs ran out': initAs(() => former),
  },
  addPartitions: {
    'a new one and others': addAs(producer),
    'by an older client': addAs(producer, 0),
    'those that it has': addAs(producer, 2, partitions),
    none: addAs(producer, 2, []),
    'an epoch behind': addAs(behind),
    'an epoch ahead': addAs(ahead),
    'another producer': addAs(another),
  },
  verifyPartitions: {
    'one that it has, one that it has not': verifyAs(producer),
    'an epoch behind': verifyAs(behind),
    'another producer': verifyAs(another),
  },
  endTransaction: {
    commit: endAs(producer, true),
    abort: endAs(producer, false),
    'commit, with a new producer id': endAs(producer, true, 2, NEW),
    'abort, with a new producer id': endAs(producer, false, 2, NEW),
    'commit, an epoch behind': endAs(behind, true),
    'abort, an epoch behind': endAs(behind, false),
    'commit, an epoch ahead': endAs(ahead, true),
    'commit, another producer': endAs(another, true),
    'commit, the former producer': endAs(() => former, true),
    'abort, the former producer': endAs(() => former, false),
    'commit by an older client': endAs(producer, true, 0),
    'abort by an older client': endAs(producer, false, 0),
    'commit by an older client, an epoch behind': endAs(behind, true, 0),
    'abort by an older client, another producer': endAs(another, false, 0),
  },
  abortTimedOut: {
    'its producer': abortAs(producer),
    'an epoch behind': abortAs(behind),
    'another producer': abortAs(another),
  },
  markersWritten: {
    'its producer': markersAs(producer),
    'an epoch behind': markersAs(behind),
    'its producer, of an earlier transaction': markersAs(producer, 1),
    'another producer': markersAs(another),
  },
  abortAllTimedOut: { '': () => ({ kind: 'abortAllTimedOut' }) },
  removeExpired: { '': () => ({ kind: 'removeExpired' }) },
  decided: {
    written: decided(null),
    'not in time': decided('REQUEST_TIMED_OUT'),
    'not at all': decided('NOT_COORDINATOR'),
  },
};

/** `ageMs`: since the transaction began, and since anything was heard of it. */
function metadataIn(state: TransactionState, more: Partial<TransactionMetadata> = {}, ageMs = 10): TransactionMetadata {
  const hasPartitions = state === 'Ongoing' || state === 'PrepareCommit' || state === 'PrepareAbort';
  return {
    producerId: PRODUCER,
    previousProducerId: PRODUCER,
    nextProducerId: -1,
    producerEpoch: 5,
    lastProducerEpoch: 4,
    timeoutMs: 60_000,
    state,
    partitions: hasPartitions ? partitions : [],
    startTimestampMs: state === 'Empty' ? -1 : NOW_MS - ageMs,
    lastUpdateTimestampMs: NOW_MS - ageMs,
    clientTransactionVersion: state === 'Empty' ? 0 : 2,
    ...more,
  };
}

/** One that is left of a state does not compile. */
const states: Readonly<
  Record<TransactionState, readonly [title: string, more?: Partial<TransactionMetadata>, ageMs?: number][]>
> = {
  Empty: [
    ['nothing begun'],
    ['its epochs ran out', { producerEpoch: EXHAUSTED, lastProducerEpoch: EXHAUSTED - 1 }],
    ['unused for long', {}, 800_000],
  ],
  Ongoing: [
    ['open'],
    ['open, by an older client', { clientTransactionVersion: 0 }],
    ['open, its epochs ran out', { producerEpoch: EXHAUSTED, lastProducerEpoch: EXHAUSTED - 1 }],
    ['open for too long', {}, 800_000],
    ['open for too long, its epochs ran out', { producerEpoch: EXHAUSTED, lastProducerEpoch: EXHAUSTED - 1 }, 800_000],
  ],
  PrepareCommit: [
    ['decided'],
    ['decided, by an older client', { clientTransactionVersion: 0 }],
    [
      'decided, a new producer id to come',
      { producerEpoch: EXHAUSTED + 1, lastProducerEpoch: EXHAUSTED, nextProducerId: NEW },
    ],
  ],
  PrepareAbort: [
    ['decided'],
    ['decided, by an older client', { clientTransactionVersion: 0 }],
    [
      'decided, a new producer id to come',
      { producerEpoch: EXHAUSTED + 1, lastProducerEpoch: EXHAUSTED, nextProducerId: NEW },
    ],
  ],
  CompleteCommit: [
    ['done'],
    ['done, by an older client', { clientTransactionVersion: 0 }],
    ['done, with a new producer id', { previousProducerId: FORMER, producerEpoch: 0, lastProducerEpoch: EXHAUSTED }],
    ['unused for long', {}, 800_000],
  ],
  CompleteAbort: [
    ['done'],
    ['done, by an older client', { clientTransactionVersion: 0 }],
    ['done, with a new producer id', { previousProducerId: FORMER, producerEpoch: 0, lastProducerEpoch: EXHAUSTED }],
    ['unused for long', {}, 800_000],
  ],
  // Nobody writes these two.
  Dead: [],
  PrepareEpochFence: [],
};

/** What time makes of an old transaction; its age changes nothing else. */
const timers: readonly TransactionCommand['kind'][] = ['abortTimedOut', 'abortAllTimedOut', 'removeExpired'];

function configOf(transactionVersion: number): TransactionConfig {
  return {
    abortTimedOutIntervalMs: 10_000,
    transactionalIdExpirationMs: 700_000,
    removeExpiredIntervalMs: 3_600_000,
    transactionVersion: () => transactionVersion,
  };
}

/** `like2`: only where it is not as with transaction.version 2. */
function situations(transactionVersion: number, suffix: string, like2: boolean): Situation<Fixture>[] {
  const config = configOf(transactionVersion);
  const unused = 'an id that nobody has used';
  const all: Situation<Fixture>[] = [
    { title: unused + suffix, given: () => new Fixture(config, null), ...(like2 ? { like: unused } : {}) },
  ];
  for (const [state, variants] of Object.entries(states)) {
    for (const [title, more, ageMs] of variants) {
      const metadata = metadataIn(state as TransactionState, more, ageMs); // a key of `states`
      const full = `${state}: ${title}`;
      const first = `${state}: ${variants[0]![0]}`;
      const like = like2 ? full : full === first || ageMs !== undefined ? undefined : first;
      all.push({
        title: full + suffix,
        given: () => new Fixture(config, metadata),
        ...(like === undefined ? {} : { like }),
        ...(ageMs === undefined ? {} : { only: timers }),
      });
    }
  }
  return all;
}

function tableOf(...all: readonly Situation<Fixture>[]): string {
  return textOfTable({
    situations: all,
    commands,
    decide: (fixture, command) => fixture.decide(command),
    check: (fixture) => {
      // Whoever reads the log later stands where this one does.
      const reader = new Fixture(configOf(2), null);
      for (const record of fixture.log) {
        const { key, value } = transactionRecordCodec.encode(record);
        reader.replay([transactionRecordCodec.decode(key, value)]);
      }
      expect(reader.described()).toEqual(fixture.described());
    },
  });
}

test('every command in every state', () => {
  const version1 = situations(1, ', with transaction.version 1', true);
  expectRecorded(
    tableOf(...situations(2, '', false), ...version1),
    new URL('transaction.decisions.txt', import.meta.url),
  );
});

test('with transaction.version 0 only the records are others: of version 0', () => {
  const versionOne = tableOf(...situations(1, '', false));
  expect(tableOf(...situations(0, '', false))).toBe(versionOne.replaceAll('valueVersion: 1', 'valueVersion: 0'));
});
