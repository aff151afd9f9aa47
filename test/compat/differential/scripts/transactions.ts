// AddPartitionsToTxn, AddOffsetsToTxn, EndTxn, TxnOffsetCommit, WriteTxnMarkers, InitProducerId with a transactional id;
// DescribeTransactions, ListTransactions, DescribeProducers.

import { ask, createTopic, eachVersion, type RequestStep, type Script } from '../script.ts';

const FAR_EPOCH = 32_767;

/** What an answer says while a transaction is being ended is a matter of time; this one comes after. */
const settled = (path: string, is: unknown = 0) => ({ until: { path, is } });

const transactionCoordinator: RequestStep = {
  api: 'FindCoordinator',
  version: 2,
  setup: true,
  body: { key: '@id', keyType: 1 },
  ...settled('errorCode'),
};

/** The transactional id's producer, saved as `producer` and `epoch`. */
const begin = (transactionalId: string, version = 4, more: Partial<RequestStep> = {}): RequestStep => ({
  name: `producer of ${transactionalId}`,
  api: 'InitProducerId',
  version,
  body: { transactionalId, transactionTimeoutMs: 60_000 },
  save: { producer: 'producerId', epoch: 'producerEpoch' },
  ...settled('errorCode'),
  ...more,
});

const owner = { producerId: '$producer', producerEpoch: '$epoch' };

/** One body for all versions. */
const addPartitions = (
  transactionalId: string,
  more: { producerId?: number; producerEpoch?: number; verifyOnly?: boolean } = {},
  topics = [{ name: '@t', partitions: [0] }],
) => ({
  transactions: [{ transactionalId, ...owner, verifyOnly: false, topics, ...more }],
  v3AndBelowTransactionalId: transactionalId,
  v3AndBelowProducerId: more.producerId ?? '$producer',
  v3AndBelowProducerEpoch: more.producerEpoch ?? '$epoch',
  v3AndBelowTopics: topics,
});

const commitOffsets = (transactionalId: string, groupId: string, more: object = {}) => ({
  transactionalId,
  groupId,
  ...owner,
  topics: [{ name: '@t', partitions: [{ partitionIndex: 0, committedOffset: 5, committedMetadata: 'five' }] }],
  ...more,
});

const produceIn = (name: string, transactionalId: string, version: number, baseSequence: number): RequestStep => ({
  name,
  api: 'Produce',
  version,
  body: {
    transactionalId,
    acks: -1,
    timeoutMs: 30_000,
    topicData: [
      {
        name: '@t',
        partitionData: [{ index: 0, records: { batchOf: { ...owner, baseSequence, transactional: true, count: 2 } } }],
      },
    ],
  },
});

const describe = (name: string, transactionalId: string, more: Partial<RequestStep> = {}): RequestStep =>
  ask(name, 'DescribeTransactions', { transactionalIds: [transactionalId] }, more);

const state = 'transactionStates.0.transactionState';

const producers = (name: string): RequestStep =>
  ask(
    name,
    'DescribeProducers',
    { topics: [{ name: '@t', partitionIndexes: [0] }] },
    {
      unordered: ['topics.0.partitions.0.activeProducers'],
    },
  );

const read = (name: string, isolationLevel: number): RequestStep => ({
  name,
  api: 'ListOffsets',
  version: 5,
  body: {
    replicaId: -1,
    isolationLevel,
    topics: [{ name: '@t', partitions: [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -1 }] }],
  },
});

const offsetsOf = (name: string, groupId: string, requireStable: boolean): RequestStep => ({
  name,
  api: 'OffsetFetch',
  version: 7,
  body: { groupId, topics: [{ name: '@t', partitionIndexes: [0] }], requireStable },
});

