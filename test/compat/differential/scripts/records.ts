// Produce, Fetch, ListOffsets, DeleteRecords, OffsetForLeaderEpoch, InitProducerId.

import { versionsOf } from '../../../support/raw-client.ts';
import {
  ask,
  batch,
  createTopic,
  eachVersion,
  produce,
  RECORD_TIMESTAMP,
  type RequestStep,
  type Script,
} from '../script.ts';

const UNKNOWN_ID = 'hloYyovRSj-Y0Z7LtQuJ3A';
const ZERO_ID = 'AAAAAAAAAAAAAAAAAAAAAA';
const FAR_OFFSET = 2 ** 53 - 1;

const appendTo = (name: string | null, topicId: string, index: number, records: Buffer | null) => ({
  name: name ?? '',
  topicId,
  partitionData: [{ index, records }],
});

/** What every Produce request says; the topic by name or by id, as the version wants it. */
const appending = (topic: string, id: string, partition: number, records: Buffer | null, acks = -1) => ({
  acks,
  timeoutMs: 30_000,
  topicData: [appendTo(topic, id, partition, records)],
});

const corrupted = (): Buffer => {
  const records = batch();
  records[records.length - 1] = records[records.length - 1]! ^ 1;
  return records;
};

const produceScript: Script = {
  name: 'produce',
  steps: [
    createTopic('@t', { partitions: 2 }),
    createTopic('@small', { configs: { 'max.message.bytes': '200' } }),
    createTopic('@compact', { configs: { 'cleanup.policy': 'compact' } }),
    createTopic('@time', { configs: { 'message.timestamp.type': 'LogAppendTime' } }),
    ...eachVersion('Produce', () => ({ body: appending('@t', '$tId', 0, batch({ count: 2 })) })),
    ...eachVersion('Produce', () => ({ name: 'acks 1', body: appending('@t', '$tId', 1, batch(), 1) })),
    ...eachVersion('Produce', () => ({ name: 'acks 0', body: appending('@t', '$tId', 1, batch(), 0), probe: true })),
    ...eachVersion('Produce', () => ({ name: 'acks 2', body: appending('@t', '$tId', 0, batch(), 2) })),
    ...eachVersion('Produce', () => ({ name: 'acks -2', body: appending('@t', '$tId', 0, batch(), -2) })),
    ...eachVersion('Produce', () => ({ name: 'unknown topic', body: appending('@missing', UNKNOWN_ID, 0, batch()) })),
    ...eachVersion('Produce', () => ({ name: 'unknown partition', body: appending('@t', '$tId', 2, batch()) })),
    ...eachVersion('Produce', () => ({ name: 'negative partition', body: appending('@t', '$tId', -1, batch()) })),
    ...eachVersion('Produce', () => ({
      name: 'unknown topic, acks 0',
      body: appending('@missing', UNKNOWN_ID, 0, batch(), 0),
      probe: true,
    })),
    ...eachVersion('Produce', () => ({ name: 'bad checksum', body: appending('@t', '$tId', 0, corrupted()) })),
    ...eachVersion('Produce', () => ({
      name: 'bad checksum, acks 0',
      body: appending('@t', '$tId', 0, corrupted(), 0),
      probe: true,
    })),
    ...eachVersion('Produce', () => ({ name: 'empty records', body: appending('@t', '$tId', 0, Buffer.alloc(0)) })),
    ...eachVersion('Produce', () => ({
      name: 'too large',
      body: appending('@small', '$smallId', 0, batch({ valueBytes: 500 })),
    })),
    ...eachVersion('Produce', () => ({ name: 'log append time', body: appending('@time', '$timeId', 0, batch()) })),
    ...eachVersion('Produce', () => ({ name: 'nothing', body: { acks: -1, timeoutMs: 1000, topicData: [] } })),
    ...eachVersion('Produce', () => ({
      name: 'nothing, acks 0',
      body: { acks: 0, timeoutMs: 1000, topicData: [] },
      probe: true,
    })),
    ...eachVersion('Produce', () => ({
      name: 'no partitions',
      body: { acks: -1, timeoutMs: 1000, topicData: [{ name: '@t', topicId: '$tId', partitionData: [] }] },
    })),
    ...eachVersion('Produce', () => ({
      name: 'no time',
      body: { ...appending('@t', '$tId', 0, batch()), timeoutMs: 0 },
    })),
    ...eachVersion('Produce', () => ({
      name: 'less than no time',
      body: { ...appending('@t', '$tId', 0, batch()), timeoutMs: -1 },
    })),
    ...[3, 12].flatMap((version): RequestStep[] => [
      {
        name: 'several partitions and topics',
        api: 'Produce',
        version,
        body: {
          acks: -1,
          timeoutMs: 30_000,
          topicData: [
            {
              name: '@t',
              partitionData: [
                { index: 1, records: batch() },
                { index: 5, records: batch() },
                { index: 0, records: batch() },
              ],
            },
            appendTo('@missing', ZERO_ID, 0, batch()),
            appendTo('@small', ZERO_ID, 0, batch({ valueBytes: 900 })),
            appendTo('@compact', ZERO_ID, 0, batch()),
          ],
        },
        unordered: ['responses', 'responses.*.partitionResponses'],
      },
      {
        name: 'the same partition twice',
        api: 'Produce',
        version,
        body: {
          acks: -1,
          timeoutMs: 30_000,
          topicData: [
            {
              name: '@t',
              partitionData: [
                { index: 1, records: batch() },
                { index: 1, records: batch() },
              ],
            },
          ],
        },
      },
      {
        name: 'the same topic twice',
        api: 'Produce',
        version,
        body: {
          acks: -1,
          timeoutMs: 30_000,
          topicData: [appendTo('@t', ZERO_ID, 0, batch()), appendTo('@t', ZERO_ID, 1, batch())],
        },
      },
      ...['', 'a b', '..'].map((name) => ({
        name: `topic '${name}'`,
        api: 'Produce',
        version,
        body: appending(name, ZERO_ID, 0, batch()),
      })),
      { name: 'internal topic', api: 'Produce', version, body: appending('__consumer_offsets', ZERO_ID, 0, batch()) },
      { name: 'metadata topic', api: 'Produce', version, body: appending('__cluster_metadata', ZERO_ID, 0, batch()) },
      { name: 'trailing bytes', api: 'Produce', version, body: appending('@t', ZERO_ID, 0, batch()), trailing: '00' },
      { name: 'cut', api: 'Produce', version, body: appending('@t', ZERO_ID, 0, batch()), cut: 1 },
    ]),
    ...[ZERO_ID, UNKNOWN_ID].map((id) => ask(`id ${id}`, 'Produce', appending('', id, 0, batch()))),
    ask(
      'known and unknown id',
      'Produce',
      {
        acks: -1,
        timeoutMs: 30_000,
        topicData: [appendTo('', UNKNOWN_ID, 0, batch()), appendTo('', '$tId', 0, batch())],
      },
      { unordered: ['responses'] },
    ),
    ask('no key on a compacted topic', 'Produce', appending('', '$compactId', 0, batch({ keyless: true }))),
    ask('transactional id without the bit', 'Produce', {
      ...appending('', '$tId', 0, batch()),
      transactionalId: '@tx',
    }),
    ...[0, 1, 2, 14].map(
      (version): RequestStep => ({
        name: 'version that is not there',
        api: 'Produce',
        version,
        rawBody: 'ffff0000000003e800000000',
        probe: true,
      }),
    ),
    { name: 'garbage', api: 'Produce', version: 9, rawBody: 'ffffffffffffffffffffffffff' },
    { name: 'an empty body', api: 'Produce', version: 9, rawBody: '' },
    ask('what is stored', 'ListOffsets', {
      replicaId: -1,
      topics: [
        {
          name: '@t',
          partitions: [
            { partitionIndex: 0, timestamp: -1 },
            { partitionIndex: 1, timestamp: -1 },
          ],
        },
      ],
    }),
  ],
};

