import { describe, expect, it } from 'vitest';
import { type MetadataServices, metadataHandler } from '../../../src/apis/metadata.ts';
import type { MetadataView } from '../../../src/apis/metadata-view.ts';
import { ZERO_UUID } from '../../../src/base/uuid.ts';
import { decode, encode } from '../../../src/wire/codec.ts';
import { type ErrorName, errorName, type KafkaError } from '../../../src/wire/errors.ts';
import { type MetadataRequest, type MetadataResponse, metadataResponse } from '../../../src/wire/schema/metadata.ts';
import { broker, contextOf, image, partition, topic, topicIdA, topicIdB, view } from './api-fakes.ts';

type Asked = { readonly name?: string | null; readonly topicId?: string };

function request(topics: readonly Asked[] | null, options: Partial<MetadataRequest> = {}): MetadataRequest {
  return {
    topics: topics === null ? null : topics.map(({ name = null, topicId = ZERO_UUID }) => ({ name, topicId })),
    allowAutoTopicCreation: true,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
    ...options,
  };
}

const noCreation: MetadataServices['autoTopicCreation'] = {
  enabled: false,
  create: () => Promise.reject(new Error('not asked for')),
};

/** What a client of the version would read: through the codec, so that a value the version lacks would fail. */
async function ask(
  metadata: MetadataView,
  asked: MetadataRequest,
  options: { version?: number; listenerName?: string; localPort?: number; autoTopicCreation?: typeof noCreation } = {},
): Promise<MetadataResponse> {
  const { version = 13, listenerName = 'PLAINTEXT', localPort = 9092, autoTopicCreation = noCreation } = options;
  const handler = metadataHandler({ metadata, autoTopicCreation });
  const response = await handler.handle(asked, contextOf(version, { listenerName, localPort }));
  return decode(metadataResponse, version, encode(metadataResponse, version, response!));
}

function summary(response: MetadataResponse): (readonly [string | null, ErrorName])[] {
  return response.topics.map((each) => [each.name, errorName(each.errorCode)]);
}

const cluster = view([broker(1), broker(2, { rack: 'r2' })], [topic('a', topicIdA), topic('b', topicIdB)]);

