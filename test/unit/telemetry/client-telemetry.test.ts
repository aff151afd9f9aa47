// The rules are those of Apache Kafka 4.3.1's ClientMetricsManager, ClientMetricsInstance and ClientMetricsConfigs.
import { beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../../src/base/logger.ts';
import { ONE_UUID, type Uuid, ZERO_UUID } from '../../../src/base/uuid.ts';
import { clientMetricsSubscription } from '../../../src/config/client-metrics-config.ts';
import { MetricCollection } from '../../../src/metrics/metric-family.ts';
import { ClientTelemetry, type TelemetryClient, type TelemetryPush } from '../../../src/telemetry/client-telemetry.ts';
import { inJavaHashSetOrder } from '../../../src/telemetry/java-hash-set.ts';
import { subscriptionIdOf } from '../../../src/telemetry/subscription.ts';
import { compress } from '../../../src/wire/records/compression.ts';
import { FakeTime } from '../replication/fakes.ts';
import { encodeMetrics } from './otlp-encoder.ts';

const ID: Uuid = 'x5b6Lm5bSTGuCDUhJmQpPg';
const client: TelemetryClient = {
  connectionId: 'c1',
  clientId: 'shop-1',
  softwareName: 'apache-kafka-java',
  softwareVersion: '4.3.1',
  address: '10.0.0.1',
  port: 5000,
};

/** Printed by a program over the 4.3.1 jars: HashSet.toString(), Crc32C, Uuid.hashCode(). */
const OFFICIAL = {
  all: 321_527_225,
  none: -177_802_018,
  names: ['org.apache.kafka.producer.', 'org.apache.kafka.consumer.', 'org.apache.kafka.admin.client.'],
  some: -1_310_337_344,
  many: Array.from({ length: 30 }, (_, index) => `metric.${index}.`),
  manyInOrder: [
    29, 19, 27, 17, 25, 15, 23, 13, 1, 3, 21, 9, 11, 5, 7, 18, 16, 28, 14, 26, 12, 24, 2, 4, 0, 10, 22, 20, 6, 8,
  ].map((index) => `metric.${index}.`),
};

let time: FakeTime;
let telemetry: ClientTelemetry;

function subscribe(name: string, configs: Readonly<Record<string, string>>): void {
  telemetry.updateSubscription(name, clientMetricsSubscription(new Map(Object.entries(configs))));
}

function ask(clientInstanceId: Uuid = ID, from: TelemetryClient = client) {
  const demand = telemetry.subscriptions(clientInstanceId, from);
  if ('error' in demand) throw new Error(demand.error);
  return demand;
}

const sendTotal = (value: number) =>
  encodeMetrics([
    { name: 'org.apache.kafka.producer.record.send.total', data: { sum: value, delta: true, monotonic: true } },
  ]);

function push(fields: Partial<TelemetryPush> & { readonly subscriptionId: number }, from: TelemetryClient = client) {
  return telemetry.push(
    { clientInstanceId: ID, terminating: false, compressionType: 0, metrics: sendTotal(1), ...fields },
    from,
  );
}

function collected() {
  const samples = new MetricCollection();
  telemetry.collect(samples);
  return new Map(
    samples
      .families()
      .map(({ name, samples: values }) => [name, values.map(({ labels, value }) => ({ labels, value }))]),
  );
}

const figure = (name: string) => collected().get(name)?.[0]?.value;

beforeEach(() => {
  time = new FakeTime();
  let last = 0;
  telemetry = new ClientTelemetry({
    clock: time,
    timer: time,
    random: { nextInt: () => 0, bytes: (count) => Buffer.alloc(count, ++last) },
    logger: silentLogger,
    maxBytes: 10_000,
  });
});

describe('what a client is asked', () => {
  test('nothing but an interval without subscriptions; an id where it has none', () => {
    const demand = ask(ZERO_UUID);
    expect(demand).toMatchObject({ metrics: [], pushIntervalMs: 300_000 });
    expect(demand.clientInstanceId).not.toBe(ZERO_UUID);
    expect(ask(ID).clientInstanceId).toBe(ID);
  });

  test('the union of all subscriptions that match, at the shortest interval', () => {
    subscribe('one', { metrics: 'a.,b.', 'interval.ms': '2000' });
    subscribe('two', { metrics: 'b.,c.', 'interval.ms': '1000', match: 'client_id=shop-.*' });
    subscribe('three', { metrics: 'd.', 'interval.ms': '100', match: 'client_id=other' });
    const demand = ask();
    expect([...demand.metrics].sort()).toEqual(['a.', 'b.', 'c.']);
    expect(demand.pushIntervalMs).toBe(1000);
  });

  test('everything where one of them says so', () => {
    subscribe('one', { metrics: 'a.' });
    subscribe('two', { metrics: '*' });
    expect(ask().metrics).toEqual(['*']);
  });

  test.each([
    ['client_instance_id=x5b6.*', true],
    ['client_id=shop', false],
    ['client_id=shop-[0-9]', true],
    ['client_software_name=apache-kafka-java,client_software_version=4\\..*', true],
    ['client_software_name=apache-kafka-java,client_software_version=3\\..*', false],
    ['client_source_address=10\\.0\\.0\\.1', true],
    ['client_source_port=5000', true],
    ['client_source_port=500', false],
  ])('%s: a pattern must match the whole value, and all of them', (match, meant) => {
    subscribe('one', { metrics: 'a.', match });
    expect(ask().metrics).toEqual(meant ? ['a.'] : []);
  });

  test('a client without an id matches no pattern for it', () => {
    subscribe('one', { metrics: 'a.', match: 'client_id=.*' });
    expect(ask(ID, { ...client, clientId: null }).metrics).toEqual([]);
  });

  test('asking again before the interval is over is too early, but not after a change', () => {
    subscribe('one', { metrics: 'a.', 'interval.ms': '1000' });
    ask();
    time.advance(999);
    expect(telemetry.subscriptions(ID, client)).toEqual({ error: 'THROTTLING_QUOTA_EXCEEDED' });
    expect(figure('kafka_server_client_metrics_throttle_count')).toBe(1);
    telemetry.updateSubscription('one', null);
    expect(ask().metrics).toEqual([]);
    time.advance(300_000);
    expect(ask().pushIntervalMs).toBe(300_000);
  });
});

describe('the subscription id', () => {
  test('is what the official classes compute', () => {
    expect(subscriptionIdOf(['*'], 1000, ID)).toBe(OFFICIAL.all);
    expect(subscriptionIdOf([], 300_000, ID)).toBe(OFFICIAL.none);
    expect(subscriptionIdOf(inJavaHashSetOrder(OFFICIAL.names), 5000, ID)).toBe(OFFICIAL.some);
  });

  test('follows the order of a HashSet, also of one that has grown', () => {
    expect(inJavaHashSetOrder(OFFICIAL.many)).toEqual(OFFICIAL.manyInOrder);
  });
});

describe('a push', () => {
  test('is shown with the ids of its client; differences are added up', () => {
    subscribe('one', { metrics: '*', 'interval.ms': '1000' });
    const { subscriptionId } = ask();
    expect(push({ subscriptionId, metrics: sendTotal(5) })).toBe('NONE');
    time.advance(1000);
    expect(push({ subscriptionId, metrics: sendTotal(7) })).toBe('NONE');
    expect(collected().get('org_apache_kafka_producer_record_send_total')).toEqual([
      { labels: { client_id: 'shop-1', client_instance_id: ID }, value: 12 },
    ]);
    expect(figure('kafka_server_client_metrics_plugin_export_count')).toBe(2);
    expect(figure('kafka_server_client_metrics_instance_count')).toBe(1);
  });

  test('may follow an answer at once, and then once per interval', () => {
    subscribe('one', { metrics: '*', 'interval.ms': '1000' });
    const { subscriptionId } = ask();
    time.advance(1);
    // As in Kafka, an answer and a push of the same millisecond count as one after the other only a moment later.
    expect(push({ subscriptionId })).toBe('NONE');
    time.advance(999);
    expect(push({ subscriptionId })).toBe('THROTTLING_QUOTA_EXCEEDED');
    time.advance(1);
    expect(push({ subscriptionId })).toBe('NONE');
  });

  test('the last one of a client may come at any time; what follows is refused, once', () => {
    subscribe('one', { metrics: '*', 'interval.ms': '1000' });
    const { subscriptionId } = ask();
    expect(push({ subscriptionId })).toBe('NONE');
    expect(push({ subscriptionId, terminating: true })).toBe('NONE');
    time.advance(5000);
    expect(push({ subscriptionId })).toBe('INVALID_REQUEST');
    time.advance(5000);
    expect(push({ subscriptionId })).toBe('NONE');
  });

  test('for a subscription of the past is told so', () => {
    subscribe('one', { metrics: '*', 'interval.ms': '1000' });
    const { subscriptionId } = ask();
    subscribe('two', { metrics: 'a.', 'interval.ms': '500' });
    expect(push({ subscriptionId })).toBe('UNKNOWN_SUBSCRIPTION_ID');
    expect(figure('kafka_server_client_metrics_unknown_subscription_request_count')).toBe(1);
    // It may ask at once what is new, but its next push keeps the interval.
    const { subscriptionId: current } = ask();
    expect(push({ subscriptionId: current })).toBe('THROTTLING_QUOTA_EXCEEDED');
    expect(telemetry.subscriptions(ID, client)).toEqual({ error: 'THROTTLING_QUOTA_EXCEEDED' });
    time.advance(500);
    expect(push({ subscriptionId: current })).toBe('NONE');
  });

  test('of an instance that this broker has not seen is taken when the id fits', () => {
    subscribe('one', { metrics: '*' });
    expect(push({ subscriptionId: subscriptionIdOf(['*'], 300_000, ID) })).toBe('NONE');
  });

  test.each([ZERO_UUID, ONE_UUID])('with the reserved instance id %s is refused', (clientInstanceId) => {
    expect(push({ clientInstanceId, subscriptionId: 0 })).toBe('INVALID_REQUEST');
  });

  test('too large, as it comes or decompressed; in an unknown codec; or no metrics at all', () => {
    subscribe('one', { metrics: '*', 'interval.ms': '100' });
    const { subscriptionId } = ask();
    const next = (fields: Partial<TelemetryPush>) => {
      time.advance(100);
      return push({ subscriptionId, ...fields });
    };
    expect(next({ metrics: Buffer.alloc(10_001) })).toBe('TELEMETRY_TOO_LARGE');
    expect(next({ metrics: compress('gzip', null, Buffer.alloc(10_001)), compressionType: 1 })).toBe('INVALID_RECORD');
    expect(next({ compressionType: 5 })).toBe('UNSUPPORTED_COMPRESSION_TYPE');
    expect(next({ compressionType: -1 })).toBe('UNSUPPORTED_COMPRESSION_TYPE');
    expect(next({ metrics: Buffer.from('no metrics') })).toBe('INVALID_RECORD');
    expect(next({ metrics: Buffer.alloc(0) })).toBe('NONE');
    expect(figure('kafka_server_client_metrics_plugin_error_count')).toBe(2);
  });

  test.each([
    ['gzip', 1],
    ['snappy', 2],
    ['lz4', 3],
    ['zstd', 4],
  ] as const)('compressed with %s is taken', (codec, compressionType) => {
    subscribe('one', { metrics: '*' });
    const { subscriptionId } = ask();
    expect(push({ subscriptionId, compressionType, metrics: compress(codec, null, sendTotal(3)) })).toBe('NONE');
    expect(figure('org_apache_kafka_producer_record_send_total')).toBe(3);
  });

  test('cannot write into the metrics of the broker, nor into labels that Prometheus reserves', () => {
    subscribe('one', { metrics: '*' });
    const { subscriptionId } = ask();
    const metrics = encodeMetrics([
      {
        name: 'kafka_log_log_size',
        attributes: { __name__: 'x', le: '1', client_id: 'somebody else', '': 'y' },
        data: { gauge: 1 },
      },
    ]);
    expect(push({ subscriptionId, metrics })).toBe('NONE');
    expect(collected().get('kafka_log_log_size')).toBeUndefined();
    expect(collected().get('client_kafka_log_log_size')?.[0]?.labels).toEqual({
      attribute___name__: 'x',
      attribute_le: '1',
      client_id: 'shop-1',
      client_instance_id: ID,
    });
  });

  test('of a histogram is shown as one', () => {
    subscribe('one', { metrics: '*', 'interval.ms': '100' });
    const { subscriptionId } = ask();
    const metrics = encodeMetrics([
      { name: 'h', data: { counts: [1, 0, 2], bounds: [5, 10], total: 31.5, delta: true } },
    ]);
    push({ subscriptionId, metrics });
    time.advance(100);
    push({ subscriptionId, metrics });
    expect(
      collected()
        .get('client_h')
        ?.map(({ value }) => value),
    ).toEqual([2, 2, 6, 63, 6]);
  });
});

describe('instances', () => {
  test('are forgotten when their connection ends; what they pushed stays for three intervals, at least a minute', () => {
    subscribe('one', { metrics: '*', 'interval.ms': '1000' });
    push({ subscriptionId: ask().subscriptionId });
    telemetry.disconnected('c1');
    telemetry.disconnected('unknown');
    expect(figure('kafka_server_client_metrics_instance_count')).toBe(0);
    time.advance(59_999);
    expect(figure('org_apache_kafka_producer_record_send_total')).toBe(1);
    time.advance(1);
    expect(figure('org_apache_kafka_producer_record_send_total')).toBeUndefined();
  });

  test('expire after three intervals without a request', () => {
    subscribe('one', { metrics: '*', 'interval.ms': '30000' });
    ask();
    time.advance(89_999);
    expect(figure('kafka_server_client_metrics_instance_count')).toBe(1);
    time.advance(1);
    expect(figure('kafka_server_client_metrics_instance_count')).toBe(0);
    expect(time.scheduled).toBe(0);
  });

  test('leave no timer behind when the broker stops', () => {
    ask();
    ask(ZERO_UUID);
    expect(time.scheduled).toBe(2);
    telemetry.close();
    expect(time.scheduled).toBe(0);
  });

  test('and their series are limited: what finds no room is counted', () => {
    subscribe('one', { metrics: '*', 'interval.ms': '100' });
    const { subscriptionId } = ask();
    const many = Array.from({ length: 120 }, (_, index) => ({ name: `m${index}`, data: { gauge: index } }));
    for (let round = 0; round < 9; round++) {
      time.advance(100);
      const metrics = encodeMetrics(many, { round });
      expect(push({ subscriptionId, metrics })).toBe('NONE');
    }
    expect(figure('ottla_client_metrics_dropped_series_total')).toBe(80);
  });

  test('the oldest of too many clients goes', () => {
    const from = (index: number) =>
      Buffer.alloc(16, 1)
        .fill(index >> 8, 0, 1)
        .fill(index & 0xff, 1, 2)
        .toString('base64url');
    const clients = 1010;
    for (let index = 0; index < clients; index++) {
      const clientInstanceId = from(index);
      push({ clientInstanceId, subscriptionId: subscriptionIdOf([], 300_000, clientInstanceId) });
    }
    const shown = collected().get('org_apache_kafka_producer_record_send_total')!;
    expect(shown).toHaveLength(1000);
    expect(shown.map(({ labels }) => labels['client_instance_id'])).not.toContain(from(0));
    expect(shown.map(({ labels }) => labels['client_instance_id'])).toContain(from(clients - 1));
  });
});
