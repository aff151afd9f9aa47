// The monitoring port of a whole broker in this process, with a real client's traffic.
import { request } from 'node:http';
import { connect } from 'node:net';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Broker } from '../../../src/index.ts';
import { metricTable } from '../../../src/metrics/metric-table.ts';
import { parseExposition, type Scrape } from './exposition-parser.ts';

const { Kafka, logLevel } = kafkajs;

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

function ask(port: number, path: string, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    asked.on('error', reject);
    asked.end();
  });
}

async function scrape(port: number): Promise<Scrape> {
  const answer = await ask(port, '/metrics');
  expect(answer.status).toBe(200);
  return parseExposition(answer.body);
}

describe('the monitoring port', () => {
  let broker: Broker;
  let port: number;

  beforeAll(async () => {
    broker = await Broker.start({
      port: 0,
      ephemeral: true,
      metricsPort: 0,
      topics: [{ name: 'orders', partitions: 2 }],
    });
    port = broker.metricsPort!;
    const kafka = new Kafka({ clientId: 'shop', brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING });
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({
      topic: 'orders',
      messages: Array.from({ length: 10 }, (_, index) => ({ value: `order ${index}`, partition: 0 })),
    });
    await producer.disconnect();
    const consumer = kafka.consumer({ groupId: 'billing' });
    await consumer.connect();
    await consumer.subscribe({ topic: 'orders', fromBeginning: true });
    let seen = 0;
    await new Promise<void>((resolve, reject) => {
      consumer
        .run({
          eachMessage: async () => {
            seen++;
            if (seen === 10) resolve();
          },
        })
        .catch(reject);
    });
    await consumer.commitOffsets([{ topic: 'orders', partition: 0, offset: '7' }]);
    await consumer.disconnect();
  }, 60_000);

  afterAll(() => broker?.stop());

  test('tells what producers and consumers moved, by topic and in all', async () => {
    const found = await scrape(port);
    expect(found.value('kafka_server_brokertopicmetrics_messagesin_total', { topic: 'orders' })).toBe(10);
    const bytesIn = found.value('kafka_server_brokertopicmetrics_bytesin_total', { topic: 'orders' });
    expect(bytesIn).toBeGreaterThan(100);
    expect(found.value('kafka_server_brokertopicmetrics_bytesout_total', { topic: 'orders' })).toBe(bytesIn);
    // The group's records are in the sum of all topics.
    expect(found.value('kafka_server_brokertopicmetrics_messagesin_total', {})).toBeGreaterThan(10);
    expect(found.value('kafka_server_brokertopicmetrics_failedproducerequests_total', {})).toBe(0);
  });

  test('tells requests by version, their errors and their times', async () => {
    const found = await scrape(port);
    const produced = found.all('kafka_network_requestmetrics_requests_total', { request: 'Produce' });
    expect(produced.map(({ value }) => value)).toEqual([1]);
    expect(found.value('kafka_network_requestmetrics_errors_total', { request: 'Produce', error: 'NONE' })).toBe(1);
    expect(found.value('kafka_network_requestmetrics_totaltimems_count', { request: 'Produce' })).toBe(1);
    expect(found.value('kafka_network_requestmetrics_totaltimems_bucket', { request: 'Produce', le: '+Inf' })).toBe(1);
    const fetches = found.value('kafka_network_requestmetrics_totaltimems_count', { request: 'Fetch' });
    expect(fetches).toBeGreaterThan(0);
    expect(found.value('kafka_network_requestmetrics_totaltimems_count', { request: 'FetchConsumer' })).toBe(fetches);
    const phases = ['requestqueue', 'local', 'remote', 'responsequeue', 'responsesend'];
    const sum = phases.map((phase) =>
      found.value(`kafka_network_requestmetrics_${phase}timems_sum`, { request: 'Produce' }),
    );
    expect(sum.reduce((total, part) => total + part, 0)).toBeCloseTo(
      found.value('kafka_network_requestmetrics_totaltimems_sum', { request: 'Produce' }),
      6,
    );
  });

  test('tells replicas, logs, controller and groups', async () => {
    const found = await scrape(port);
    expect(found.value('kafka_log_log_logendoffset', { topic: 'orders', partition: '0' })).toBe(10);
    expect(found.value('kafka_log_log_size', { topic: 'orders', partition: '0' })).toBeGreaterThan(100);
    expect(found.value('kafka_log_log_logendoffset', { topic: 'orders', partition: '1' })).toBe(0);
    const leaders = found.value('kafka_server_replicamanager_leadercount', {});
    expect(leaders).toBe(found.value('kafka_controller_kafkacontroller_globalpartitioncount', {}));
    expect(found.value('kafka_server_replicamanager_underreplicatedpartitions', {})).toBe(0);
    expect(found.value('kafka_controller_kafkacontroller_activecontrollercount', {})).toBe(1);
    expect(found.value('kafka_controller_kafkacontroller_offlinepartitionscount', {})).toBe(0);
    const committed = { consumergroup: 'billing', topic: 'orders', partition: '0' };
    const offset = found.value('kafka_consumergroup_current_offset', committed);
    expect(found.value('kafka_consumergroup_lag', committed)).toBe(10 - offset);
    expect(
      found.value('kafka_server_group_coordinator_metrics_group_count', { protocol: 'classic', state: 'Empty' }),
    ).toBe(1);
    expect(found.value('ottla_coordinator_loaded_partitions_total', { coordinator: 'group' })).toBeGreaterThan(0);
    expect(found.value('ottla_coordinator_written_records_total', { coordinator: 'group' })).toBeGreaterThan(0);
    expect(found.value('ottla_coordinator_failed_writes_total', { coordinator: 'transaction' })).toBe(0);
    expect(found.value('kafka_server_kafkaserver_brokerstate', {})).toBe(3);
    expect(
      found.value('kafka_server_socket_server_metrics_connection_creation_total', { listener: 'PLAINTEXT' }),
    ).toBeGreaterThan(1);
    expect(found.value('process_resident_memory_bytes', {})).toBeGreaterThan(1e6);
  });

  test('every sample belongs to a metric of the table, with its kind, its help and its labels', async () => {
    const found = await scrape(port);
    const wrong: string[] = [];
    for (const family of found.families) {
      const row = metricTable[family.name as keyof typeof metricTable];
      if (row === undefined || row.kind !== family.kind || row.help !== family.help) wrong.push(family.name);
      const known: readonly string[] = [...(row?.labels ?? []), 'le'];
      for (const { labels } of family.samples) {
        for (const label of Object.keys(labels)) if (!known.includes(label)) wrong.push(`${family.name} ${label}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('a deleted topic is gone from the next scrape', async () => {
    const kafka = new Kafka({ brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING });
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 'short-lived', numPartitions: 1 }] });
    expect((await scrape(port)).all('kafka_log_log_size', { topic: 'short-lived' })).toHaveLength(1);
    await admin.deleteTopics({ topics: ['short-lived'] });
    await admin.disconnect();
    const found = await scrape(port);
    expect(
      found.families.flatMap(({ samples }) => samples).filter(({ labels }) => labels['topic'] === 'short-lived'),
    ).toEqual([]);
  });

  test('health and readiness', async () => {
    expect(await ask(port, '/healthz')).toMatchObject({ status: 200, body: 'ok\n' });
    expect(await ask(port, '/readyz')).toMatchObject({ status: 200, body: 'ok\n' });
    expect(await ask(port, '/healthz', 'HEAD')).toMatchObject({ status: 200, body: '' });
  });

  test('other paths are 404, other methods 405', async () => {
    expect((await ask(port, '/')).status).toBe(404);
    expect((await ask(port, '/metrics/x')).status).toBe(404);
    expect((await ask(port, '/nothing', 'POST')).status).toBe(404);
    expect(await ask(port, '/metrics', 'POST')).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
    expect((await ask(port, '/metrics?a=b')).status).toBe(200);
  });

  test('what is no HTTP closes its connection, and the next one is served', async () => {
    const answer = await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = connect(port, '127.0.0.1', () => socket.write(Buffer.from([0, 0, 0, 4, 1, 2, 3, 4])));
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      socket.on('close', () => resolve(text));
      socket.on('error', reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect((await ask(port, '/healthz')).status).toBe(200);
  });

  test('each broker of a process has its own metrics and port', async () => {
    await using other = await Broker.start({ port: 0, ephemeral: true, metricsPort: 0 });
    expect(other.metricsPort).not.toBe(port);
    const found = await scrape(other.metricsPort!);
    expect(found.all('kafka_log_log_size', { topic: 'orders' })).toEqual([]);
    expect(found.value('kafka_server_brokertopicmetrics_messagesin_total', {})).toBe(0);
  });

  test('a port that is taken stops the start with a sentence', async () => {
    await expect(Broker.start({ port: 0, ephemeral: true, metricsPort: port })).rejects.toThrow(
      /Cannot serve metrics on 127\.0\.0\.1, port \d+: .*EADDRINUSE/,
    );
  });
});

test('nothing is served unless a port is set', async () => {
  await using broker = await Broker.start({ port: 0, ephemeral: true });
  expect(broker.metricsPort).toBeNull();
});
