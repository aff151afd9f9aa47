import { describe, expect, test } from 'vitest';
import { addOffsetsToTxnHandler } from '../../../src/apis/add-offsets-to-txn.ts';
import { addPartitionsToTxnHandler } from '../../../src/apis/add-partitions-to-txn.ts';
import { describeProducersHandler } from '../../../src/apis/describe-producers.ts';
import { describeTransactionsHandler } from '../../../src/apis/describe-transactions.ts';
import { endTxnHandler } from '../../../src/apis/end-txn.ts';
import type { Handler } from '../../../src/apis/handler.ts';
import { listTransactionsHandler } from '../../../src/apis/list-transactions.ts';
import { ProduceVerification } from '../../../src/apis/produce-verification.ts';
import { txnOffsetCommitHandler } from '../../../src/apis/txn-offset-commit.ts';
import { writeTxnMarkersHandler } from '../../../src/apis/write-txn-markers.ts';
import type {
  AddPartitionsInput,
  TransactionFilters,
} from '../../../src/coordinator/transaction/transaction-coordinator.ts';
import { decode, encode, type InputOf } from '../../../src/wire/codec.ts';
import { type ErrorName, errorCode, errorName, KafkaError } from '../../../src/wire/errors.ts';
import { buildBatch } from '../../../src/wire/records/records.ts';
import type { MessageSchema } from '../../../src/wire/schema.ts';
import { FakeTime, topicId } from '../replication/fakes.ts';
import { broker, contextOf, partition, topic, view } from './api-fakes.ts';

const metadata = view([broker(1)], [topic('t', topicId, [partition(), partition()])]);
const producer = { transactionalId: 'x', producerId: 7, producerEpoch: 1 };

/** Through the codec, as a client sees it. */
async function ask<Req extends MessageSchema, Res extends MessageSchema>(
  handler: Handler<Req, Res>,
  version: number,
  request: InputOf<Req>,
) {
  const decoded = decode(handler.request, version, encode(handler.request, version, request));
  const context = contextOf(version);
  let response: InputOf<Res> | null;
  try {
    response = await handler.handle(decoded, context);
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error;
    response = handler.failed(decoded, error.error, error.message, context);
  }
  return decode(handler.response, version, encode(handler.response, version, response!));
}

/** A coordinator that gives one error and notes what it is asked. */
function coordinator(error: ErrorName = 'NONE') {
  const added: AddPartitionsInput[] = [];
  return {
    added,
    addPartitions: async (input: AddPartitionsInput) => {
      added.push(input);
      return error;
    },
    verifyPartitions: async ({ partitions }: Pick<AddPartitionsInput, 'partitions'>) =>
      partitions.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition, error }))),
    endTransaction: async () =>
      error === 'NONE' ? { error, producerId: 7, producerEpoch: 2 } : { error, producerId: -1, producerEpoch: -1 },
  };
}

describe('AddPartitionsToTxn', () => {
  const old = (partitions: number[], name = 't') => ({
    v3AndBelowTransactionalId: 'x',
    v3AndBelowProducerId: 7,
    v3AndBelowProducerEpoch: 1,
    v3AndBelowTopics: [{ name, partitions }],
  });
  const errorsOf = (
    topics: readonly { readonly resultsByPartition: readonly { readonly partitionErrorCode: number }[] }[],
  ) => topics.flatMap((each) => each.resultsByPartition.map((result) => errorName(result.partitionErrorCode)));

  test('adds for a producer, which speaks the old protocol', async () => {
    const transactions = coordinator();
    const answer = await ask(addPartitionsToTxnHandler({ transactions, metadata }), 3, old([0, 1]));
    expect(errorsOf(answer.resultsByTopicV3AndBelow)).toEqual(['NONE', 'NONE']);
    const partitions = [{ topic: 't', partitions: [0, 1] }];
    expect(transactions.added).toEqual([{ ...producer, partitions, clientTransactionVersion: 0 }]);
  });

  test('adds nothing where one partition does not exist', async () => {
    const transactions = coordinator();
    const answer = await ask(addPartitionsToTxnHandler({ transactions, metadata }), 3, old([0, 5]));
    expect(errorsOf(answer.resultsByTopicV3AndBelow)).toEqual([
      'OPERATION_NOT_ATTEMPTED',
      'UNKNOWN_TOPIC_OR_PARTITION',
    ]);
    expect(transactions.added).toEqual([]);
  });

  test('tells a fenced producer so from v2 on', async () => {
    const handler = addPartitionsToTxnHandler({ transactions: coordinator('PRODUCER_FENCED'), metadata });
    expect(errorsOf((await ask(handler, 2, old([0]))).resultsByTopicV3AndBelow)).toEqual(['PRODUCER_FENCED']);
    expect(errorsOf((await ask(handler, 1, old([0]))).resultsByTopicV3AndBelow)).toEqual(['INVALID_PRODUCER_EPOCH']);
  });

  test('verifies or adds for brokers, each transaction for itself (KIP-890)', async () => {
    const transactions = coordinator('TRANSACTION_ABORTABLE');
    const topics = [{ name: 't', partitions: [1] }];
    const answer = await ask(addPartitionsToTxnHandler({ transactions, metadata }), 5, {
      transactions: [
        { ...producer, verifyOnly: true, topics },
        { ...producer, transactionalId: 'y', verifyOnly: false, topics },
      ],
    });
    expect(answer.errorCode).toBe(0);
    expect(
      answer.resultsByTransaction.map(({ transactionalId, topicResults }) => [
        transactionalId,
        ...errorsOf(topicResults),
      ]),
    ).toEqual([
      ['x', 'TRANSACTION_ABORTABLE'],
      ['y', 'TRANSACTION_ABORTABLE'],
    ]);
    expect(transactions.added).toMatchObject([{ transactionalId: 'y', clientTransactionVersion: 2 }]);
  });
});

