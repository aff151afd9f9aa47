// Client telemetry (KIP-714) beside Apache Kafka with a receiver (programs/TelemetryReceiver.java): the same requests, the official
// tool, and an unmodified Java producer whose metrics come out at /metrics.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inJavaHashSetOrder } from '../../../src/telemetry/java-hash-set.ts';
import { subscriptionIdOf } from '../../../src/telemetry/subscription.ts';
import { compress } from '../../../src/wire/records/compression.ts';
import { type RunningBroker, startApacheKafka, startOttla } from '../../support/brokers.ts';
import { freePort } from '../../support/processes.ts';
import { prepareJava, suiteTitle, toolsOf } from '../../support/toolchain.ts';
import { parseExposition } from '../../unit/http/exposition-parser.ts';
import { encodeMetrics } from '../../unit/telemetry/otlp-encoder.ts';
import { compareTranscripts } from '../differential/compare.ts';
import { runAll } from '../differential/run-all.ts';
import { ask, type RequestStep, type Script } from '../differential/script.ts';
import { expectSame, Side, type Sides } from './comparison.ts';
import { ToolHost } from './tool-host.ts';

const toolchain = await prepareJava();
const CLIENT_METRICS = 16;
const SET = 0;
const ZERO = 'AAAAAAAAAAAAAAAAAAAAAA';
const LONG_MS = 3_600_000;
const SHORT_MS = 100;

const instance = (index: number): string => Buffer.alloc(16, index + 1).toString('base64url');
const metrics = encodeMetrics([
  { name: 'org.apache.kafka.test.total', data: { sum: 3, delta: true, monotonic: true } },
]);

function subscribe(name: string, configs: Readonly<Record<string, string>>): RequestStep {
  return ask(`subscription ${name}`, 'IncrementalAlterConfigs', {
    resources: [
      {
        resourceType: CLIENT_METRICS,
        resourceName: name,
        configs: Object.entries(configs).map(([key, value]) => ({ name: key, configOperation: SET, value })),
      },
    ],
  });
}

/** Instances without an id get a new one each time, so they may ask as often as they like. */
function untilAsked(clientId: string, metric: string): RequestStep {
  return ask(
    'until it is known',
    'GetTelemetrySubscriptions',
    { clientInstanceId: ZERO },
    {
      clientId,
      setup: true,
      until: { path: 'requestedMetrics.0', is: metric },
    },
  );
}

const names = ['org.apache.kafka.producer.', 'org.apache.kafka.consumer.', 'org.apache.kafka.admin.client.', 'a', 'b'];
const inOrder = inJavaHashSetOrder(names);

function get(name: string, index: number, clientId: string): RequestStep {
  return ask(name, 'GetTelemetrySubscriptions', { clientInstanceId: instance(index) }, { clientId });
}

function push(name: string, clientInstanceId: string, clientId: string, body: Record<string, unknown>): RequestStep {
  return ask(
    name,
    'PushTelemetry',
    { clientInstanceId, terminating: false, compressionType: 0, metrics, ...body },
    { clientId },
  );
}

const longId = (index: number): number => subscriptionIdOf(inOrder, LONG_MS, instance(index));

/** An hour between pushes: whatever comes a second time is too early. */
const requests: Script = {
  name: 'telemetry',
  steps: [
    ask(
      'without a subscription',
      'GetTelemetrySubscriptions',
      { clientInstanceId: instance(0) },
      { clientId: 'nobody' },
    ),
    subscribe('long', { metrics: names.join(','), 'interval.ms': String(LONG_MS), match: 'client_id=long.*' }),
    untilAsked('long-1', inOrder[0]!),
    get('asks', 1, 'long-1'),
    get('asks again', 1, 'long-1'),
    push('at once', instance(1), 'long-1', { subscriptionId: longId(1) }),
    push('too early', instance(1), 'long-1', { subscriptionId: longId(1) }),
    push('the last', instance(1), 'long-1', { subscriptionId: longId(1), terminating: true }),
    push('after the last', instance(1), 'long-1', { subscriptionId: longId(1), terminating: true }),
    push('and again', instance(1), 'long-1', { subscriptionId: longId(1) }),
    get('asks after the last', 1, 'long-1'),
    push('without having asked', instance(2), 'long-2', { subscriptionId: longId(2) }),
    push('of another subscription', instance(3), 'long-3', { subscriptionId: 17 }),
    get('asks after that', 3, 'long-3'),
    push('then comes too early', instance(3), 'long-3', { subscriptionId: longId(3) }),
    push('unknown codec', instance(4), 'long-4', { subscriptionId: longId(4), compressionType: 5 }),
    get('asks after an unknown codec', 4, 'long-4'),
    push('negative codec', instance(5), 'long-5', { subscriptionId: longId(5), compressionType: -1 }),
    push('too large', instance(6), 'long-6', { subscriptionId: longId(6), metrics: Buffer.alloc(20_001) }),
    push('just not too large, and no metrics', instance(7), 'long-7', {
      subscriptionId: longId(7),
      metrics: Buffer.alloc(20_000, 0xff),
    }),
    push('too large when decompressed', instance(8), 'long-8', {
      subscriptionId: longId(8),
      compressionType: 1,
      metrics: compress('gzip', null, Buffer.alloc(20_001)),
    }),
    push('no bytes', instance(9), 'long-9', { subscriptionId: longId(9), metrics: Buffer.alloc(0) }),
    push('not compressed as it says', instance(10), 'long-10', { subscriptionId: longId(10), compressionType: 4 }),
    ...(['gzip', 'snappy', 'lz4', 'zstd'] as const).map((codec, index) =>
      push(codec, instance(20 + index), `long-${20 + index}`, {
        subscriptionId: longId(20 + index),
        compressionType: index + 1,
        metrics: compress(codec, null, metrics),
      }),
    ),
    push('reserved instance', ZERO, 'long-1', { subscriptionId: 0 }),
    push('other reserved instance', 'AAAAAAAAAAAAAAAAAAAAAQ', 'long-1', { subscriptionId: 0 }),
    ask(
      'asks under a reserved id',
      'GetTelemetrySubscriptions',
      { clientInstanceId: 'AAAAAAAAAAAAAAAAAAAAAQ' },
      {
        clientId: 'long-1',
      },
    ),
    // Another subscription for the same clients: what they were asked before is of the past.
    subscribe('short', {
      metrics: '*',
      'interval.ms': String(SHORT_MS),
      match: 'client_id=long-[0-9],client_software_name=.*',
    }),
    untilAsked('long-1', '*'),
    push('for what was asked before', instance(9), 'long-9', { subscriptionId: longId(9) }),
    get('asks what is new', 9, 'long-9'),
    get('one that the pattern does not meet', 30, 'long-30'),
    get('a new one that it meets', 8, 'long-8'),
    ask(
      'both are listed',
      'ListConfigResources',
      { resourceTypes: [CLIENT_METRICS] },
      { unordered: ['configResources'] },
    ),
  ],
};

