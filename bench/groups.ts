/**
 * Groups as many clients use them: a hundred members that join at once, and a thousand groups that commit offsets every second. The
 * clients are plain connections in this process, the same for both servers.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningBroker } from '../test/support/brokers.ts';
import { type Body, RawConnection } from '../test/support/raw-client.ts';
import type { BenchOptions, BenchRow } from './bench.ts';
import { createTopic, request, waitForEnd } from './log-data.ts';
import { alternate, ROUNDS_UNJUDGED, rowOf, startServer } from './side-by-side.ts';

const TOPIC = 'grouped';
const PARTITIONS = 100;
/** How often a member that waits for its assignment asks again. */
const HEARTBEAT_MS = 50;
const GROUPS_OF_COMMITS = 1000;
const CONNECTIONS = 100;
const COMMIT_P99_TARGET_MS = 5;
const properties = {
  // Neither server waits on purpose.
  'group.initial.rebalance.delay.ms': '0',
  'group.consumer.assignment.interval.ms': '0',
};

export async function benchGroups({ size }: BenchOptions): Promise<BenchRow[]> {
  const members = size === 'smoke' ? 10 : 100;
  const seconds = { smoke: 1, quick: 10, full: 30 }[size];
  const samples = await alternate(ROUNDS_UNJUDGED[size], async (kind) => {
    const broker = await startServer(kind, properties);
    try {
      await createTopic(broker, TOPIC, {}, PARTITIONS);
      await waitForEnd(broker, TOPIC);
      await coordinator(broker, 'warm-up');
      const classic: number[] = [];
      const next: number[] = [];
      // The first of each is not counted: the servers have not run the code yet.
      for (const round of size === 'smoke' ? ['a'] : ['warm-up', 'a', 'b']) {
        classic.push(
          await together(broker, members, (member, ready) => member.joinClassic(`classic-${round}`, members, ready)),
        );
        next.push(await together(broker, members, (member, ready) => member.joinNext(`next-${round}`, members, ready)));
      }
      const latencies = await commitAll(broker, seconds);
      const at = (share: number): number => latencies[Math.floor((latencies.length - 1) * share)]!;
      return { classic: Math.min(...classic), next: Math.min(...next), p50: at(0.5), p99: at(0.99) };
    } finally {
      await broker.remove();
    }
  });
  const commits = `${GROUPS_OF_COMMITS.toLocaleString('en')} groups, a commit a second each`;
  const p99 = rowOf(samples, 'p99', { name: `${commits}: p99`, unit: 'ms' });
  return [
    rowOf(samples, 'classic', { name: `a classic group of ${members} joins until it is stable`, unit: 'ms' }),
    rowOf(samples, 'next', { name: `a KIP-848 group of ${members} joins until it is stable`, unit: 'ms' }),
    rowOf(samples, 'p50', { name: `${commits}: p50`, unit: 'ms' }),
    p99,
    { name: `${commits}: p99, by itself`, unit: 'ms', value: p99.value, target: COMMIT_P99_TARGET_MS },
  ];
}

export async function coordinator(broker: RunningBroker, groupId: string): Promise<void> {
  const body = { key: groupId, keyType: 0, coordinatorKeys: [groupId] };
  while ((await request(broker, 'FindCoordinator', 2, body))['errorCode'] !== 0) await sleep(20);
}

/** The members that are where they should be. All go on until all are: one that has its share may have to give it up again. */
type Ready = Set<Member>;

/** Milliseconds until the last of the members, each with a connection of its own, is where it should be. */
async function together(
  broker: RunningBroker,
  count: number,
  act: (member: Member, ready: Ready) => Promise<void>,
): Promise<number> {
  const members = await Promise.all(Array.from({ length: count }, () => Member.open(broker)));
  try {
    const ready: Ready = new Set();
    const startMs = performance.now();
    await Promise.all(members.map((member) => act(member, ready)));
    return performance.now() - startMs;
  } finally {
    for (const member of members) member.close();
  }
}

/** A consumer's subscription to the topic, version 0. */
const subscription = Buffer.concat([
  Buffer.from([0, 0, 0, 0, 0, 1, 0, TOPIC.length]),
  Buffer.from(TOPIC),
  Buffer.alloc(4, 0xff),
]);

class Member {
  readonly #connection: RawConnection;

  private constructor(connection: RawConnection) {
    this.#connection = connection;
  }

  static async open(broker: RunningBroker): Promise<Member> {
    return new Member(await RawConnection.open({ host: '127.0.0.1', port: broker.port }));
  }

