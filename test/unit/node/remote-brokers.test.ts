// What one broker asks another on behalf of transactions.
import { expect, test } from 'vitest';
import { RemoteMarkers } from '../../../src/node/remote-markers.ts';
import { RemoteTransactions } from '../../../src/node/remote-transactions.ts';
import { errorCode } from '../../../src/wire/errors.ts';
import { type NodeClient, NodeUnavailableError } from '../../../src/wire/node-client.ts';

/** Answers each request with what `answer` makes of its body. */
function peer(answer: (body: never) => object): { client: NodeClient; readonly bodies: unknown[] } {
  const bodies: unknown[] = [];
  const client: NodeClient = {
    // The messages of the one API that is asked are known here.
    send: (async (_exchange: unknown, { body }: { body: never }) => {
      bodies.push(body);
      return { apiVersion: 1, body: answer(body) };
    }) as unknown as NodeClient['send'],
    versions: () => Promise.reject(new NodeUnavailableError('not asked')),
    close: () => undefined,
  };
  return { client, bodies };
}

const end = { producerId: 5, producerEpoch: 1, coordinatorEpoch: 3, committed: true };

test('the markers that come up for one broker in one turn go in one request', async () => {
  const { client, bodies } = peer(() => ({
    markers: [
      {
        producerId: 5,
        topics: [
          {
            name: 't',
            partitions: [
              { partitionIndex: 0, errorCode: errorCode('NONE') },
              { partitionIndex: 1, errorCode: errorCode('NOT_LEADER_OR_FOLLOWER') },
            ],
          },
        ],
      },
      { producerId: 6, topics: [{ name: 't', partitions: [{ partitionIndex: 0, errorCode: errorCode('NONE') }] }] },
    ],
  }));
  const markers = new RemoteMarkers({ clientOf: (brokerId) => (brokerId === 2 ? client : null) });
  const answers = await Promise.all([
    markers.endTransaction(2, { topic: 't', partition: 0 }, end),
    markers.endTransaction(2, { topic: 't', partition: 1 }, end),
    markers.endTransaction(2, { topic: 't', partition: 0 }, { ...end, producerId: 6, committed: false }),
    markers.endTransaction(3, { topic: 't', partition: 0 }, end),
  ]);
  expect(answers).toEqual(['NONE', 'NOT_LEADER_OR_FOLLOWER', 'NONE', 'NOT_LEADER_OR_FOLLOWER']);
  expect(bodies).toEqual([
    {
      markers: [
        {
          producerId: 5,
          producerEpoch: 1,
          coordinatorEpoch: 3,
          transactionResult: true,
          topics: [{ name: 't', partitionIndexes: [0, 1] }],
        },
        {
          producerId: 6,
          producerEpoch: 1,
          coordinatorEpoch: 3,
          transactionResult: false,
          topics: [{ name: 't', partitionIndexes: [0] }],
        },
      ],
    },
  ]);
});

test('a transaction is verified with the broker that coordinates it', async () => {
  const { client, bodies } = peer(() => ({
    errorCode: 0,
    resultsByTransaction: [
      {
        transactionalId: 'x',
        topicResults: [
          {
            name: 't',
            resultsByPartition: [
              { partitionIndex: 0, partitionErrorCode: errorCode('NONE') },
              { partitionIndex: 1, partitionErrorCode: errorCode('TRANSACTION_ABORTABLE') },
            ],
          },
        ],
      },
    ],
  }));
  let coordinator = 2;
  const remote = new RemoteTransactions({
    brokerId: 1,
    local: { addPartitions: async () => 'NOT_COORDINATOR', verifyPartitions: async () => [] },
    coordinatorOf: () => coordinator,
    peers: { clientOf: (brokerId) => (brokerId === 2 ? client : null) },
  });
  const producer = { transactionalId: 'x', producerId: 5, producerEpoch: 1 };
  const asked = { ...producer, partitions: [{ topic: 't', partitions: [0, 1] }] };
  expect(await remote.verifyPartitions(asked)).toEqual([
    { topic: 't', partition: 0, error: 'NONE' },
    { topic: 't', partition: 1, error: 'TRANSACTION_ABORTABLE' },
  ]);
  expect(bodies).toEqual([
    { transactions: [{ ...producer, verifyOnly: true, topics: [{ name: 't', partitions: [0, 1] }] }] },
  ]);
  expect(await remote.addPartitions({ ...asked, clientTransactionVersion: 2 })).toBe('TRANSACTION_ABORTABLE');
  coordinator = 3;
  expect(await remote.addPartitions({ ...asked, clientTransactionVersion: 2 })).toBe('COORDINATOR_NOT_AVAILABLE');
  coordinator = 1;
  expect(await remote.addPartitions({ ...asked, clientTransactionVersion: 2 })).toBe('NOT_COORDINATOR');
});