/** One transaction from begin to end, every API in the version given. */
function wholeTransaction(version: number, committed: boolean): RequestStep[] {
  const id = `@${committed ? 'commit' : 'abort'}${version}`;
  const group = `${id}-group`;
  const offsetsVersion = Math.min(version, 4);
  return [
    begin(id, offsetsVersion),
    describe('describes what has only begun', id),
    { name: 'adds', api: 'AddPartitionsToTxn', version, body: addPartitions(id) },
    { name: 'adds again', api: 'AddPartitionsToTxn', version, body: addPartitions(id) },
    describe('describes an open one', id),
    produceIn('writes', id, 11, 0),
    producers('producers, open'),
    read('end, uncommitted', 0),
    read('end, committed', 1),
    {
      name: 'adds a group',
      api: 'AddOffsetsToTxn',
      version: offsetsVersion,
      body: { transactionalId: id, ...owner, groupId: group },
    },
    { name: 'commits offsets', api: 'TxnOffsetCommit', version: offsetsVersion, body: commitOffsets(id, group) },
    offsetsOf('pending offsets', group, false),
    offsetsOf('pending offsets, stable', group, true),
    { name: 'ends', api: 'EndTxn', version: offsetsVersion, body: { transactionalId: id, ...owner, committed } },
    describe('describes an ended one', id, settled(state, committed ? 'CompleteCommit' : 'CompleteAbort')),
    { name: 'ends again', api: 'EndTxn', version: offsetsVersion, body: { transactionalId: id, ...owner, committed } },
    {
      name: 'ends otherwise',
      api: 'EndTxn',
      version: offsetsVersion,
      body: { transactionalId: id, ...owner, committed: !committed },
    },
    offsetsOf('offsets after', group, true),
    producers('producers, ended'),
    read('end afterwards', 1),
    produceIn('writes without adding', id, 11, 2),
  ];
}

/** KIP-890: partitions and groups are added by writing to them, and each end raises the epoch. */
const newProtocol: RequestStep[] = [
  begin('@new', 5),
  produceIn('writes', '@new', 12, 0),
  describe('describes', '@new'),
  { name: 'commits offsets', api: 'TxnOffsetCommit', version: 5, body: commitOffsets('@new', '@new-group') },
  describe('describes with offsets', '@new'),
  {
    name: 'ends',
    api: 'EndTxn',
    version: 5,
    body: { transactionalId: '@new', ...owner, committed: true },
    save: { former: 'producerEpoch' },
  },
  describe('describes the end', '@new', settled(state, 'CompleteCommit')),
  { name: 'ends again', api: 'EndTxn', version: 5, body: { transactionalId: '@new', ...owner, committed: true } },
  { name: 'ends otherwise', api: 'EndTxn', version: 5, body: { transactionalId: '@new', ...owner, committed: false } },
  produceIn('writes with the old epoch', '@new', 12, 2),
  begin('@new', 5),
  {
    name: 'ends an empty one',
    api: 'EndTxn',
    version: 5,
    body: { transactionalId: '@new', ...owner, committed: true },
  },
  {
    name: 'aborts an empty one',
    api: 'EndTxn',
    version: 5,
    body: { transactionalId: '@new', ...owner, committed: false },
  },
  describe('describes at last', '@new', settled(state, 'CompleteAbort')),
];

const transactions: Script = {
  name: 'transactions',
  steps: [
    createTopic('@t', { partitions: 2 }),
    { ready: '@t' },
    transactionCoordinator,
    ...[0, 1, 2, 3, 4, 5].flatMap((version) => [
      ...wholeTransaction(version, true),
      ...wholeTransaction(version, false),
    ]),
    ...newProtocol,
  ],
};

type Asked = readonly [name: string, body: object];

function bothAnd(api: string, cases: readonly Asked[], more: Partial<RequestStep> = {}): RequestStep[] {
  return cases.flatMap(([name, body]) => eachVersion(api, () => ({ name, body: { ...body }, ...more })));
}

const elsewhere = [{ name: '@missing', partitions: [0] }];