  close(): void {
    this.#connection.close();
  }

  async #ask(api: string, version: number, body: Body): Promise<Body> {
    const answer = await this.#connection.send({ api, version, body }, 120_000);
    if (answer.kind !== 'answer') throw new Error(`${api}: ${answer.kind}`);
    return answer.body;
  }

  /** Joins and rejoins, as clients do, until a generation has all members in it. */
  async joinClassic(groupId: string, members: number, ready: Ready): Promise<void> {
    let memberId = '';
    while (ready.size < members) {
      ready.delete(this);
      const joined = await this.#ask('JoinGroup', 9, {
        groupId,
        sessionTimeoutMs: 30_000,
        rebalanceTimeoutMs: 60_000,
        memberId,
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata: subscription }],
      });
      memberId = joined['memberId'] as string;
      if (joined['errorCode'] !== 0) continue;
      const generationId = joined['generationId'];
      const others = joined['members'] as readonly Body[];
      const assignments = others.map((other) => ({
        memberId: other['memberId'],
        // How many are in the generation: what the members have to know to be done.
        assignment: Buffer.from([others.length]),
      }));
      const names = { protocolType: 'consumer', protocolName: 'range' };
      const synced = await this.#ask('SyncGroup', 5, { groupId, generationId, memberId, ...names, assignments });
      if (synced['errorCode'] !== 0) continue;
      if ((synced['assignment'] as Buffer)[0] === members) ready.add(this);
      while (ready.size < members) {
        if ((await this.#ask('Heartbeat', 4, { groupId, generationId, memberId }))['errorCode'] !== 0) break;
        await sleep(HEARTBEAT_MS);
      }
    }
  }

  /** Beats until it has its share of the partitions. */
  async joinNext(groupId: string, members: number, ready: Ready): Promise<void> {
    const memberId = `member-${Math.random()}`;
    const share = PARTITIONS / members;
    let memberEpoch = 0;
    let owned: readonly Body[] = [];
    while (ready.size < members) {
      const answer = await this.#ask('ConsumerGroupHeartbeat', 1, {
        groupId,
        memberId,
        memberEpoch,
        ...(memberEpoch === 0 ? { rebalanceTimeoutMs: 60_000, subscribedTopicNames: [TOPIC] } : {}),
        topicPartitions: owned,
      });
      if (answer['errorCode'] !== 0) throw new Error(`heartbeat: ${answer['errorMessage']}`);
      memberEpoch = answer['memberEpoch'] as number;
      const assignment = answer['assignment'] as Body | null;
      if (assignment !== null) owned = assignment['topicPartitions'] as readonly Body[];
      const partitions = owned.flatMap((each) => each['partitions'] as readonly number[]);
      if (partitions.length === share) ready.add(this);
      else ready.delete(this);
      await sleep(HEARTBEAT_MS);
    }
  }
}

/** The time of each commit in milliseconds, ascending. */
async function commitAll(broker: RunningBroker, seconds: number): Promise<number[]> {
  const connections = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => RawConnection.open({ host: '127.0.0.1', port: broker.port })),
  );
  const latencies: number[] = [];
  const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }];
  const commit = async (group: number, isCounted: boolean): Promise<void> => {
    const startMs = performance.now();
    const answer = await connections[group % CONNECTIONS]!.send({
      api: 'OffsetCommit',
      version: 9,
      body: { groupId: `committer-${group}`, topics: [{ name: TOPIC, partitions }] },
    });
    if (isCounted) latencies.push(performance.now() - startMs);
    if (answer.kind !== 'answer') throw new Error(`OffsetCommit: ${answer.kind}`);
    const [topic] = answer.body['topics'] as readonly Body[];
    const [partition] = topic!['partitions'] as readonly Body[];
    if (isCounted && partition!['errorCode'] !== 0) throw new Error(`OffsetCommit: error ${partition!['errorCode']}`);
  };
  const waiting: Promise<void>[] = [];
  // Evenly over each second; the first two seconds are the warm-up.
  const startMs = performance.now();
  for (let count = 0; count < (seconds + 2) * GROUPS_OF_COMMITS; count++) {
    const dueMs = startMs + (count * 1000) / GROUPS_OF_COMMITS;
    const early = dueMs - performance.now();
    if (early > 1) await sleep(early);
    waiting.push(commit(count % GROUPS_OF_COMMITS, count >= 2 * GROUPS_OF_COMMITS));
  }
  await Promise.all(waiting);
  for (const connection of connections) connection.close();
  return latencies.sort((a, b) => a - b);
}
