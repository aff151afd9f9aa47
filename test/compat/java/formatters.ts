// The console consumer's formatters and kafka-dump-log's decoders over __consumer_offsets and __transaction_state: the same requests to both
// brokers leave the same records there, one by one.

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { type Body, RawConnection } from '../../support/raw-client.ts';
import { expectSame, onBoth, type Side, type Sides } from './comparison.ts';

const TOPIC = 'formatted';
const TRIES = 600;
/** Every group, transactional id and topic here is called so, or begins so. */
const OURS = /formatted/;

/** A consumer's subscription to the topic, version 0. */
const subscription = Buffer.concat([
  Buffer.from([0, 0, 0, 0, 0, 1, 0, TOPIC.length]),
  Buffer.from(TOPIC),
  Buffer.alloc(4, 0xff),
]);

/** What both brokers are asked, one after the other. */
async function fill(side: Side): Promise<void> {
  const connection = await RawConnection.open({ host: '127.0.0.1', port: side.broker.port });
  const ask = async (api: string, version: number, body: Body): Promise<Body> => {
    const answer = await connection.send({ api, version, body }, 30_000);
    if (answer.kind !== 'answer') throw new Error(`${side.broker.kind}: ${api}: ${answer.kind}`);
    return answer.body;
  };
  const until = async (api: string, version: number, body: Body, holds: (answer: Body) => boolean): Promise<Body> => {
    for (let tries = 0; tries < TRIES; tries++) {
      const answer = await ask(api, version, body);
      if (holds(answer)) return answer;
      await sleep(50);
    }
    throw new Error(`${side.broker.kind}: ${api} does not come to say what is waited for`);
  };
  const succeeds = ({ errorCode }: Body): boolean => errorCode === 0;

  const offset = { partitionIndex: 0, committedOffset: 3, committedLeaderEpoch: 0, committedMetadata: 'three' };
  const commit = (groupId: string, version: number, more: Body = {}): Promise<Body> =>
    ask('OffsetCommit', version, { groupId, topics: [{ name: TOPIC, partitions: [offset] }], ...more });
  try {
    // A classic group with a member, which commits and leaves.
    const groupId = 'formatted-classic';
    await until('FindCoordinator', 2, { key: groupId, keyType: 0 }, succeeds);
    const joining = {
      groupId,
      sessionTimeoutMs: 30_000,
      rebalanceTimeoutMs: 60_000,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: subscription }],
    };
    // While the coordinator loads, a member is not given an id.
    const { memberId } = await until('JoinGroup', 9, { ...joining, memberId: '' }, ({ errorCode }) => errorCode === 79);
    const { generationId } = await ask('JoinGroup', 9, { ...joining, memberId });
    const assignments = [{ memberId, assignment: Buffer.from('all of it') }];
    const names = { protocolType: 'consumer', protocolName: 'range' };
    await ask('SyncGroup', 5, { groupId, generationId, memberId, ...names, assignments });
    await commit(groupId, 9, { generationIdOrMemberEpoch: generationId, memberId });
    await ask('LeaveGroup', 5, { groupId, members: [{ memberId }] });

    // Offsets with a retention of their own; offsets that are deleted with their group.
    await until('FindCoordinator', 2, { key: 'formatted-simple', keyType: 0 }, succeeds);
    await commit('formatted-simple', 4, { retentionTimeMs: 86_400_000 });
    await commit('formatted-gone', 9);
    await ask('DeleteGroups', 2, { groupsNames: ['formatted-gone'] });

    // A KIP-848 group, whose member comes and goes.
    const member = { groupId: 'formatted-consumer', memberId: 'the-member' };
    await ask('ConsumerGroupHeartbeat', 1, {
      ...member,
      memberEpoch: 0,
      rebalanceTimeoutMs: 60_000,
      subscribedTopicNames: [TOPIC],
      topicPartitions: [],
    });
    await ask('ConsumerGroupHeartbeat', 1, { ...member, memberEpoch: -1 });

    // One transaction that is committed, with offsets, and one that is aborted.
    const transactionalId = TOPIC;
    await until('FindCoordinator', 2, { key: transactionalId, keyType: 1 }, succeeds);
    const producer = await until('InitProducerId', 4, { transactionalId, transactionTimeoutMs: 60_000 }, succeeds);
    const { producerId, producerEpoch } = producer;
    const owner = { transactionalId, producerId, producerEpoch };
    for (const committed of [true, false]) {
      await ask('AddPartitionsToTxn', 3, {
        v3AndBelowTransactionalId: transactionalId,
        v3AndBelowProducerId: producerId,
        v3AndBelowProducerEpoch: producerEpoch,
        v3AndBelowTopics: [{ name: TOPIC, partitions: [0] }],
      });
      await ask('AddOffsetsToTxn', 3, { ...owner, groupId: 'formatted-in-transaction' });
      await ask('TxnOffsetCommit', 3, {
        ...owner,
        groupId: 'formatted-in-transaction',
        topics: [{ name: TOPIC, partitions: [offset] }],
      });
      await ask('EndTxn', 3, { ...owner, committed });
      const state = ({ transactionStates }: Body): unknown => (transactionStates as Body[])[0]?.['transactionState'];
      const done = committed ? 'CompleteCommit' : 'CompleteAbort';
      await until('DescribeTransactions', 0, { transactionalIds: [transactionalId] }, (body) => state(body) === done);
    }
  } finally {
    connection.close();
  }
}

