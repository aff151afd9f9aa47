// Settings of groups, offsets and transactions, each by what a client sees of it.

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Broker } from '../../src/index.ts';
import { type Body, RawConnection } from '../support/raw-client.ts';

const PATIENCE_MS = 20_000;
const TRIES = 400;
const SET = 0;
const TOPIC_RESOURCE = 2;
const BROKER_RESOURCE = 4;
const GROUP_RESOURCE = 32;

const INVALID_SESSION_TIMEOUT = 26;
const GROUP_MAX_SIZE_REACHED = 81;
const OFFSET_METADATA_TOO_LARGE = 12;
const INVALID_TRANSACTION_TIMEOUT = 50;
const TRANSACTIONAL_ID_NOT_FOUND = 105;
const INVALID_CONFIG = 40;
const UNSUPPORTED_VERSION = 35;

class Client {
  readonly broker: Broker;
  readonly #connection: RawConnection;

  private constructor(broker: Broker, connection: RawConnection) {
    this.broker = broker;
    this.#connection = connection;
  }

  static async of(config: Readonly<Record<string, string>>): Promise<Client> {
    const broker = await Broker.start({ port: 0, ephemeral: true, topics: [{ name: 't', partitions: 4 }], config });
    const port = Number(broker.bootstrapServers.split(':').at(-1));
    return new Client(broker, await RawConnection.open({ host: '127.0.0.1', port }));
  }

  async stop(): Promise<void> {
    this.#connection.close();
    await this.broker.stop();
  }

  async ask(api: string, version: number, body: Body): Promise<Body> {
    const answer = await this.#connection.send({ api, version, body }, PATIENCE_MS);
    if (answer.kind !== 'answer') throw new Error(`${api}: ${answer.kind}`);
    return answer.body;
  }

  async until(api: string, version: number, body: Body, holds: (answer: Body) => boolean): Promise<Body> {
    for (let tries = 0; tries < TRIES; tries++) {
      const answer = await this.ask(api, version, body);
      if (holds(answer)) return answer;
      await sleep(25);
    }
    throw new Error(`${api}: it does not come to that`);
  }

  coordinator(key: string, keyType: number): Promise<Body> {
    return this.until('FindCoordinator', 2, { key, keyType }, ({ errorCode }) => errorCode === 0);
  }

  beat(memberId: string, memberEpoch: number, more: Body = {}): Promise<Body> {
    return this.ask('ConsumerGroupHeartbeat', 1, { groupId: 'next', memberId, memberEpoch, ...more });
  }

  joinNext(memberId: string): Promise<Body> {
    const subscription = { rebalanceTimeoutMs: 60_000, subscribedTopicNames: ['t'], topicPartitions: [] };
    return this.beat(memberId, 0, subscription);
  }

  joinClassic(more: Body = {}): Promise<Body> {
    return this.ask('JoinGroup', 3, {
      groupId: 'classic',
      sessionTimeoutMs: 80_000,
      rebalanceTimeoutMs: 60_000,
      memberId: '',
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.from('000000000001000174ffffffff', 'hex') }],
      ...more,
    });
  }

  async setting(resourceType: number, resourceName: string, name: string): Promise<unknown> {
    const resources = [{ resourceType, resourceName, configurationKeys: [name] }];
    const { results } = await this.ask('DescribeConfigs', 4, { resources });
    return (results as { configs: Body[] }[])[0]?.configs[0]?.['value'];
  }

  async alter(resourceType: number, resourceName: string, name: string, value: string): Promise<unknown> {
    const resources = [{ resourceType, resourceName, configs: [{ name, configOperation: SET, value }] }];
    const { responses } = await this.ask('IncrementalAlterConfigs', 1, { resources, validateOnly: false });
    return (responses as Body[])[0]?.['errorCode'];
  }

  async partitionCount(name: string): Promise<number> {
    const { topics } = await this.ask('Metadata', 9, { topics: [{ name }], allowAutoTopicCreation: false });
    return (topics as { partitions: unknown[] }[])[0]!.partitions.length;
  }
}