const badInput: Script = {
  name: 'transactions-bad',
  steps: [
    createTopic('@t', { partitions: 2 }),
    { ready: '@t' },
    transactionCoordinator,
    begin('@id', 4),
    ...bothAnd(
      'AddPartitionsToTxn',
      [
        ['unknown id', addPartitions('@nobody')],
        ['empty id', addPartitions('')],
        ['another producer', addPartitions('@id', { producerId: 77 })],
        ['no producer', addPartitions('@id', { producerId: -1 })],
        ['an epoch too high', addPartitions('@id', { producerEpoch: FAR_EPOCH })],
        ['an epoch too low', addPartitions('@id', { producerEpoch: -1 })],
        ['unknown topic', addPartitions('@id', {}, elsewhere)],
        ['unknown partition', addPartitions('@id', {}, [{ name: '@t', partitions: [0, 2] }])],
        ['a good and an unknown topic', addPartitions('@id', {}, [{ name: '@t', partitions: [0] }, ...elsewhere])],
        ['no topics', addPartitions('@id', {}, [])],
      ],
      {
        unordered: [
          'resultsByTopicV3AndBelow',
          'resultsByTopicV3AndBelow.*.resultsByPartition',
          'resultsByTransaction.0.topicResults',
          'resultsByTransaction.0.topicResults.*.resultsByPartition',
        ],
      },
    ),
    ask('no transactions', 'AddPartitionsToTxn', { transactions: [] }),
    ...[4, 5].map((version) => ({
      name: 'verifies what was not added',
      api: 'AddPartitionsToTxn',
      version,
      body: addPartitions('@id', { verifyOnly: true }, [{ name: '@t', partitions: [1] }]),
    })),
    ...bothAnd('AddOffsetsToTxn', [
      ['unknown id', { transactionalId: '@nobody', ...owner, groupId: '@g' }],
      ['empty id', { transactionalId: '', ...owner, groupId: '@g' }],
      ['another producer', { transactionalId: '@id', ...owner, producerId: 77, groupId: '@g' }],
      ['another epoch', { transactionalId: '@id', ...owner, producerEpoch: 9, groupId: '@g' }],
    ]),
    ...bothAnd('EndTxn', [
      ['unknown id', { transactionalId: '@nobody', ...owner, committed: true }],
      ['empty id', { transactionalId: '', ...owner, committed: true }],
      ['another producer', { transactionalId: '@id', ...owner, producerId: 77, committed: true }],
      ['another epoch', { transactionalId: '@id', ...owner, producerEpoch: 9, committed: false }],
    ]),
    ...bothAnd('TxnOffsetCommit', [
      ['another epoch', commitOffsets('@id', '@g', { producerEpoch: 9 })],
      ['another producer', commitOffsets('@id', '@g', { producerId: 77 })],
      ['empty group', commitOffsets('@id', '')],
      ['empty id', commitOffsets('', '@g')],
      ['no topics', commitOffsets('@id', '@g', { topics: [] })],
      [
        'unknown topic and partition',
        commitOffsets('@id', '@g', {
          topics: [
            { name: '@missing', partitions: [{ partitionIndex: 0, committedOffset: 5, committedMetadata: null }] },
            { name: '@t', partitions: [{ partitionIndex: 7, committedOffset: 5, committedMetadata: null }] },
          ],
        }),
      ],
      [
        'too much metadata',
        commitOffsets('@id', '@g', {
          topics: [
            {
              name: '@t',
              partitions: [{ partitionIndex: 0, committedOffset: 5, committedMetadata: 'x'.repeat(5000) }],
            },
          ],
        }),
      ],
    ]),
    ...[3, 4, 5].flatMap((version) =>
      (
        [
          ['a generation without group', { generationId: 3, memberId: 'm' }],
          ['an unknown member', { memberId: 'm' }],
          ['an unknown instance', { groupInstanceId: 'i', memberId: 'm' }],
        ] as const
      ).map(([name, more]) => ({
        name,
        api: 'TxnOffsetCommit',
        version,
        body: commitOffsets('@id', `@g${version}`, more),
      })),
    ),
    ...bothAnd('WriteTxnMarkers', [
      ['no markers', { markers: [] }],
      [
        'no topics',
        { markers: [{ producerId: 5001, producerEpoch: 0, transactionResult: true, topics: [], coordinatorEpoch: 0 }] },
      ],
      [
        'unknown topic',
        {
          markers: [
            {
              producerId: 5001,
              producerEpoch: 0,
              transactionResult: false,
              topics: [{ name: '@missing', partitionIndexes: [0] }],
              coordinatorEpoch: 0,
            },
          ],
        },
      ],
      [
        'of a producer that the partition does not know',
        {
          markers: [
            {
              producerId: 5002,
              producerEpoch: 3,
              transactionResult: false,
              topics: [{ name: '@t', partitionIndexes: [0] }],
              coordinatorEpoch: 0,
            },
          ],
        },
      ],
      [
        'of an older epoch',
        {
          markers: [
            {
              producerId: 5002,
              producerEpoch: 1,
              transactionResult: true,
              topics: [{ name: '@t', partitionIndexes: [0, 1] }],
              coordinatorEpoch: 0,
            },
          ],
        },
      ],
    ]),
    producers('producers after markers'),
    ...(
      [
        ['no topics', []],
        ['no partitions', [{ name: '@t', partitionIndexes: [] }]],
        ['unknown topic', [{ name: '@missing', partitionIndexes: [0] }]],
        ['unknown partition', [{ name: '@t', partitionIndexes: [5, -1] }]],
        ['a bad name', [{ name: 'a/b', partitionIndexes: [0] }]],
        ['no name', [{ name: '', partitionIndexes: [0] }]],
        ['a topic twice', [1, 2].map(() => ({ name: '@t', partitionIndexes: [1] }))],
      ] as const
    ).map(([name, topics]) => ask(name, 'DescribeProducers', { topics })),
    ...(
      [
        ['none', []],
        ['an unknown one', ['@nobody']],
        ['an empty one', ['']],
        ['two', ['@id', '@nobody']],
        ['one twice', ['@id', '@id']],
      ] as const
    ).map(([name, transactionalIds]) => ask(name, 'DescribeTransactions', { transactionalIds })),
    // Afterwards it does not matter how fast the transaction's markers are.
    { name: 'ends', api: 'EndTxn', version: 3, body: { transactionalId: '@id', ...owner, committed: false } },
    describe('describes the end', '@id', settled(state, 'CompleteAbort')),
    ...eachVersion('InitProducerId', () => ({
      name: 'timeout 0',
      body: { transactionalId: '@id', transactionTimeoutMs: 0 },
    })),
    ...eachVersion('InitProducerId', () => ({
      name: 'timeout too long',
      body: { transactionalId: '@id', transactionTimeoutMs: 900_001 },
    })),
    ...[3, 4, 5].flatMap((version) =>
      (
        [
          ['another producer', 77, 0],
          ['an epoch too high', '$producer', 9],
          ['a negative epoch', '$producer', -1],
        ] as const
      ).map(([name, producerId, producerEpoch]) => ({
        name,
        api: 'InitProducerId',
        version,
        body: { transactionalId: '@id', transactionTimeoutMs: 60_000, producerId, producerEpoch },
      })),
    ),
    ...eachVersion('InitProducerId', () => ({
      name: 'the next epoch',
      body: { transactionalId: '@id', transactionTimeoutMs: 60_000 },
    })),
  ],
};