/** Ids that brokers give, and times. Members are called after their client, and a number of 128 bits. */
function normaliseRecord(side: Side, line: string): string {
  return side
    .normalise(line)
    .replace(/"(\w*[tT]imestamp\w*)": ?"?\d{10,}"?/g, '"$1":"<time>"')
    .replace(/"((?:previous)?[pP]roducerId)": ?"?\d+"?/g, '"$1":"<id>"')
    .replace(/"metadataHash": ?"?-?\d+"?/g, '"metadataHash":"<hash of what has an id>"');
}

/** Keys are in many partitions, and those are read in any order. */
function normalised(side: Side, lines: readonly string[]): string[] {
  return lines
    .filter((line) => OURS.test(line))
    .map((line) => normaliseRecord(side, line))
    .sort();
}

/** The formatters write record behind record, without a line's end between them. */
export function formattedRecords(text: string): string[] {
  return text.replaceAll('}{"key"', '}\n{"key"').split('\n');
}

export function formatterSuite(sides: () => Sides): void {
  describe('the records of groups and transactions, with the official formatters', () => {
    test('are made by the same requests', async () => {
      await onBoth(sides(), async (side) => {
        await side.output('kafka-topics', ['--create', '--topic', TOPIC, '--partitions', '2']);
        await fill(side);
      });
    });

    test.each([
      ['OffsetsMessageFormatter', '__consumer_offsets', 6],
      ['GroupMetadataMessageFormatter', '__consumer_offsets', 4],
      ['TransactionLogMessageFormatter', '__transaction_state', 9],
    ])('%s', async (formatter, topic, count) => {
      const text = await expectSame(sides(), async (side) => {
        let lines: string[] = [];
        // The consumer stops where nothing comes for that long; on a busy machine its group may not have begun by then.
        for (const timeoutMs of [2000, 10_000, 30_000]) {
          const { stdout } = await side.run('kafka-console-consumer', [
            ...['--topic', topic, '--from-beginning', '--timeout-ms', String(timeoutMs)],
            ...['--formatter', `org.apache.kafka.tools.consumer.${formatter}`],
          ]);
          lines = normalised(side, formattedRecords(stdout));
          if (lines.length >= count) break;
        }
        return lines.join('\n');
      });
      expect(text.split('\n')).toHaveLength(count);
    });
  });
}

/** What kafka-dump-log decoded of them: the payloads, without what stands around them. */
export function decodedLines(side: Side, text: string): string[] {
  return normalised(
    side,
    text.split('\n').map((line) => line.slice(line.indexOf(' key: '))),
  );
}
