import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { describeConfigsHandler } from '../../../src/apis/describe-configs.ts';
import type { RequestContext } from '../../../src/apis/handler.ts';
import type { DynamicBrokerConfig } from '../../../src/config/dynamic-broker-config.ts';
import { decode, encode } from '../../../src/wire/codec.ts';
import { errorName } from '../../../src/wire/errors.ts';
import {
  type DescribeConfigsRequest,
  type DescribeConfigsResponse,
  describeConfigsRequest,
  describeConfigsResponse,
} from '../../../src/wire/schema/describe-configs.ts';
import { testBrokerConfig } from '../config/fixture.ts';

interface FactEntry {
  readonly name: string;
  readonly value: string | null;
  readonly type: number;
  readonly source: number;
  readonly readOnly?: true;
  readonly sensitive?: true;
  readonly synonyms: readonly (readonly [string, string | null, number])[];
}

interface Fact {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly error: string;
  readonly errorMessage: string;
  readonly configs: readonly FactEntry[];
}

// What a nearly default Apache Kafka 4.3.1 broker answered.
const facts: readonly Fact[] = JSON.parse(
  readFileSync(new URL('../../golden/protocol/describe-configs.json', import.meta.url), 'utf8'),
).resources;

/** That broker's configuration. */
const factProperties = [
  'advertised.listeners=PLAINTEXT://127.0.0.1:21092,CONTROLLER://127.0.0.1:21093',
  'group.initial.rebalance.delay.ms=0',
  'inter.broker.listener.name=PLAINTEXT',
  'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_PLAINTEXT',
  'log.dirs=DATADIR',
  'offsets.topic.replication.factor=1',
  'share.coordinator.state.topic.min.isr=1',
  'share.coordinator.state.topic.replication.factor=1',
  'transaction.state.log.min.isr=1',
  'transaction.state.log.replication.factor=1',
].join('\n');

const none = new Map<string, string>();

function factBroker(): DynamicBrokerConfig {
  const broker = testBrokerConfig(factProperties);
  // Formatting sets it for the whole cluster, because eligible leader replicas are on.
  broker.update({ broker: none, clusterDefault: new Map([['min.insync.replicas', '1']]) });
  return broker;
}

interface Options {
  readonly broker?: DynamicBrokerConfig;
  readonly topics?: Readonly<Record<string, ReadonlyMap<string, string>>>;
  readonly groups?: Readonly<Record<string, ReadonlyMap<string, string>>>;
  readonly subscriptions?: Readonly<Record<string, ReadonlyMap<string, string>>>;
}

const context = {} as RequestContext; // the handler reads nothing of it

function handler({ broker = testBrokerConfig(), topics = {}, groups = {}, subscriptions = {} }: Options) {
  return describeConfigsHandler({
    brokerConfig: broker,
    configs: {
      topicExists: (name) => Object.hasOwn(topics, name),
      topicConfigs: (name) => topics[name] ?? none,
      groupConfigs: (name) => groups[name] ?? none,
      clientMetricsConfigs: (name) => subscriptions[name] ?? none,
    },
    loggers: {
      levels: () =>
        new Map([
          ['root', 'INFO'],
          ['raft', 'DEBUG'],
        ]),
      setLevel() {},
      unsetLevel() {},
    },
  });
}

/** Through the codec, as a client sees it. */
async function ask(
  options: Options,
  resources: readonly Partial<DescribeConfigsRequest['resources'][number]>[],
  flags: { includeSynonyms?: boolean; includeDocumentation?: boolean } = { includeSynonyms: true },
): Promise<DescribeConfigsResponse['results']> {
  const request = decode(
    describeConfigsRequest,
    4,
    encode(describeConfigsRequest, 4, {
      resources: resources.map((resource) => ({ configurationKeys: null, ...resource })),
      ...flags,
    }),
  );
  const response = await handler(options).handle(request, context);
  return decode(describeConfigsResponse, 4, encode(describeConfigsResponse, 4, response!)).results;
}