const sequence = (name: string, options: Parameters<typeof batch>[0], version = 12): RequestStep => ({
  name,
  api: 'Produce',
  version,
  body: appending('@t', '$tId', 0, batch(options)),
});

const idempotence: Script = {
  name: 'idempotence',
  steps: [
    createTopic('@t'),
    ...eachVersion('InitProducerId', () => ({
      name: 'new',
      body: { transactionalId: null, transactionTimeoutMs: 1000 },
    })),
    ...eachVersion('InitProducerId', () => ({
      name: 'empty transactional id',
      body: { transactionalId: '', transactionTimeoutMs: 1000 },
    })),
    ...[3, 4, 5].flatMap((version) =>
      (
        [
          ['id without epoch', 7, -1],
          ['epoch without id', -1, 3],
          ['id and epoch', 7, 3],
          ['negative id', -5, 3],
          ['negative epoch', 7, -2],
        ] as const
      ).map(([name, producerId, producerEpoch]) => ({
        name,
        api: 'InitProducerId',
        version,
        body: { transactionalId: null, transactionTimeoutMs: 1000, producerId, producerEpoch },
      })),
    ),
    ...[0, -1, 2 ** 31 - 1].map((transactionTimeoutMs) =>
      ask(`timeout ${transactionTimeoutMs}`, 'InitProducerId', { transactionalId: null, transactionTimeoutMs }),
    ),
    {
      name: 'unstable version',
      api: 'InitProducerId',
      version: 6,
      body: { transactionalId: null, transactionTimeoutMs: 1000 },
    },
    {
      name: 'trailing bytes',
      api: 'InitProducerId',
      version: 0,
      body: { transactionalId: null, transactionTimeoutMs: 1000 },
      trailing: '00',
    },
    {
      name: 'trailing bytes',
      api: 'InitProducerId',
      version: 5,
      body: { transactionalId: null, transactionTimeoutMs: 1000 },
      trailing: '00',
    },
    {
      name: 'cut',
      api: 'InitProducerId',
      version: 5,
      body: { transactionalId: null, transactionTimeoutMs: 1000 },
      cut: 1,
    },
    sequence('first', { producerId: 900, producerEpoch: 0, baseSequence: 0, count: 3 }),
    sequence('second', { producerId: 900, producerEpoch: 0, baseSequence: 3 }),
    sequence('second again', { producerId: 900, producerEpoch: 0, baseSequence: 3 }),
    sequence('first again', { producerId: 900, producerEpoch: 0, baseSequence: 0, count: 3 }),
    sequence('first again, fewer', { producerId: 900, producerEpoch: 0, baseSequence: 0, count: 2 }),
    sequence('gap', { producerId: 900, producerEpoch: 0, baseSequence: 9 }),
    sequence('gap, old version', { producerId: 900, producerEpoch: 0, baseSequence: 9 }, 3),
    sequence('next epoch, sequence 5', { producerId: 900, producerEpoch: 1, baseSequence: 5 }),
    sequence('next epoch', { producerId: 900, producerEpoch: 1, baseSequence: 0 }),
    sequence('old epoch', { producerId: 900, producerEpoch: 0, baseSequence: 4 }),
    sequence('old epoch, old version', { producerId: 900, producerEpoch: 0, baseSequence: 4 }, 3),
    sequence('unknown producer, sequence 5', { producerId: 901, producerEpoch: 0, baseSequence: 5 }),
    sequence('negative epoch', { producerId: 902, producerEpoch: -1, baseSequence: 0 }),
    sequence('negative sequence', { producerId: 903, producerEpoch: 0, baseSequence: -1 }),
    sequence('negative id', { producerId: -2, producerEpoch: 0, baseSequence: 0 }),
  ],
};