test('AddOffsetsToTxn adds the partition of the group', async () => {
  const transactions = coordinator();
  const handler = addOffsetsToTxnHandler({ transactions, groups: { partitionFor: () => 33 } });
  expect((await ask(handler, 4, { ...producer, groupId: 'g' })).errorCode).toBe(0);
  expect(transactions.added).toMatchObject([{ partitions: [{ topic: '__consumer_offsets', partitions: [33] }] }]);
});

describe('EndTxn', () => {
  test('tells the next epoch from v5 on', async () => {
    const handler = endTxnHandler({ transactions: coordinator() });
    expect(await ask(handler, 5, { ...producer, committed: true })).toMatchObject({ producerId: 7, producerEpoch: 2 });
    expect(await ask(handler, 4, { ...producer, committed: true })).toMatchObject({ errorCode: 0, producerId: -1 });
  });

  test('tells a fenced producer so from v2 on', async () => {
    const handler = endTxnHandler({ transactions: coordinator('PRODUCER_FENCED') });
    const told = async (version: number) =>
      errorName((await ask(handler, version, { ...producer, committed: true })).errorCode);
    expect([await told(2), await told(1)]).toEqual(['PRODUCER_FENCED', 'INVALID_PRODUCER_EPOCH']);
  });
});

describe('TxnOffsetCommit', () => {
  const request = (partitions: number[], groupId: string) => ({
    ...producer,
    groupId,
    topics: [
      {
        name: 't',
        partitions: partitions.map((partitionIndex) => ({
          partitionIndex,
          committedOffset: 5,
          committedMetadata: null,
        })),
      },
    ],
  });

  async function commit(
    version: number,
    options: { groupId?: string; verified?: ErrorName; enabled?: boolean; error?: ErrorName } = {},
  ) {
    const transactions = coordinator(options.verified ?? 'NONE');
    let committed = 0;
    const handler = txnOffsetCommitHandler({
      transactionsAnywhere: transactions,
      transactionSettings: { verificationEnabled: () => options.enabled ?? true },
      metadata,
      groups: {
        partitionFor: () => 3,
        commitTransactionalOffsets: async ({ topics }) => {
          committed++;
          const error = options.error ?? 'NONE';
          const none = topics.map(({ name, partitions }) => ({
            name,
            partitions: partitions.map(({ partition }) => ({ partition, error: 'NONE' as const })),
          }));
          return { error, topics: none };
        },
      },
    });
    const { topics } = await ask(handler, version, request([0, 9], options.groupId ?? 'g'));
    const errors = topics.flatMap(({ partitions }) =>
      partitions.map(({ partitionIndex, errorCode }) => `${partitionIndex} ${errorName(errorCode)}`),
    );
    return { errors: errors.sort(), committed, added: transactions.added.length };
  }

  test('adds the partition by the way from v5 on, and verifies it before', async () => {
    const done = ['0 NONE', '9 UNKNOWN_TOPIC_OR_PARTITION'];
    expect(await commit(5)).toEqual({ errors: done, committed: 1, added: 1 });
    expect(await commit(4)).toEqual({ errors: done, committed: 1, added: 0 });
  });

  test('is refused when the transaction does not contain the group', async () => {
    const told = async (version: number) => (await commit(version, { verified: 'TRANSACTION_ABORTABLE' })).errors[0];
    expect(await told(4)).toBe('0 TRANSACTION_ABORTABLE');
    expect(await told(3)).toBe('0 INVALID_TXN_STATE');
    expect(await commit(5, { verified: 'PRODUCER_FENCED' })).toMatchObject({
      errors: ['0 INVALID_PRODUCER_EPOCH', '9 UNKNOWN_TOPIC_OR_PARTITION'],
      committed: 0,
    });
    expect(await commit(4, { verified: 'TRANSACTION_ABORTABLE', enabled: false })).toMatchObject({ committed: 1 });
  });

  test('without a group id adds nothing to the transaction', async () => {
    const errors = ['0 INVALID_GROUP_ID', '9 UNKNOWN_TOPIC_OR_PARTITION'];
    expect(await commit(5, { groupId: '' })).toEqual({ errors, committed: 0, added: 0 });
    expect(await commit(3, { groupId: '', verified: 'TRANSACTION_ABORTABLE' })).toMatchObject({ errors });
  });

  test('before v2 nobody knows that a coordinator may be loading', async () => {
    expect((await commit(2, { error: 'COORDINATOR_LOAD_IN_PROGRESS' })).errors[0]).toBe(
      '0 COORDINATOR_LOAD_IN_PROGRESS',
    );
    expect((await commit(1, { error: 'COORDINATOR_LOAD_IN_PROGRESS' })).errors[0]).toBe('0 COORDINATOR_NOT_AVAILABLE');
  });
});

