// Three brokers by `ottla --brokers 3`, and what may happen to them while producers write without pause with acks=all and idempotence:
// kill -9 of a leader and of the active controller. Clients recover by themselves, every acknowledged record is there, at the offset that
// was acknowledged, once. `npm run test:cluster` makes ten rounds of it; the number is in CLUSTER_ROUNDS.

import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Kafka as KafkaClient } from 'kafkajs';
import { afterEach, describe, expect, test } from 'vitest';
import { ottlaMainPath } from '../../support/brokers.ts';
import { ProcessCluster, refusalOf, until } from '../../support/process-cluster.ts';
import { freePort, type RunningProcess, startProcess, temporaryFolder } from '../../support/processes.ts';
import { type JavaToolchain, javaArguments, prepareJava, toolsOf } from '../../support/toolchain.ts';

const { Kafka, logLevel } = kafkajs;
const java = await prepareJava();
const rounds = Number(process.env['CLUSTER_ROUNDS'] ?? 1);
const PARTITIONS = 3;

interface Acknowledged {
  readonly value: string;
  readonly partition: number;
  readonly offset: number;
}

/** Somebody's producer, which writes until it is stopped. */
interface Load {
  readonly topic: string;
  readonly acknowledged: Acknowledged[];
  /** Rejects when the producer gives up. */
  readonly ended: Promise<void>;
  /** Resolves when what is in flight is acknowledged. */
  stop(): Promise<void>;
  kill(): Promise<void>;
}

function clientOf(cluster: ProcessCluster): KafkaClient {
  const retry = { initialRetryTime: 50, retries: 1000, maxRetryTime: 500 };
  const brokers = cluster.bootstrap.split(',');
  return new Kafka({ brokers, requestTimeout: 5000, logLevel: logLevel.NOTHING, retry });
}

async function kafkajsLoad(kafka: KafkaClient, topic: string): Promise<Load> {
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  const acknowledged: Acknowledged[] = [];
  let isOn = true;
  const run = async (): Promise<void> => {
    for (let number = 0; isOn; number++) {
      const value = String(number);
      const [written] = await producer.send({ topic, acks: -1, messages: [{ value, partition: number % PARTITIONS }] });
      acknowledged.push({ value, partition: written!.partition, offset: Number(written!.baseOffset) });
      await sleep(5);
    }
  };
  const ended = run();
  ended.catch(() => undefined);
  const stop = async (): Promise<void> => {
    isOn = false;
    await ended;
    await producer.disconnect();
  };
  const abandon = async (): Promise<void> => {
    isOn = false;
    await producer.disconnect();
  };
  return { topic, acknowledged, ended, stop, kill: abandon };
}

function processLoad(topic: string, running: RunningProcess, acknowledged: Acknowledged[], stop: () => void): Load {
  let isOn = true;
  const ended = running.exited.then((exitCode) => {
    if (isOn) throw new Error(`the producer of ${topic} gave up (${exitCode}):\n${running.output().slice(-2000)}`);
  });
  ended.catch(() => undefined);
  return {
    topic,
    acknowledged,
    ended,
    stop: async () => {
      isOn = false;
      stop();
      await ended;
    },
    kill: () => running.stop('SIGKILL'),
  };
}

/** Apache Kafka's own producer: kafka-verifiable-producer, idempotent by default. */
function javaLoad(tools: JavaToolchain, cluster: ProcessCluster, topic: string): Load {
  const acknowledged: Acknowledged[] = [];
  const args = ['--bootstrap-server', cluster.bootstrap, '--topic', topic, '--throughput', '200', '--acks', '-1'];
  const running = startProcess(
    'java',
    javaArguments(tools, '128m', 'org.apache.kafka.tools.VerifiableProducer', args),
    {
      onStdoutLine: (line) => {
        if (!line.includes('"producer_send_success"')) return;
        const { value, partition, offset } = JSON.parse(line) as { value: string; partition: number; offset: number };
        acknowledged.push({ value, partition, offset });
      },
    },
  );
  return processLoad(topic, running, acknowledged, () => running.child.kill('SIGTERM'));
}