interface Read {
  readonly partition?: number;
  readonly fetchOffset: number;
  readonly currentLeaderEpoch?: number;
  readonly lastFetchedEpoch?: number;
  readonly partitionMaxBytes?: number;
  readonly logStartOffset?: number;
}

const reading = (topic: string, topicId: string, ...reads: readonly Read[]) => ({
  topic,
  topicId,
  partitions: reads.map((read) => ({ partition: 0, partitionMaxBytes: 1_000_000, ...read })),
});

/** No session: epoch -1. */
const fetching = (topics: readonly object[], more: object = {}) => ({
  maxWaitMs: 0,
  minBytes: 0,
  maxBytes: 10_000_000,
  sessionId: 0,
  sessionEpoch: -1,
  topics,
  ...more,
});

const single = (read: Read) => [reading('@t', '$tId', read)];
const BATCH_BYTES = batch({ count: 2 }).length;

const fetchScript: Script = {
  name: 'fetch',
  steps: [
    createTopic('@t', { partitions: 2 }),
    createTopic('@u'),
    createTopic('@empty'),
    ...produce('@t', 0, batch({ count: 2 }), batch({ count: 2 }), batch({ count: 2 })),
    ...produce('@u', 0, batch({ count: 3 })),
    ...eachVersion('Fetch', () => ({ body: fetching(single({ fetchOffset: 0 })) })),
    ...eachVersion('Fetch', () => ({ name: 'within a batch', body: fetching(single({ fetchOffset: 3 })) })),
    ...eachVersion('Fetch', () => ({ name: 'at the end', body: fetching(single({ fetchOffset: 6 })) })),
    ...eachVersion('Fetch', () => ({ name: 'behind the end', body: fetching(single({ fetchOffset: 7 })) })),
    ...eachVersion('Fetch', () => ({ name: 'offset -1', body: fetching(single({ fetchOffset: -1 })) })),
    ...eachVersion('Fetch', () => ({ name: 'far offset', body: fetching(single({ fetchOffset: FAR_OFFSET })) })),
    ...eachVersion('Fetch', () => ({
      name: 'an empty log',
      body: fetching([reading('@empty', '$emptyId', { fetchOffset: 0 })]),
    })),
    ...eachVersion('Fetch', () => ({
      name: 'unknown topic',
      body: fetching([reading('@missing', UNKNOWN_ID, { fetchOffset: 0 })]),
    })),
    ...eachVersion('Fetch', () => ({
      name: 'unknown and known topic',
      body: fetching([reading('@missing', UNKNOWN_ID, { fetchOffset: 0 }), ...single({ fetchOffset: 4 })]),
      unordered: ['responses'],
    })),
    ...eachVersion('Fetch', () => ({ name: 'no topic', body: fetching([reading('', ZERO_ID, { fetchOffset: 0 })]) })),
    ...eachVersion('Fetch', () => ({
      name: 'unknown partition',
      body: fetching(single({ partition: 2, fetchOffset: 0 })),
    })),
    ...eachVersion('Fetch', () => ({
      name: 'negative partition',
      body: fetching(single({ partition: -1, fetchOffset: 0 })),
    })),
    ...eachVersion('Fetch', () => ({
      name: 'one byte of a partition',
      body: fetching(single({ fetchOffset: 0, partitionMaxBytes: 1 })),
    })),
    ...eachVersion('Fetch', () => ({
      name: 'no byte of a partition',
      body: fetching(single({ fetchOffset: 0, partitionMaxBytes: 0 })),
    })),
    ...eachVersion('Fetch', () => ({
      name: 'negative bytes of a partition',
      body: fetching(single({ fetchOffset: 0, partitionMaxBytes: -1 })),
    })),
    ...eachVersion('Fetch', () => ({
      name: 'a batch and a half',
      body: fetching(single({ fetchOffset: 0, partitionMaxBytes: BATCH_BYTES + 40 })),
    })),
    ...eachVersion('Fetch', () => ({
      name: 'two batches',
      body: fetching(single({ fetchOffset: 0, partitionMaxBytes: 2 * BATCH_BYTES })),
    })),
    ...eachVersion('Fetch', () => ({
      name: 'one byte in all',
      body: fetching([...single({ fetchOffset: 0 }), reading('@u', '$uId', { fetchOffset: 0 })], { maxBytes: 1 }),
    })),
    ...eachVersion('Fetch', () => ({
      name: 'no byte in all',
      body: fetching(single({ fetchOffset: 0 }), { maxBytes: 0 }),
    })),
    ...eachVersion('Fetch', () => ({
      name: 'negative bytes in all',
      body: fetching(single({ fetchOffset: 0 }), { maxBytes: -1 }),
    })),
    ...eachVersion('Fetch', () => ({
      name: 'a batch and a half in all',
      body: fetching([...single({ fetchOffset: 0 }), reading('@u', '$uId', { fetchOffset: 0 })], {
        maxBytes: BATCH_BYTES + 40,
      }),
    })),
    ...eachVersion('Fetch', () => ({
      name: 'more than there is',
      body: fetching(single({ fetchOffset: 0 }), { maxWaitMs: 20, minBytes: 1_000_000 }),
    })),
    ...eachVersion('Fetch', () => ({
      name: 'negative wait',
      body: fetching(single({ fetchOffset: 6 }), { maxWaitMs: -1, minBytes: 1 }),
    })),
    ...eachVersion('Fetch', () => ({
      name: 'negative least bytes',
      body: fetching(single({ fetchOffset: 6 }), { minBytes: -1 }),
    })),
    ...eachVersion('Fetch', () => ({
      name: 'committed only',
      body: fetching(single({ fetchOffset: 2 }), { isolationLevel: 1 }),
    })),
    ...eachVersion('Fetch', () => ({
      name: 'unknown isolation',
      body: fetching(single({ fetchOffset: 2 }), { isolationLevel: 2 }),
    })),
    ...eachVersion('Fetch', () => ({
      name: 'the same partition twice',
      body: fetching(single({ fetchOffset: 0 }).concat(single({ fetchOffset: 4 }))),
    })),
    ...eachVersion('Fetch', () => ({ name: 'nothing', body: fetching([]) })),
    ...eachVersion('Fetch', () => ({
      name: 'leader epoch 0',
      body: fetching(single({ fetchOffset: 4, currentLeaderEpoch: 0 })),
    })),
    ...eachVersion('Fetch', () => ({
      name: 'future leader epoch',
      body: fetching(single({ fetchOffset: 4, currentLeaderEpoch: 1 })),
    })),
    ...eachVersion('Fetch', () => ({
      name: 'negative leader epoch',
      body: fetching(single({ fetchOffset: 4, currentLeaderEpoch: -2 })),
    })),
    ...eachVersion('Fetch', () => ({
      name: 'last epoch 0',
      body: fetching(single({ fetchOffset: 4, lastFetchedEpoch: 0 })),
    })),
    ...eachVersion('Fetch', () => ({
      name: 'last epoch 5',
      body: fetching(single({ fetchOffset: 4, lastFetchedEpoch: 5 })),
    })),
    ...eachVersion('Fetch', () => ({ name: 'a rack', body: fetching(single({ fetchOffset: 4 }), { rackId: 'far' }) })),
    ...eachVersion('Fetch', () => ({
      name: 'as the debugging consumer',
      body: fetching(single({ fetchOffset: 4 }), { replicaId: -2, replicaState: { replicaId: -2 } }),
    })),
    ...eachVersion('Fetch', () => ({
      name: 'as a replica that is none',
      body: fetching(single({ fetchOffset: 4 }), { replicaId: 7, replicaState: { replicaId: 7, replicaEpoch: 1 } }),
    })),
    ...eachVersion('Fetch', () => ({
      name: 'another cluster',
      body: fetching(single({ fetchOffset: 4 }), { clusterId: 'another' }),
    })),
    ...[4, 12, 18].flatMap((version): RequestStep[] => [
      { name: 'trailing bytes', api: 'Fetch', version, body: fetching(single({ fetchOffset: 4 })), trailing: '00' },
      { name: 'cut', api: 'Fetch', version, body: fetching(single({ fetchOffset: 4 })), cut: 1 },
    ]),
    { name: 'a version to come', api: 'Fetch', version: 19, body: fetching([]) },
    { name: 'a removed version', api: 'Fetch', version: 3, rawBody: 'ffffffff0000000000000000000000000000' },
    // A fetch that waits is answered when records come.
    {
      name: 'waits',
      api: 'Fetch',
      version: 12,
      connection: 'waiting',
      body: fetching([reading('@empty', '$emptyId', { fetchOffset: 0 })], { maxWaitMs: 10_000, minBytes: 1 }),
      later: 'waiting',
    },
    ...produce('@empty', 0, batch()),
    { take: 'waiting' },
  ],
};