test('WriteTxnMarkers tells the fate of each marker that names a partition', async () => {
  const handler = writeTxnMarkersHandler({
    markers: { endTransaction: async ({ partition }) => (partition === 0 ? 'NONE' : 'TRANSACTION_COORDINATOR_FENCED') },
  });
  const marker = { producerId: 7, producerEpoch: 1, transactionResult: true, coordinatorEpoch: 4 };
  const { markers } = await ask(handler, 1, {
    markers: [
      { ...marker, producerId: 8, topics: [] },
      { ...marker, topics: [{ name: 't', partitionIndexes: [0, 1] }] },
    ],
  });
  expect(markers).toHaveLength(1);
  expect(markers).toMatchObject([
    {
      producerId: 7,
      topics: [{ partitions: [{ errorCode: 0 }, { errorCode: errorCode('TRANSACTION_COORDINATOR_FENCED') }] }],
    },
  ]);
});

describe('administration (KIP-664)', () => {
  test('ListTransactions hands its filters on; a pattern matches the whole id', async () => {
    const asked: TransactionFilters[] = [];
    const handler = listTransactionsHandler({
      transactions: {
        listTransactions: (filters) => {
          asked.push(filters);
          return {
            error: 'NONE',
            unknownStates: ['Odd'],
            transactions: [{ transactionalId: 'x', producerId: 7, state: 'Ongoing' }],
          };
        },
      },
    });
    const filters = { stateFilters: ['Ongoing', 'Odd'], producerIdFilters: [7], durationFilter: 10 };
    const answer = await ask(handler, 2, { ...filters, transactionalIdPattern: 'a.*' });
    expect(answer).toMatchObject({
      errorCode: 0,
      unknownStateFilters: ['Odd'],
      transactionStates: [{ transactionalId: 'x' }],
    });
    expect(asked[0]).toMatchObject({ states: ['Ongoing', 'Odd'], producerIds: [7], durationMs: 10 });
    expect([asked[0]!.matches!('abc'), asked[0]!.matches!('bac')]).toEqual([true, false]);
    await ask(handler, 0, {});
    expect(asked[1]).toEqual({ states: [], producerIds: [], durationMs: -1, matches: null });
    const bad = await ask(handler, 2, { transactionalIdPattern: '(' });
    expect(errorName(bad.errorCode)).toBe('INVALID_REGULAR_EXPRESSION');
  });

  test('DescribeTransactions describes one id after the other', async () => {
    const handler = describeTransactionsHandler({
      transactions: {
        describeTransaction: (transactionalId) => ({
          error: transactionalId === 'x' ? 'NONE' : 'TRANSACTIONAL_ID_NOT_FOUND',
          transactionalId,
          state: 'Ongoing',
          timeoutMs: 60_000,
          startTimestampMs: 5,
          producerId: 7,
          producerEpoch: 1,
          partitions: [{ topic: 't', partitions: [0, 1] }],
        }),
      },
    });
    const { transactionStates } = await ask(handler, 0, { transactionalIds: ['x', 'y'] });
    expect(transactionStates).toMatchObject([
      { errorCode: 0, transactionalId: 'x', transactionState: 'Ongoing', topics: [{ topic: 't', partitions: [0, 1] }] },
      { errorCode: errorCode('TRANSACTIONAL_ID_NOT_FOUND'), transactionalId: 'y' },
    ]);
  });

  test('DescribeProducers tells what a leader remembers, and why it cannot', async () => {
    const remembered = {
      producerId: 7,
      producerEpoch: 1,
      lastSequence: 4,
      lastTimestampMs: 5,
      coordinatorEpoch: -1,
      currentTransactionStartOffset: 3,
    };
    const handler = describeProducersHandler({
      metadata,
      partitions: { activeProducers: (_topic, index) => (index === 0 ? [remembered] : 'NOT_LEADER_OR_FOLLOWER') },
    });
    const names = ['t', 'nowhere', 'bad name'];
    const { topics } = await ask(handler, 0, { topics: names.map((name) => ({ name, partitionIndexes: [0, 1] })) });
    expect(topics.map(({ partitions }) => partitions.map(({ errorCode }) => errorName(errorCode)))).toEqual([
      ['NONE', 'NOT_LEADER_OR_FOLLOWER'],
      ['UNKNOWN_TOPIC_OR_PARTITION', 'UNKNOWN_TOPIC_OR_PARTITION'],
      ['INVALID_TOPIC_EXCEPTION', 'INVALID_TOPIC_EXCEPTION'],
    ]);
    expect(topics[0]!.partitions[0]!.activeProducers).toMatchObject([{ producerId: 7, currentTxnStartOffset: 3 }]);
  });
});