/** All of a topic, by a group of its own. */
async function readAll(kafka: KafkaClient, topic: string): Promise<Acknowledged[]> {
  const admin = kafka.admin();
  await admin.connect();
  const ends = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  const total = ends.reduce((sum, { high }) => sum + Number(high), 0);
  const consumer = kafka.consumer({ groupId: `reads-${topic}` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const found: Acknowledged[] = [];
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      found.push({ value: message.value!.toString(), partition, offset: Number(message.offset) });
    },
  });
  await until(() => found.length >= total);
  await consumer.disconnect();
  return found;
}

const folder = temporaryFolder('cluster');
let cluster: ProcessCluster | null = null;
const loads: Load[] = [];
const others: RunningProcess[] = [];

afterEach(async () => {
  for (const other of others.splice(0)) await other.stop('SIGKILL');
  for (const load of loads.splice(0)) await load.kill();
  await cluster?.stop('SIGTERM');
  cluster = null;
});

async function advance(count: number): Promise<void> {
  for (const { acknowledged, ended, topic } of loads) {
    const target = acknowledged.length + count;
    const late = AbortSignal.timeout(60_000);
    await Promise.race([
      ended,
      until(() => {
        if (late.aborted)
          throw new Error(`the producer of ${topic} does not get on:\n${cluster?.output().slice(-6000)}`);
        return acknowledged.length >= target;
      }),
    ]);
  }
}

async function inSync(kafka: KafkaClient): Promise<boolean> {
  const admin = kafka.admin();
  await admin.connect();
  const { topics } = await admin.fetchTopicMetadata({ topics: loads.map(({ topic }) => topic) });
  await admin.disconnect();
  return topics.every(({ partitions }) => partitions.every(({ isr }) => isr.length === 3));
}

async function leaderOf(kafka: KafkaClient, topic: string): Promise<number> {
  const admin = kafka.admin();
  await admin.connect();
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  await admin.disconnect();
  return topics[0]!.partitions[0]!.leader;
}