/** One fetch session per version, from its opening to its end. */
const sessionSteps = (version: number): RequestStep[] => {
  const session = `session${version}`;
  const step = (name: string, body: object): RequestStep => ({
    name,
    api: 'Fetch',
    version,
    body: body as RequestStep['body'] & object,
  });
  const inSession = (sessionEpoch: number, topics: readonly object[], more: object = {}) =>
    fetching(topics, { sessionId: `$${session}`, sessionEpoch, ...more });
  const forget = (topic: string, topicId: string, ...partitions: number[]) => ({
    forgottenTopicsData: [{ topic, topicId, partitions }],
  });
  return [
    {
      ...step(
        'open',
        fetching([reading('@t', '$tId', { fetchOffset: 4 }, { partition: 1, fetchOffset: 0 })], { sessionEpoch: 0 }),
      ),
      save: { [session]: 'sessionId' },
    },
    step('nothing new', inSession(1, [])),
    step('other offset', inSession(2, [reading('@t', '$tId', { fetchOffset: 6 })])),
    step('one more topic', inSession(3, [reading('@u', '$uId', { fetchOffset: 0 })])),
    step('epoch once more', inSession(3, [])),
    step('epoch too far', inSession(9, [])),
    step('unknown partition', inSession(4, [reading('@t', '$tId', { partition: 7, fetchOffset: 0 })])),
    step('still unknown', inSession(5, [])),
    step('forget it', inSession(6, [], forget('@t', '$tId', 7))),
    step('forget what was not asked', inSession(7, [], forget('@t', '$tId', 9))),
    step('forget an unknown topic', inSession(8, [], forget('@missing', UNKNOWN_ID, 0))),
    step('unknown topic', inSession(9, [reading('@missing', UNKNOWN_ID, { fetchOffset: 0 })])),
    step('out of range', inSession(10, [reading('@t', '$tId', { fetchOffset: 99 })])),
    step('still out of range', inSession(11, [])),
    step('forget two', inSession(12, [], forget('@t', '$tId', 0, 1))),
    step('what is left', inSession(13, [])),
    step(
      'forget the rest',
      inSession(14, [], {
        forgottenTopicsData: [
          { topic: '@u', topicId: '$uId', partitions: [0] },
          { topic: '@missing', topicId: UNKNOWN_ID, partitions: [0] },
        ],
      }),
    ),
    step('an empty session', inSession(15, [])),
    step('end', inSession(-1, [])),
    step('after the end', inSession(16, [])),
    step('unknown session', fetching([], { sessionId: 123, sessionEpoch: 1 })),
    step('unknown session, epoch 0', fetching(single({ fetchOffset: 6 }), { sessionId: 123, sessionEpoch: 0 })),
    step('unknown session, epoch -1', fetching(single({ fetchOffset: 6 }), { sessionId: 123, sessionEpoch: -1 })),
    step('epoch 1 without a session', fetching([], { sessionId: 0, sessionEpoch: 1 })),
    step('negative epoch', fetching([], { sessionId: 0, sessionEpoch: -2 })),
    step('open with nothing', fetching([], { sessionEpoch: 0 })),
    step('forget without a session', fetching(single({ fetchOffset: 6 }), forget('@t', '$tId', 0))),
  ];
};