describe('verification before a Produce', () => {
  const records = buildBatch({
    ...producer,
    baseSequence: 0,
    transactional: true,
    nowMs: 1,
    records: [{ key: null, value: null }],
  });
  const entry = { topic: 't', topicId: null, partition: 0, records };
  const guard = { producerId: 7 };

  async function verify(errors: ErrorName[], version: number) {
    const time = new FakeTime();
    let asked = 0;
    const verification = new ProduceVerification({
      transactions: {
        addPartitions: async () => errors[Math.min(asked++, errors.length - 1)]!,
        verifyPartitions: async () => [{ topic: 't', partition: 0, error: errors[0]! }],
      },
      partitions: {
        startTransactionVerification: () => [{ kind: 'unverified', guard, producerId: 7, producerEpoch: 1 }],
      },
      clock: time,
      timer: {
        schedule: (delayMs, action) => {
          // Time passes as soon as somebody waits for it.
          const handle = time.schedule(delayMs, action);
          setImmediate(() => time.advance(delayMs));
          return handle;
        },
      },
      transactionSettings: { verificationEnabled: () => true, retryBackoffMs: 20, retryBackoffMaxMs: 100 },
    });
    const [verified] = await verification.verify('x', version, [entry]);
    const result = verified!.verification!;
    return { result: result.kind === 'verified' ? 'verified' : result.error, asked };
  }

  test.each<[ErrorName, string, string, string]>([
    ['NONE', 'verified', 'verified', 'verified'],
    ['TRANSACTION_ABORTABLE', 'INVALID_TXN_STATE', 'TRANSACTION_ABORTABLE', 'TRANSACTION_ABORTABLE'],
    ['PRODUCER_FENCED', 'INVALID_PRODUCER_EPOCH', 'INVALID_PRODUCER_EPOCH', 'INVALID_PRODUCER_EPOCH'],
    ['NOT_COORDINATOR', 'NOT_ENOUGH_REPLICAS', 'NOT_ENOUGH_REPLICAS', 'NOT_ENOUGH_REPLICAS'],
    ['CONCURRENT_TRANSACTIONS', 'NOT_ENOUGH_REPLICAS', 'NOT_ENOUGH_REPLICAS', 'CONCURRENT_TRANSACTIONS'],
  ])('%s is told as clients of v10, v11 and v12 understand it', async (error, v10, v11, v12) => {
    expect((await verify([error], 10)).result).toBe(v10);
    expect((await verify([error], 11)).result).toBe(v11);
    expect((await verify([error], 12)).result).toBe(v12);
  });

  test('v12 waits a little for the transaction before to be complete', async () => {
    expect(await verify(['CONCURRENT_TRANSACTIONS', 'CONCURRENT_TRANSACTIONS', 'NONE'], 12)).toEqual({
      result: 'verified',
      asked: 3,
    });
    expect((await verify(['CONCURRENT_TRANSACTIONS'], 12)).asked).toBe(6);
  });
});