describe('ottla --brokers 3', () => {
  test(`loses and doubles nothing that it acknowledged, whatever dies (${rounds} rounds)`, {
    timeout: 60_000 + rounds * 180_000,
  }, async () => {
    const clients = ['js', ...(java.kind === 'missing' ? [] : ['java'])];
    const topics = clients.flatMap((topic) => ['--topic', `${topic}:${PARTITIONS}:3:min.insync.replicas=2`]);
    const dataDir = join(folder.path, 'kills');
    cluster = await ProcessCluster.start(dataDir, 3, ...topics);
    const kafka = clientOf(cluster);
    loads.push(await kafkajsLoad(kafka, 'js'));
    if (java.kind !== 'missing') loads.push(javaLoad(toolsOf(java), cluster, 'java'));
    await advance(50);
    for (let round = 0; round < rounds; round++) {
      await cluster.kill(await leaderOf(kafka, 'js'));
      await advance(50);
      await until(() => inSync(kafka));

      await cluster.kill(await cluster.controllerId());
      await advance(50);
      await until(() => inSync(kafka));
    }
    for (const { topic, acknowledged, stop } of loads) {
      await stop();
      const stored = await readAll(kafka, topic);
      const values = new Map(stored.map(({ partition, offset, value }) => [`${partition}-${offset}`, value]));
      expect(new Set(values.values()).size, `${topic}: no record twice`).toBe(stored.length);
      const lost = acknowledged.filter(
        ({ partition, offset, value }) => values.get(`${partition}-${offset}`) !== value,
      );
      expect(
        lost.slice(0, 5),
        `${topic}: ${lost.length} of ${acknowledged.length} acknowledged records are lost`,
      ).toEqual([]);
      process.stdout.write(`${topic}: ${acknowledged.length} records acknowledged and all there, once\n`);
    }
    loads.splice(0);
  });

  test('says what is wrong with a directory, a port or a setting', { timeout: 120_000 }, async () => {
    const dataDir = join(folder.path, 'refused');
    cluster = await ProcessCluster.start(dataDir, 3);
    const start = [...cluster.commandLine];
    const elsewhere = join(folder.path, 'elsewhere');
    const other = await refusalOf(start.map((argument) => (argument === dataDir ? elsewhere : argument)));
    expect(other).toMatchObject({ exitCode: 1 });
    expect(other.output).toMatch(/Broker \d did not start: Cannot listen on port \d+ .*already in use/);
    expect((await refusalOf(start)).output).toMatch(/The cluster in .*refused is running already/);
    expect((await refusalOf(['--port', '0', '--data-dir', dataDir])).output).toContain('holds a cluster');

    // A second process that says it is broker 2.
    const controllers = JSON.parse(readFileSync(join(dataDir, 'cluster.json'), 'utf8')) as {
      clusterId: string;
      controllers: { port: number }[];
    };
    const properties = join(folder.path, 'twin.properties');
    writeFileSync(
      properties,
      `process.roles=broker
node.id=2
listeners=PLAINTEXT://127.0.0.1:${await freePort()}
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=${controllers.controllers.map(({ port }) => `127.0.0.1:${port}`).join(',')}
initial.broker.registration.timeout.ms=1500
log.dirs=${join(folder.path, 'twin')}
`,
    );
    const twin = await refusalOf([properties], { ...process.env, CLUSTER_ID: controllers.clusterId });
    expect(twin.output).toMatch(/could not be registered within 1500 ms.*DUPLICATE_BROKER_REGISTRATION/);
    // One of another cluster goes on asking, for the other side may be mended; it says so, and stops when it is told to.
    const stranger = startProcess(
      process.execPath,
      [ottlaMainPath(), properties, '--override', `log.dirs=${join(folder.path, 'stranger')}`],
      { env: { ...process.env, CLUSTER_ID: 'AAAAAAAAQ4CAAAAAAAAAAg' } },
    );
    others.push(stranger);
    await until(() => stranger.output().includes('belongs to another cluster'));
    await stranger.stop('SIGTERM');
    expect(stranger.child.signalCode).toBeNull();
    expect(await cluster.stop()).toBe(0);

    const other2 = start.map((argument) => (argument === '3' ? '2' : argument));
    expect((await refusalOf(other2)).output).toContain('holds a cluster of 3 brokers, not of 2');
    expect((await refusalOf([...start, properties])).output).toContain(
      'describes one broker, --brokers starts several',
    );
    expect((await refusalOf([...start, '--override', 'node.id=4'])).output).toContain('node.id cannot be set');
    expect((await refusalOf([...start, '--no-format'])).output).toContain('--no-format cannot be used with --brokers');

    cpSync(join(dataDir, 'broker-1'), join(dataDir, 'kept'), { recursive: true });
    rmSync(join(dataDir, 'broker-1'), { recursive: true });
    cpSync(join(dataDir, 'broker-2'), join(dataDir, 'broker-1'), { recursive: true });
    expect((await refusalOf(start)).output).toMatch(/Broker 1 did not start: .*belongs to node 2, but node.id is 1/);

    rmSync(join(dataDir, 'broker-1'), { recursive: true });
    renameSync(join(dataDir, 'kept'), join(dataDir, 'broker-1'));
    const meta = join(dataDir, 'broker-1', 'meta.properties');
    writeFileSync(meta, readFileSync(meta, 'utf8').replace(/cluster\.id=.*/, 'cluster.id=AAAAAAAAQ4CAAAAAAAAAAg'));
    expect((await refusalOf(start)).output).toMatch(/Broker 1 did not start: .*belongs to cluster .*is expected/);

    writeFileSync(join(dataDir, 'cluster.json'), '{');
    expect((await refusalOf(start)).output).toContain('cluster.json cannot be understood');
  });
});