const fetchSessions = versionsOf('Fetch')
  .filter((version) => version >= 7)
  .map(
    (version): Script => ({
      name: `fetch-session-v${version}`,
      steps: [
        createTopic('@t', { partitions: 2 }),
        createTopic('@u'),
        ...produce('@t', 0, batch({ count: 2 }), batch({ count: 2 }), batch({ count: 2 })),
        ...produce('@u', 0, batch({ count: 3 })),
        ...sessionSteps(version),
      ],
    }),
  );

/** A session keeps topics by id: what another kind of version asks of it. */
const mixedSessions: Script = {
  name: 'fetch-session-mixed',
  steps: [
    createTopic('@t'),
    {
      name: 'open by name',
      api: 'Fetch',
      version: 12,
      body: fetching(single({ fetchOffset: 0 }), { sessionEpoch: 0 }),
      save: { named: 'sessionId' },
    },
    {
      name: 'go on by id',
      api: 'Fetch',
      version: 13,
      body: fetching(single({ fetchOffset: 0 }), { sessionId: '$named', sessionEpoch: 1 }),
    },
    {
      name: 'open by id',
      api: 'Fetch',
      version: 13,
      body: fetching(single({ fetchOffset: 0 }), { sessionEpoch: 0 }),
      save: { identified: 'sessionId' },
    },
    {
      name: 'go on by name',
      api: 'Fetch',
      version: 12,
      body: fetching(single({ fetchOffset: 0 }), { sessionId: '$identified', sessionEpoch: 1 }),
    },
    {
      name: 'go on with nothing',
      api: 'Fetch',
      version: 12,
      body: fetching([], { sessionId: '$identified', sessionEpoch: 1 }),
    },
  ],
};