describe('Metadata', () => {
  it('describes brokers, the cluster and topics in every version', async () => {
    for (let version = 0; version <= 13; version++) {
      const response = await ask(cluster, request([{ name: 'b' }]), { version });
      expect(response.brokers.map(({ nodeId, host, port }) => [nodeId, host, port])).toEqual([
        [1, 'broker1', 9091],
        [2, 'broker2', 9092],
      ]);
      expect(response.clusterId).toBe(version >= 2 ? 'cluster' : null);
      expect(response.controllerId).toBe(version >= 1 ? 1 : -1);
      expect(response.errorCode).toBe(0);
      expect(response.topics).toHaveLength(1);
      expect(response.topics[0]).toMatchObject({ errorCode: 0, name: 'b', isInternal: false });
      expect(response.topics[0]!.topicId).toBe(version >= 10 ? topicIdB : ZERO_UUID);
      expect(response.topics[0]!.partitions[0]).toMatchObject({
        errorCode: 0,
        partitionIndex: 0,
        leaderId: 1,
        leaderEpoch: version >= 7 ? 3 : -1,
        replicaNodes: [1],
        isrNodes: [1],
        offlineReplicas: [],
      });
    }
  });

  it('takes null for all topics, in version 0 an empty list too', async () => {
    expect(summary(await ask(cluster, request(null)))).toHaveLength(2);
    expect(summary(await ask(cluster, request([]), { version: 0 }))).toHaveLength(2);
    expect(summary(await ask(cluster, request([]), { version: 1 }))).toHaveLength(0);
  });

  it('finds topics by id (KIP-516) and names those it does not know by id alone', async () => {
    const response = await ask(cluster, request([{ topicId: topicIdB }, { topicId: 'unknownunknownunknowng' }]));
    expect(response.topics.map((each) => [each.name, each.topicId, errorName(each.errorCode)])).toEqual([
      [null, 'unknownunknownunknowng', 'UNKNOWN_TOPIC_ID'],
      ['b', topicIdB, 'NONE'],
    ]);
  });

  it('refuses null names and ids before version 12, and a topic without either', async () => {
    const cases: [Asked, number, string][] = [
      [{ topicId: topicIdA }, 11, 'Topic name can not be null for version 11'],
      [{ name: 'a', topicId: topicIdA }, 10, 'Topic IDs are not supported in requests for version 10'],
      [{}, 12, 'A topic must be given by its name or by its topic ID'],
    ];
    for (const [asked, version, message] of cases) {
      const error: unknown = await ask(cluster, request([asked]), { version }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ error: 'INVALID_REQUEST', message } satisfies Partial<KafkaError>);
    }
  });

  it('tells a missing topic from an impossible one', async () => {
    const asked = request([
      { name: 'c' },
      { name: 'a' },
      { name: 'no spaces' },
      { name: '..' },
      { name: 'x'.repeat(250) },
    ]);
    expect(summary(await ask(cluster, asked))).toEqual([
      ['a', 'NONE'],
      ['c', 'UNKNOWN_TOPIC_OR_PARTITION'],
      ['no spaces', 'INVALID_TOPIC_EXCEPTION'],
      ['..', 'INVALID_TOPIC_EXCEPTION'],
      ['x'.repeat(250), 'INVALID_TOPIC_EXCEPTION'],
    ]);
  });

  it('gives the address the client dialled for the answering node where nothing is advertised', async () => {
    const developer = view([broker(1), broker(2)], [], { advertisesDialledAddress: true });
    const response = await ask(developer, request([]), { localPort: 19_092 });
    expect(response.brokers.map(({ host, port }) => `${host}:${port}`)).toEqual(['127.0.0.1:19092', 'broker2:9092']);
  });

  it('gives the brokers beside it the same address, so that it does not matter which of them is asked', async () => {
    const at = (port: number) => ({
      listeners: [{ name: 'PLAINTEXT', host: 'localhost', port, securityProtocol: 0 }],
    });
    const brokers = [broker(1, at(9092)), broker(2, at(9093))];
    for (const [brokerId, localPort] of [
      [1, 9092],
      [2, 9093],
    ] as const) {
      const developer = view(brokers, [], { advertisesDialledAddress: true, brokerId });
      const response = await ask(developer, request([]), { localPort });
      expect(response.brokers.map(({ host, port }) => `${host}:${port}`)).toEqual(['127.0.0.1:9092', '127.0.0.1:9093']);
    }
  });

  it('answers with the endpoints of the listener the client came in by, and leaves out brokers without it', async () => {
    const inside = { name: 'INSIDE', host: 'inside', port: 1, securityProtocol: 0 };
    const two = view([broker(1, { listeners: [inside] }), broker(2)], [topic('a', topicIdA)]);
    const response = await ask(two, request([{ name: 'a' }]), { listenerName: 'INSIDE' });
    expect(response.brokers.map(({ host }) => host)).toEqual(['inside']);
  });

  it('names another live broker as controller while this one is fenced', async () => {
    const fenced = view([broker(1, { fenced: true }), broker(2)], []);
    const response = await ask(fenced, request([]));
    expect(response.controllerId).toBe(2);
    expect(response.brokers.map(({ nodeId }) => nodeId)).toEqual([2]);
  });

  it('tells offline replicas: fenced, unknown, without the listener, on a lost directory', async () => {
    const lost = 'AAAAAAAAAAAAAAAAAAAAAQ';
    const brokers = [
      broker(1, { logDirs: [topicIdA] }),
      broker(2, { fenced: true }),
      broker(4, { listeners: [] }),
      broker(5),
    ];
    const replicas = partition({
      replicas: [1, 2, 3, 4, 5],
      directories: [topicIdB, ZERO_UUID, ZERO_UUID, ZERO_UUID, lost],
    });
    const metadata = view(brokers, [topic('a', topicIdA, [replicas])]);
    const response = await ask(metadata, request([{ name: 'a' }]));
    expect(response.topics[0]!.partitions[0]).toMatchObject({
      replicaNodes: [1, 2, 3, 4, 5],
      offlineReplicas: [1, 2, 3, 4, 5],
    });
    const version0 = await ask(metadata, request([{ name: 'a' }]), { version: 0 });
    expect(version0.topics[0]!.partitions[0]).toMatchObject({ replicaNodes: [1, 5], isrNodes: [1, 5] });
    expect(errorName(version0.topics[0]!.partitions[0]!.errorCode)).toBe('REPLICA_NOT_AVAILABLE');
  });

  it('says why a partition has no leader to go to', async () => {
    const metadata = view(
      [broker(1), broker(2, { listeners: [] })],
      [topic('a', topicIdA, [partition({ leader: -1 }), partition({ leader: 2 })])],
    );
    const errors = async (version: number): Promise<ErrorName[]> => {
      const response = await ask(metadata, request([{ name: 'a' }]), { version });
      expect(response.topics[0]!.partitions.map(({ leaderId }) => leaderId)).toEqual([-1, -1]);
      return response.topics[0]!.partitions.map((each) => errorName(each.errorCode));
    };
    expect(await errors(6)).toEqual(['LEADER_NOT_AVAILABLE', 'LISTENER_NOT_FOUND']);
    expect(await errors(5)).toEqual(['LEADER_NOT_AVAILABLE', 'LEADER_NOT_AVAILABLE']);
  });

  it('lists operations only when asked; without an authorizer all of them', async () => {
    const notAsked = await ask(cluster, request([{ name: 'a' }]), { version: 10 });
    expect(notAsked.clusterAuthorizedOperations).toBe(-2147483648);
    expect(notAsked.topics[0]!.topicAuthorizedOperations).toBe(-2147483648);
    const options = { includeClusterAuthorizedOperations: true, includeTopicAuthorizedOperations: true };
    const asked = await ask(cluster, request([{ name: 'a' }], options), { version: 10 });
    expect(asked.clusterAuthorizedOperations).toBe(8096);
    expect(asked.topics[0]!.topicAuthorizedOperations).toBe(3576);
  });

  it('marks the internal topics', async () => {
    const response = await ask(view([broker(1)], [topic('__consumer_offsets', topicIdA)]), request(null));
    expect(response.topics[0]!.isInternal).toBe(true);
  });

  describe('of a topic that is not there', () => {
    async function askFor(asked: MetadataRequest, options: { enabled?: boolean; version?: number } = {}) {
      const created: string[] = [];
      let metadata = image([broker(1)], [topic('a', topicIdA)]);
      const services: MetadataServices = {
        metadata: {
          get image() {
            return metadata;
          },
          clusterId: 'cluster',
          brokerId: 1,
          advertisesDialledAddress: false,
        },
        autoTopicCreation: {
          enabled: options.enabled ?? true,
          async create(topics) {
            created.push(...topics);
            await Promise.resolve();
            const made = topics.filter((name) => name !== 'refused').map((name) => topic(name, topicIdB));
            metadata = image([broker(1)], [topic('a', topicIdA), ...made]);
          },
        },
      };
      const response = await metadataHandler(services).handle(asked, contextOf(options.version ?? 13));
      const topics = response!.topics!.map((each) => [each.name, errorName(each.errorCode ?? 0)]);
      return { created, topics };
    }

    it('creates it first and answers with it, where creation is on and asked for', async () => {
      const { created, topics } = await askFor(
        request([{ name: 'a' }, { name: 'new' }, { name: 'new' }, { name: '?' }]),
      );
      expect(created).toEqual(['new']);
      expect(topics).toEqual([
        ['a', 'NONE'],
        ['new', 'NONE'],
        ['?', 'INVALID_TOPIC_EXCEPTION'],
      ]);
    });

    it('answers UNKNOWN_TOPIC_OR_PARTITION where it could not be created', async () => {
      expect((await askFor(request([{ name: 'refused' }]))).topics).toEqual([
        ['refused', 'UNKNOWN_TOPIC_OR_PARTITION'],
      ]);
    });

    it('creates nothing when the broker or the client does not want it, nor for ids', async () => {
      const cases = [
        askFor(request([{ name: 'new' }]), { enabled: false }),
        askFor(request([{ name: 'new' }], { allowAutoTopicCreation: false })),
        askFor(request([{ topicId: topicIdB }])),
        askFor(request(null)),
      ];
      for (const { created } of await Promise.all(cases)) expect(created).toEqual([]);
    });
  });

  it('answers each topic with the error when the whole request failed', () => {
    const handler = metadataHandler({ metadata: cluster, autoTopicCreation: noCreation });
    const failed = handler.failed(
      request([{ name: 'a' }, { topicId: topicIdB }]),
      'INVALID_REQUEST',
      null,
      contextOf(12),
    );
    expect(failed!.topics!.map((each) => [each.name, each.topicId, errorName(each.errorCode!)])).toEqual([
      ['a', ZERO_UUID, 'INVALID_REQUEST'],
      ['', topicIdB, 'INVALID_REQUEST'],
    ]);
  });
});