describe('the settings of', { timeout: 60_000 }, () => {
  let client: Client;

  beforeAll(async () => {
    client = await Client.of({
      'group.consumer.max.size': '2',
      'group.consumer.assignors': 'range',
      'group.consumer.heartbeat.interval.ms': '1234',
      'group.consumer.min.heartbeat.interval.ms': '1000',
      'group.consumer.max.heartbeat.interval.ms': '2000',
      'group.consumer.min.session.timeout.ms': '44000',
      'group.consumer.max.session.timeout.ms': '46000',
      // Nothing is assigned anew until the setting changes.
      'group.consumer.assignment.interval.ms': '3600000',
      'group.consumer.min.assignment.interval.ms': '0',
      'group.consumer.max.assignment.interval.ms': '3600000',
      'group.max.size': '1',
      'group.min.session.timeout.ms': '70000',
      'group.max.session.timeout.ms': '90000',
      'offset.metadata.max.bytes': '4',
      'offsets.topic.num.partitions': '3',
      'offsets.topic.segment.bytes': '2097152',
      'transaction.max.timeout.ms': '5000',
      'transaction.state.log.num.partitions': '2',
      'transaction.state.log.segment.bytes': '3145728',
      'transaction.state.log.min.isr': '1',
      'transactional.id.expiration.ms': '500',
      'transaction.remove.expired.transaction.cleanup.interval.ms': '50',
    });
    await client.coordinator('next', 0);
  }, 60_000);

  afterAll(async () => {
    await client?.stop();
  });

  test('KIP-848 groups: assignors, times and sizes', async () => {
    expect(await client.joinNext('a')).toMatchObject({ errorCode: 0, memberEpoch: 2, heartbeatIntervalMs: 1234 });
    const { groups } = await client.ask('ConsumerGroupDescribe', 1, { groupIds: ['next'] });
    expect(groups).toMatchObject([{ assignorName: 'range', assignmentEpoch: 2 }]);
    expect(await client.joinNext('b')).toMatchObject({ errorCode: 0, memberEpoch: 2 });
    expect(await client.joinNext('c')).toMatchObject({ errorCode: GROUP_MAX_SIZE_REACHED });
  });

  test('KIP-848 groups: a group of its own settings stays within the bounds', async () => {
    const set = (name: string, value: string) => client.alter(GROUP_RESOURCE, 'next', name, value);
    expect(await set('consumer.session.timeout.ms', '43999')).toBe(INVALID_CONFIG);
    expect(await set('consumer.session.timeout.ms', '46001')).toBe(INVALID_CONFIG);
    expect(await set('consumer.session.timeout.ms', '45500')).toBe(0);
    expect(await set('consumer.heartbeat.interval.ms', '999')).toBe(INVALID_CONFIG);
    expect(await set('consumer.heartbeat.interval.ms', '2001')).toBe(INVALID_CONFIG);
    expect(await set('consumer.heartbeat.interval.ms', '1500')).toBe(0);
    expect(await set('consumer.assignment.interval.ms', '3600001')).toBe(INVALID_CONFIG);
    expect(await client.beat('a', 2)).toMatchObject({ errorCode: 0, heartbeatIntervalMs: 1500 });
  });

  test('KIP-848 groups: group.consumer.assignment.interval.ms changes while the broker runs', async () => {
    const name = 'group.consumer.assignment.interval.ms';
    expect(await client.beat('b', 2, { topicPartitions: [] })).toMatchObject({ memberEpoch: 2 });
    expect(await client.alter(BROKER_RESOURCE, '', name, '0')).toBe(0);
    expect(await client.beat('b', 2, { topicPartitions: [] })).toMatchObject({ memberEpoch: 3 });
  });

  test('classic groups: session timeouts and sizes', async () => {
    expect(await client.joinClassic({ sessionTimeoutMs: 69_999 })).toMatchObject({
      errorCode: INVALID_SESSION_TIMEOUT,
    });
    expect(await client.joinClassic({ sessionTimeoutMs: 90_001 })).toMatchObject({
      errorCode: INVALID_SESSION_TIMEOUT,
    });
    expect(await client.joinClassic()).toMatchObject({ errorCode: 0, generationId: 1 });
    expect(await client.joinClassic()).toMatchObject({ errorCode: GROUP_MAX_SIZE_REACHED });
  });

  test('offsets: metadata, and the topic', async () => {
    const commit = async (committedMetadata: string): Promise<unknown> => {
      const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata }];
      const { topics } = await client.ask('OffsetCommit', 9, {
        groupId: 'simple',
        topics: [{ name: 't', partitions }],
      });
      return (topics as { partitions: Body[] }[])[0]?.partitions[0]?.['errorCode'];
    };
    expect(await commit('four')).toBe(0);
    expect(await commit('fifth')).toBe(OFFSET_METADATA_TOO_LARGE);
    expect(await client.partitionCount('__consumer_offsets')).toBe(3);
    expect(await client.setting(TOPIC_RESOURCE, '__consumer_offsets', 'segment.bytes')).toBe('2097152');
  });

  test('transactions: timeouts, expiration, and the topic', async () => {
    await client.coordinator('x', 1);
    const init = (transactionTimeoutMs: number): Promise<Body> =>
      client.ask('InitProducerId', 4, { transactionalId: 'x', transactionTimeoutMs });
    expect(await init(5001)).toMatchObject({ errorCode: INVALID_TRANSACTION_TIMEOUT });
    expect(await init(5000)).toMatchObject({ errorCode: 0 });
    expect(await client.partitionCount('__transaction_state')).toBe(2);
    expect(await client.setting(TOPIC_RESOURCE, '__transaction_state', 'segment.bytes')).toBe('3145728');
    expect(await client.setting(TOPIC_RESOURCE, '__transaction_state', 'min.insync.replicas')).toBe('1');
    const errorOf = ({ transactionStates }: Body): unknown => (transactionStates as Body[])[0]?.['errorCode'];
    const asked = { transactionalIds: ['x'] };
    await client.until('DescribeTransactions', 0, asked, (body) => errorOf(body) === TRANSACTIONAL_ID_NOT_FOUND);
  });
});

test('group.coordinator.rebalance.protocols without consumer: the new protocol is refused', async () => {
  const client = await Client.of({ 'group.coordinator.rebalance.protocols': 'classic' });
  try {
    await client.coordinator('next', 0);
    expect(await client.joinNext('a')).toMatchObject({ errorCode: UNSUPPORTED_VERSION });
    expect(await client.joinClassic()).toMatchObject({ errorCode: 0 });
  } finally {
    await client.stop();
  }
});