const at = (
  topic: string,
  ...asked: readonly { partitionIndex?: number; timestamp: number; currentLeaderEpoch?: number }[]
) => ({
  name: topic,
  partitions: asked.map((partition) => ({ partitionIndex: 0, ...partition })),
});

const listOffsets: Script = {
  name: 'list-offsets',
  steps: [
    createTopic('@t', { partitions: 2 }),
    createTopic('@empty'),
    ...produce(
      '@t',
      0,
      batch({ count: 2 }),
      batch({ count: 3, firstTimestamp: RECORD_TIMESTAMP + 100 }),
      batch({ count: 1, firstTimestamp: RECORD_TIMESTAMP + 50 }),
    ),
    ...versionsOf('ListOffsets').flatMap((version) =>
      [
        -1,
        -2,
        -3,
        -4,
        -5,
        -6,
        -7,
        -100,
        0,
        RECORD_TIMESTAMP,
        RECORD_TIMESTAMP + 1,
        RECORD_TIMESTAMP + 2,
        RECORD_TIMESTAMP + 50,
        RECORD_TIMESTAMP + 101,
        RECORD_TIMESTAMP + 103,
        FAR_OFFSET,
      ].flatMap((timestamp) =>
        (version >= 2 ? [0, 1] : [0]).map((isolationLevel) => ({
          name: `timestamp ${timestamp}, isolation ${isolationLevel}`,
          api: 'ListOffsets',
          version,
          body: { replicaId: -1, isolationLevel, topics: [at('@t', { timestamp }), at('@empty', { timestamp })] },
        })),
      ),
    ),
    ...eachVersion('ListOffsets', () => ({
      name: 'unknown topic',
      body: { replicaId: -1, topics: [at('@missing', { timestamp: -1 })] },
    })),
    ...eachVersion('ListOffsets', () => ({
      name: 'unknown partition',
      body: { replicaId: -1, topics: [at('@t', { partitionIndex: 2, timestamp: -1 }, { timestamp: -1 })] },
    })),
    ...eachVersion('ListOffsets', () => ({
      name: 'negative partition',
      body: { replicaId: -1, topics: [at('@t', { partitionIndex: -1, timestamp: -1 })] },
    })),
    ...eachVersion('ListOffsets', () => ({
      name: 'twice',
      body: {
        replicaId: -1,
        topics: [at('@t', { timestamp: -1 }, { timestamp: -2 }, { partitionIndex: 1, timestamp: -1 })],
      },
    })),
    ...eachVersion('ListOffsets', () => ({
      name: 'the topic twice',
      body: { replicaId: -1, topics: [at('@t', { timestamp: -1 }), at('@t', { timestamp: -2 })] },
    })),
    ...eachVersion('ListOffsets', () => ({
      name: 'leader epoch 0',
      body: { replicaId: -1, topics: [at('@t', { timestamp: -1, currentLeaderEpoch: 0 })] },
    })),
    ...eachVersion('ListOffsets', () => ({
      name: 'future leader epoch',
      body: { replicaId: -1, topics: [at('@t', { timestamp: -1, currentLeaderEpoch: 4 })] },
    })),
    ...eachVersion('ListOffsets', () => ({
      name: 'negative leader epoch',
      body: { replicaId: -1, topics: [at('@t', { timestamp: -1, currentLeaderEpoch: -2 })] },
    })),
    ...eachVersion('ListOffsets', () => ({
      name: 'unknown isolation',
      body: { replicaId: -1, isolationLevel: 5, topics: [at('@t', { timestamp: -1 })] },
    })),
    ...eachVersion('ListOffsets', () => ({
      name: 'as a replica',
      body: { replicaId: 7, topics: [at('@t', { timestamp: -1 })] },
    })),
    ...eachVersion('ListOffsets', () => ({
      name: 'as the debugging consumer',
      body: { replicaId: -2, topics: [at('@t', { timestamp: -1 })] },
    })),
    ...eachVersion('ListOffsets', () => ({ name: 'nothing', body: { replicaId: -1, topics: [] } })),
    ...eachVersion('ListOffsets', () => ({ name: 'no partitions', body: { replicaId: -1, topics: [at('@t')] } })),
    ...eachVersion('ListOffsets', () => ({
      name: 'empty name',
      body: { replicaId: -1, topics: [at('', { timestamp: -1 })] },
    })),
    ...[1, 11].flatMap((version): RequestStep[] => [
      { name: 'trailing bytes', api: 'ListOffsets', version, body: { replicaId: -1, topics: [] }, trailing: '00' },
      { name: 'cut', api: 'ListOffsets', version, body: { replicaId: -1, topics: [] }, cut: 1 },
    ]),
    { name: 'a removed version', api: 'ListOffsets', version: 0, rawBody: 'ffffffff00000000' },
    { name: 'a version to come', api: 'ListOffsets', version: 12, body: { replicaId: -1, topics: [] } },
  ],
};