describe.skipIf(toolchain.kind === 'missing')(suiteTitle('Client telemetry', toolchain), { timeout: 90_000 }, () => {
  let sides: Sides | null = null;
  let metricsPort = 0;
  const brokers: RunningBroker[] = [];

  beforeAll(async () => {
    const java = toolsOf(toolchain);
    const common = { 'telemetry.max.bytes': '20000' };
    metricsPort = await freePort();
    const [ottla, apache] = await Promise.all([
      startOttla({ properties: { ...common, 'ottla.metrics.port': String(metricsPort) } }),
      startApacheKafka(java, { properties: { ...common, 'metric.reporters': 'TelemetryReceiver' } }),
    ]);
    brokers.push(ottla, apache);
    const host = new ToolHost(java);
    sides = { ottla: new Side(ottla, host), apache: new Side(apache, host) };
  }, 120_000);

  afterAll(async () => {
    await sides?.ottla.host.stop();
    await Promise.all(brokers.map((broker) => broker.remove()));
  });

  const both = (): Sides => {
    if (sides === null) throw new Error('the brokers did not start');
    return sides;
  };

  test('requests are answered in the same way', async () => {
    const { ottla, apache } = both();
    const [expected, found] = await Promise.all([runAll([requests], apache.broker), runAll([requests], ottla.broker)]);
    const transcript = expected.get(requests.name)!;
    expect(transcript.map(({ step }) => step).filter((step) => step.startsWith('end of'))).toEqual([]);
    expect(transcript.length).toBeGreaterThan(30);
    expect(compareTranscripts(requests.name, transcript, found.get(requests.name)!)).toEqual([]);
  });

  test('kafka-client-metrics alters, lists, describes and deletes', async () => {
    const runs: string[][] = [
      [
        '--alter',
        '--name',
        'tool',
        '--metrics',
        'org.apache.kafka.producer.',
        '--interval',
        '5000',
        '--match',
        'client_id=x',
      ],
      ['--describe', '--name', 'tool'],
      ['--alter', '--name', 'tool', '--interval', '', '--match', ''],
      ['--describe', '--name', 'tool'],
      ['--alter', '--name', 'tool', '--interval', '1'],
      ['--alter', '--name', 'tool', '--match', 'nothing=x'],
      ['--describe', '--name', 'missing'],
      ['--delete', '--name', 'tool'],
      ['--delete', '--name', 'tool'],
      ['--describe', '--name', 'tool'],
      ['--list'],
      ['--alter', '--metrics', 'x'],
    ];
    const outcomes = async (side: Side): Promise<string> => {
      let text = '';
      for (const args of runs) {
        const outcome = await side.outcome('kafka-client-metrics', args);
        text += `${args.join(' ')}\n${args[0] === '--list' ? outcome.split('\n').sort().join('\n') : outcome}\n`;
      }
      return text;
    };
    await expectSame(both(), outcomes);
  });

  test("a Java producer's metrics come out at /metrics", async () => {
    const { ottla } = both();
    await ottla.run('kafka-client-metrics', [
      ...['--alter', '--name', 'java', '--interval', '100'],
      ...['--metrics', 'org.apache.kafka.producer.', '--match', 'client_id=perf.*'],
    ]);
    const result = await ottla.run('kafka-producer-perf-test', [
      ...['--topic', 'telemetry', '--num-records', '300', '--record-size', '10', '--throughput', '200'],
      ...['--command-property', 'client.id=perf-1'],
    ]);
    expect(result, result.stderr).toMatchObject({ exitCode: 0 });
    const answer = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
    const scrape = parseExposition(await answer.text());
    const pushed = scrape.families.filter(({ name }) => name.startsWith('org_apache_kafka_producer_'));
    expect(pushed.length).toBeGreaterThan(5);
    const connections = scrape.all('org_apache_kafka_producer_connection_creation_total', { client_id: 'perf-1' });
    expect(connections.map(({ value }) => value > 0)).toEqual([true]);
    expect(connections[0]!.labels['client_instance_id']).toMatch(/^[\w-]{22}$/);
    expect(scrape.value('kafka_server_client_metrics_plugin_export_count', {})).toBeGreaterThan(1);
  });
});