function asFact(result: DescribeConfigsResponse['results'][number]): Fact & { errorCode: number } {
  return {
    resourceType: result.resourceType,
    resourceName: result.resourceName,
    errorCode: result.errorCode,
    error: errorName(result.errorCode),
    errorMessage: result.errorMessage ?? 'null',
    configs: result.configs
      .map((entry) => ({
        name: entry.name,
        value: entry.value,
        type: entry.configType,
        source: entry.configSource,
        ...(entry.readOnly ? ({ readOnly: true } as const) : {}),
        ...(entry.isSensitive ? ({ sensitive: true } as const) : {}),
        synonyms: entry.synonyms.map((synonym) => [synonym.name, synonym.value, synonym.source] as const),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

describe('a nearly default broker answers as Apache Kafka 4.3.1 does', () => {
  const topics = { t: new Map([['retention.ms', '12345']]) };

  test.each(facts.map((fact) => [fact.resourceType, fact.resourceName, fact] as const))(
    'resource type %i, name %j',
    async (resourceType, resourceName, fact) => {
      const [result] = await ask({ broker: factBroker(), topics }, [{ resourceType, resourceName }]);
      expect(asFact(result!)).toEqual(fact);
    },
  );
});

test('one unknown resource type fails the whole request', async () => {
  const results = await ask({ topics: { t: none } }, [
    { resourceType: 2, resourceName: 't' },
    { resourceType: 99, resourceName: 'x' },
  ]);
  expect(results.map((result) => errorName(result.errorCode))).toEqual(['INVALID_REQUEST', 'INVALID_REQUEST']);
});

test('only the keys that were asked for, and synonyms and documentation only when wanted', async () => {
  const [result] = await ask(
    { topics: { t: none } },
    [{ resourceType: 2, resourceName: 't', configurationKeys: ['retention.ms', 'no.such.key'] }],
    { includeDocumentation: true },
  );
  expect(result!.configs).toHaveLength(1);
  expect(result!.configs[0]).toMatchObject({ name: 'retention.ms', value: '604800000', synonyms: [] });
  expect(result!.configs[0]!.documentation).toContain('How long records are kept');
  const [silent] = await ask({ topics: { t: none } }, [
    { resourceType: 2, resourceName: 't', configurationKeys: ['retention.ms'] },
  ]);
  expect(silent!.configs[0]!.documentation).toBeNull();
});

test('the synonyms of a topic key tell where its broker value comes from', async () => {
  const broker = testBrokerConfig('log.retention.ms=5\nlog.retention.hours=1');
  broker.update({ broker: new Map([['log.retention.ms', '7']]), clusterDefault: new Map([['log.retention.ms', '6']]) });
  const [result] = await ask({ broker, topics: { t: new Map([['retention.ms', '8']]) } }, [
    { resourceType: 2, resourceName: 't', configurationKeys: ['retention.ms'] },
  ]);
  expect(asFact(result!).configs[0]).toMatchObject({
    value: '8',
    source: 1,
    synonyms: [
      ['retention.ms', '8', 1],
      ['log.retention.ms', '7', 2],
      ['log.retention.ms', '6', 3],
      ['log.retention.ms', '5', 4],
      ['log.retention.hours', '1', 4],
      ['log.retention.hours', '168', 5],
    ],
  });
});

test('passwords, and names that nobody knows, never show their value', async () => {
  const broker = testBrokerConfig('ssl.key.password=hush\nmy.secret=hush\nlistener.name.x.ssl.key.password=hush');
  const [result] = await ask({ broker }, [{ resourceType: 4, resourceName: '1' }]);
  expect(JSON.stringify(result)).not.toContain('hush');
  const secret = asFact(result!).configs.find((entry) => entry.name === 'my.secret');
  expect(secret).toEqual({
    name: 'my.secret',
    value: null,
    type: 0,
    source: 4,
    readOnly: true,
    sensitive: true,
    synonyms: [['my.secret', null, 4]],
  });
});

test('an internal key is shown only when it is set', async () => {
  const resource = { resourceType: 4, resourceName: '1', configurationKeys: ['unstable.api.versions.enable'] };
  const [unset] = await ask({}, [resource]);
  expect(unset!.configs).toEqual([]);
  const [set] = await ask({ broker: testBrokerConfig('unstable.api.versions.enable=true') }, [resource]);
  expect(set!.configs).toMatchObject([{ name: 'unstable.api.versions.enable', value: 'true' }]);
});

test('groups and subscriptions show their own values first', async () => {
  const [group, subscription] = await ask(
    {
      groups: { g: new Map([['consumer.session.timeout.ms', '50000']]) },
      subscriptions: { s: new Map([['interval.ms', '1000']]) },
    },
    [
      { resourceType: 32, resourceName: 'g', configurationKeys: ['consumer.session.timeout.ms'] },
      { resourceType: 16, resourceName: 's', configurationKeys: ['interval.ms'] },
    ],
  );
  expect(asFact(group!).configs).toMatchObject([
    {
      value: '50000',
      source: 8,
      synonyms: [
        ['consumer.session.timeout.ms', '50000', 8],
        ['group.consumer.session.timeout.ms', '45000', 5],
      ],
    },
  ]);
  expect(asFact(subscription!).configs).toMatchObject([
    { value: '1000', source: 7, synonyms: [['interval.ms', '1000', 7]] },
  ]);
});

test('loggers with their levels', async () => {
  const [result, other] = await ask({}, [
    { resourceType: 8, resourceName: '1' },
    { resourceType: 8, resourceName: 'x' },
  ]);
  expect(result!.configs.map((entry) => [entry.name, entry.value, entry.configSource, entry.readOnly])).toEqual([
    ['root', 'INFO', 6, false],
    ['raft', 'DEBUG', 6, false],
  ]);
  expect(other!.errorMessage).toBe('Broker id must be an integer, but it is: x');
});