const cutAt = (topic: string, ...partitions: readonly { partitionIndex?: number; offset: number }[]) => ({
  name: topic,
  partitions: partitions.map((partition) => ({ partitionIndex: 0, ...partition })),
});

const deleteRecords: Script = {
  name: 'delete-records',
  steps: [
    createTopic('@t', { partitions: 2 }),
    createTopic('@compact', { configs: { 'cleanup.policy': 'compact' } }),
    createTopic('@both', { configs: { 'cleanup.policy': 'compact,delete' } }),
    ...produce('@t', 0, batch({ count: 2 }), batch({ count: 5 })),
    ...produce('@compact', 0, batch({ count: 2 })),
    ...produce('@both', 0, batch({ count: 2 })),
    ...eachVersion('DeleteRecords', (version) => ({
      body: { topics: [cutAt('@t', { offset: version + 1 })], timeoutMs: 30_000 },
    })),
    ...eachVersion('DeleteRecords', () => ({
      name: 'once more',
      body: { topics: [cutAt('@t', { offset: 1 })], timeoutMs: 30_000 },
    })),
    ...eachVersion('DeleteRecords', () => ({
      name: 'behind the end',
      body: { topics: [cutAt('@t', { offset: 8 })], timeoutMs: 30_000 },
    })),
    ...eachVersion('DeleteRecords', () => ({
      name: 'offset -2',
      body: { topics: [cutAt('@t', { offset: -2 })], timeoutMs: 30_000 },
    })),
    ...eachVersion('DeleteRecords', () => ({
      name: 'unknown topic',
      body: { topics: [cutAt('@missing', { offset: 1 })], timeoutMs: 30_000 },
    })),
    ...eachVersion('DeleteRecords', () => ({
      name: 'unknown partition',
      body: { topics: [cutAt('@t', { partitionIndex: 4, offset: 1 })], timeoutMs: 30_000 },
    })),
    ...eachVersion('DeleteRecords', () => ({
      name: 'negative partition',
      body: { topics: [cutAt('@t', { partitionIndex: -1, offset: 1 })], timeoutMs: 30_000 },
    })),
    ...eachVersion('DeleteRecords', () => ({
      name: 'compacted',
      body: { topics: [cutAt('@compact', { offset: 1 })], timeoutMs: 30_000 },
    })),
    ...eachVersion('DeleteRecords', () => ({
      name: 'compacted and deleted',
      body: { topics: [cutAt('@both', { offset: 1 })], timeoutMs: 30_000 },
    })),
    ...eachVersion('DeleteRecords', () => ({
      name: 'internal',
      body: { topics: [cutAt('__consumer_offsets', { offset: 1 })], timeoutMs: 30_000 },
    })),
    ...eachVersion('DeleteRecords', () => ({ name: 'nothing', body: { topics: [], timeoutMs: 30_000 } })),
    ...eachVersion('DeleteRecords', () => ({
      name: 'twice, good and bad',
      body: {
        topics: [
          cutAt('@t', { offset: 4 }, { offset: 5 }, { partitionIndex: 1, offset: 0 }),
          cutAt('@missing', { offset: 0 }),
        ],
        timeoutMs: 30_000,
      },
      unordered: ['topics', 'topics.*.partitions'],
    })),
    ask('empty partition, all', 'DeleteRecords', {
      topics: [cutAt('@t', { partitionIndex: 1, offset: -1 })],
      timeoutMs: 30_000,
    }),
    ask('all', 'DeleteRecords', { topics: [cutAt('@t', { offset: -1 })], timeoutMs: 30_000 }),
    ask('earliest then', 'ListOffsets', { replicaId: -1, topics: [at('@t', { timestamp: -2 })] }),
    ask('before the start then', 'Fetch', fetching(single({ fetchOffset: 1 }))),
    ask('no time', 'DeleteRecords', { topics: [cutAt('@t', { offset: 7 })], timeoutMs: 0 }),
    {
      name: 'trailing bytes',
      api: 'DeleteRecords',
      version: 0,
      body: { topics: [], timeoutMs: 30_000 },
      trailing: '00',
    },
    {
      name: 'trailing bytes',
      api: 'DeleteRecords',
      version: 2,
      body: { topics: [], timeoutMs: 30_000 },
      trailing: '00',
    },
    { name: 'cut', api: 'DeleteRecords', version: 2, body: { topics: [], timeoutMs: 30_000 }, cut: 1 },
  ],
};

