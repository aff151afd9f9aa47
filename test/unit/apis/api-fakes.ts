import { ClientQuotas } from '../../../src/apis/client-quotas.ts';
import { type Api, apiOf } from '../../../src/apis/dispatch.ts';
import type { ConnectionContext, Handler, RequestContext } from '../../../src/apis/handler.ts';
import type { MetadataView } from '../../../src/apis/metadata-view.ts';
import { RequestUsage } from '../../../src/apis/request-usage.ts';
import { ZERO_UUID } from '../../../src/base/uuid.ts';
import type { BrokerImage, MetadataImage, PartitionImage, TopicImage } from '../../../src/metadata/metadata-image.ts';
import type { MessageSchema } from '../../../src/wire/schema.ts';
import { parseVersions } from '../../../src/wire/versions.ts';
import { allSchemas } from '../../support/schemas.ts';

export const topicIdA = 'aaaaaaaaaaaaaaaaaaaaaA';
export const topicIdB = 'bbbbbbbbbbbbbbbbbbbbbA';

export function connection(options: Partial<ConnectionContext> = {}): ConnectionContext {
  return {
    connectionId: '127.0.0.1:9092-127.0.0.1:50000-0-0',
    listenerName: 'PLAINTEXT',
    securityProtocol: 'PLAINTEXT',
    principal: 'User:ANONYMOUS',
    clientAddress: '127.0.0.1',
    clientPort: 50_000,
    localHost: '127.0.0.1',
    localPort: 9092,
    clientSoftwareName: 'unknown',
    clientSoftwareVersion: 'unknown',
    ...options,
  };
}

const stoppedClock = { nowMs: () => 0, monotonicMs: () => 0 };
const window = { sampleCount: 11, sampleMs: 1000 };

/** Quotas that nobody has set. */
export const noQuotas = new ClientQuotas({ clock: stoppedClock, window, controllerWindow: window });

export function contextOf(apiVersion: number, connectionOptions: Partial<ConnectionContext> = {}): RequestContext {
  return {
    apiVersion,
    clientId: 'test',
    correlationId: 7,
    connection: connection(connectionOptions),
    receivedAtMs: 0,
    usage: new RequestUsage(100, stoppedClock),
  };
}

export function broker(brokerId: number, options: Partial<BrokerImage> = {}): BrokerImage {
  return {
    brokerId,
    brokerEpoch: brokerId,
    incarnationId: ZERO_UUID,
    listeners: [{ name: 'PLAINTEXT', host: `broker${brokerId}`, port: 9090 + brokerId, securityProtocol: 0 }],
    supportedFeatures: new Map(),
    rack: null,
    fenced: false,
    inControlledShutdown: false,
    isMigratingZkBroker: false,
    logDirs: [],
    cordonedLogDirs: null,
    ...options,
  };
}

export function partition(options: Partial<PartitionImage> = {}): PartitionImage {
  const replicas = options.replicas ?? [1];
  return {
    replicas,
    directories: replicas.map(() => ZERO_UUID),
    isr: replicas,
    elr: [],
    lastKnownElr: [],
    addingReplicas: [],
    removingReplicas: [],
    leader: replicas[0] ?? -1,
    leaderRecoveryState: 'RECOVERED',
    leaderEpoch: 3,
    partitionEpoch: 4,
    ...options,
  };
}

export function topic(name: string, topicId: string, partitions: PartitionImage[] = [partition()]): TopicImage {
  return { name, topicId, partitions: new Map(partitions.map((each, index) => [index, each])) };
}

export function image(brokers: BrokerImage[], topics: TopicImage[]): MetadataImage {
  // Handlers look at brokers and topics alone; the rest of an image is left out here.
  return {
    brokers: new Map(brokers.map((each) => [each.brokerId, each])),
    topicsByName: new Map(topics.map((each) => [each.name, each])),
    topicsById: new Map(topics.map((each) => [each.topicId, each])),
  } as unknown as MetadataImage;
}

export function view(brokers: BrokerImage[], topics: TopicImage[], options: Partial<MetadataView> = {}): MetadataView {
  return {
    image: image(brokers, topics),
    clusterId: 'cluster',
    brokerId: 1,
    advertisesDialledAddress: false,
    ...options,
  };
}

/** Every API that has a schema, in all its versions, with one function for all. */
export async function fakeTable(
  handle: (name: string, request: unknown, context: RequestContext) => object | null | Promise<object | null>,
): Promise<Map<number, Api>> {
  const schemas = await allSchemas();
  const table = new Map<number, Api>();
  for (const [name, request] of schemas) {
    if (request.kind !== 'request' || request.versions === 'none') continue;
    const response = schemas.get(name.replace(/Request$/, 'Response'))!;
    const handler: Handler<MessageSchema, MessageSchema> = {
      request,
      response,
      versions: parseVersions(request.versions),
      handle: (body, context) => handle(name, body, context),
      failed: () => ({}),
    };
    const api = apiOf(handler);
    table.set(api.apiKey, api);
  }
  return table;
}