const listed = { keep: { of: 'transactionStates', by: 'transactionalId' }, unordered: ['transactionStates'] };

const list: Script = {
  name: 'list-transactions',
  steps: [
    createTopic('@t', { partitions: 2 }),
    { ready: '@t' },
    transactionCoordinator,
    begin('@idle', 4),
    begin('@open', 4),
    ask('adds', 'AddPartitionsToTxn', addPartitions('@open'), { version: 3 }),
    { ...ask('until all is loaded', 'ListTransactions', {}, listed), ...settled('errorCode') },
    ...eachVersion('ListTransactions', () => ({ name: 'all', ...listed })),
    ...(
      [
        ['by state', { stateFilters: ['Ongoing'] }],
        ['by two states', { stateFilters: ['Ongoing', 'Empty'] }],
        ['by an unknown state', { stateFilters: ['Ongoing', 'nonsense'] }],
        ['by unknown states alone', { stateFilters: ['ongoing', ''] }],
        ['by producer', { producerIdFilters: ['$producer'] }],
        ['by an unknown producer', { producerIdFilters: [-7] }],
        ['by a state and a producer', { stateFilters: ['Empty'], producerIdFilters: ['$producer'] }],
      ] as const
    ).flatMap(([name, body]) => eachVersion('ListTransactions', () => ({ name, body, ...listed }))),
    ...[0, 100_000_000, -1, -2].flatMap((durationFilter) =>
      [1, 2].map((version) => ({
        name: `running for ${durationFilter} ms`,
        api: 'ListTransactions',
        version,
        body: { durationFilter },
        ...listed,
      })),
    ),
    ...['.*open', 'list-.*', '', 'open', '(', '(?=a)', '[a'].map((transactionalIdPattern) =>
      ask(`pattern '${transactionalIdPattern}'`, 'ListTransactions', { transactionalIdPattern }, listed),
    ),
  ],
};

export const transactionScripts: readonly Script[] = [transactions, badInput, list];