const epochs = (
  topic: string,
  ...partitions: readonly { partition?: number; leaderEpoch: number; currentLeaderEpoch?: number }[]
) => ({
  topic,
  partitions: partitions.map((partition) => ({ partition: 0, ...partition })),
});

const offsetForLeaderEpoch: Script = {
  name: 'offset-for-leader-epoch',
  steps: [
    createTopic('@t', { partitions: 2 }),
    ...produce('@t', 0, batch({ count: 2 }), batch({ count: 5 })),
    ...[0, 1, -1, -2, 99, 2 ** 31 - 1].flatMap((leaderEpoch) =>
      eachVersion('OffsetForLeaderEpoch', () => ({
        name: `epoch ${leaderEpoch}`,
        body: { replicaId: -1, topics: [epochs('@t', { leaderEpoch }, { partition: 1, leaderEpoch })] },
      })),
    ),
    ...[0, 1, -1, -2, 7].flatMap((currentLeaderEpoch) =>
      eachVersion('OffsetForLeaderEpoch', () => ({
        name: `current epoch ${currentLeaderEpoch}`,
        body: { replicaId: -1, topics: [epochs('@t', { leaderEpoch: 0, currentLeaderEpoch })] },
      })),
    ),
    ...[-2, 1, 7].flatMap((replicaId) =>
      eachVersion('OffsetForLeaderEpoch', () => ({
        name: `replica ${replicaId}`,
        body: { replicaId, topics: [epochs('@t', { leaderEpoch: 0 })] },
      })),
    ),
    ...eachVersion('OffsetForLeaderEpoch', () => ({
      name: 'unknown ones',
      body: {
        replicaId: -1,
        topics: [
          epochs('@missing', { leaderEpoch: 0 }),
          epochs('@t', { partition: 9, leaderEpoch: 0 }, { partition: -1, leaderEpoch: 0 }, { leaderEpoch: 0 }),
        ],
      },
      unordered: ['topics', 'topics.*.partitions'],
    })),
    ...eachVersion('OffsetForLeaderEpoch', () => ({ name: 'nothing', body: { replicaId: -1, topics: [] } })),
    ...eachVersion('OffsetForLeaderEpoch', () => ({
      name: 'twice',
      body: { replicaId: -1, topics: [epochs('@t', { leaderEpoch: 0 }, { leaderEpoch: 0 })] },
    })),
    { name: 'trailing bytes', api: 'OffsetForLeaderEpoch', version: 2, body: { topics: [] }, trailing: '00' },
    { name: 'trailing bytes', api: 'OffsetForLeaderEpoch', version: 4, body: { topics: [] }, trailing: '00' },
    { name: 'cut', api: 'OffsetForLeaderEpoch', version: 4, body: { topics: [] }, cut: 1 },
  ],
};

const compression: Script = {
  name: 'compression',
  steps: [
    createTopic('@strict', { configs: { 'min.insync.replicas': '2' } }),
    ...eachVersion('Produce', () => ({
      name: 'more replicas wanted than there are',
      body: appending('@strict', '$strictId', 0, batch()),
    })),
    ...(['gzip', 'snappy', 'lz4', 'zstd'] as const).flatMap((compressionType) => {
      const topic = `@${compressionType}`;
      const id = `$${compressionType}Id`;
      return [
        createTopic(topic),
        ...eachVersion('Produce', () => ({
          name: compressionType,
          body: appending(topic, id, 0, batch({ count: 3, compressionType })),
        })),
        ...eachVersion('Fetch', () => ({
          name: compressionType,
          body: fetching([reading(topic, id, { fetchOffset: 1 })]),
        })),
        ...eachVersion('Fetch', () => ({
          name: `${compressionType}, at the end`,
          body: fetching([reading(topic, id, { fetchOffset: 33 })]),
        })),
        ask(`${compressionType}, by time`, 'ListOffsets', {
          replicaId: -1,
          topics: [at(topic, { timestamp: RECORD_TIMESTAMP + 1 })],
        }),
        ask(`${compressionType}, greatest time`, 'ListOffsets', {
          replicaId: -1,
          topics: [at(topic, { timestamp: -3 })],
        }),
      ];
    }),
    // Consumers that do not know zstd are told by the topic's setting, whatever is in it.
    createTopic('@only-zstd', { configs: { 'compression.type': 'zstd' } }),
    ...eachVersion('Fetch', () => ({
      name: 'topic of zstd',
      body: fetching([reading('@only-zstd', '$only-zstdId', { fetchOffset: 0 })]),
    })),
  ],
};

export const recordScripts: readonly Script[] = [
  compression,
  produceScript,
  idempotence,
  fetchScript,
  ...fetchSessions,
  mixedSessions,
  listOffsets,
  deleteRecords,
  offsetForLeaderEpoch,
];
