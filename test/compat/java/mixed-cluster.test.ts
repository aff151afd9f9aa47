// One cluster of Apache Kafka 4.3.1 and Ottla: brokers of both under a controller of either, with official tools and clients. What is
// acknowledged with acks=all is kept, and read once, whoever leads; so are transactions and the offsets of groups.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type BrokerOptions, type RunningBroker, startApacheKafka, startOttla } from '../../support/brokers.ts';
import { ControllerQuorum } from '../../support/controllers.ts';
import { describeQuorum } from '../../support/process-cluster.ts';
import { temporaryFolder } from '../../support/processes.ts';
import { prepareJava, suiteTitle, toolsOf } from '../../support/toolchain.ts';
import {
  clusterIdOf,
  expectSameBytes,
  type Load,
  MixedClients,
  metadataOf,
  type Reader,
  untilDirectoriesAreKnown,
  untilGroupsHaveCoordinator,
} from './mixed-cluster.ts';
import { ToolHost, type ToolName } from './tool-host.ts';

const toolchain = await prepareJava();
/** Two partitions each: either broker prefers to lead one of them. */
const TOPICS = ['loaded', 'transacted', 'cut'];
const EVERYTHING = [...TOPICS, '__consumer_offsets', '__transaction_state'];
const OF_CONTROLLERS = { 'broker.session.timeout.ms': '4000' };
const OF_BROKERS = {
  'broker.heartbeat.interval.ms': '500',
  'offsets.topic.replication.factor': '2',
  'offsets.topic.num.partitions': '1',
  'transaction.state.log.replication.factor': '2',
  'transaction.state.log.num.partitions': '1',
  'replica.fetch.backoff.ms': '200',
  'replica.fetch.wait.max.ms': '100',
};
const START_TIMEOUT_MS = 180_000;
const TWO_DIRECTORIES = { 'log.dirs': '<data>/a,<data>/b' };
/** By Java clients, in transactions of transaction.version 2, which kafkajs does not know. */
const COPIED = 20;

describe.skipIf(toolchain.kind === 'missing')(suiteTitle('clusters with Apache Kafka 4.3.1', toolchain), () => {
  const closing: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  async function started(starting: Promise<RunningBroker>): Promise<RunningBroker> {
    const broker = await starting;
    closing.push(() => broker.remove());
    return broker;
  }

  async function connect(...brokers: readonly RunningBroker[]): Promise<MixedClients> {
    const clients = await MixedClients.connect(...brokers);
    closing.push(() => clients.close());
    return clients;
  }

  function toolHost(): ToolHost {
    const tools = new ToolHost(toolsOf(toolchain));
    closing.push(() => tools.stop());
    return tools;
  }

  /** What a tool prints that has to succeed. */
  async function output(tools: ToolHost, tool: ToolName, args: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await tools.run(tool, args, { timeoutMs: 60_000 });
    expect(exitCode, `${stdout}\n${stderr}`).toBe(0);
    return stdout;
  }

  /** Each record once, though it aborts at random. The group goes on where it was. */
  async function copy(tools: ToolHost, { bootstrap }: RunningBroker): Promise<void> {
    await output(tools, 'transactional-message-copier', [
      ...['--broker-list', bootstrap, '--input-topic', 'copied-from', '--input-partition', '0'],
      ...['--output-topic', 'copied', '--max-messages', String(COPIED), '--consumer-group', 'copiers'],
      ...['--transaction-size', '5', '--transactional-id', 'copier', '--enable-random-aborts', '--group-mode'],
    ]);
  }

  async function electPreferredLeaders(tools: ToolHost, { bootstrap }: RunningBroker): Promise<void> {
    const args = ['--bootstrap-server', bootstrap, '--election-type', 'preferred', '--all-topic-partitions'];
    await output(tools, 'kafka-leader-election', args);
  }

  /** All clients get on. */
  async function work(clients: MixedClients, load: Load): Promise<void> {
    await load.advance();
    await clients.expectCommittedOffset('transacted');
    await clients.transact('transacted', 2);
  }

  /** Somebody leads everything, and nobody writes any more. */
  async function expectEverything(clients: MixedClients, load: Load, reader: Reader): Promise<void> {
    await clients.expectCommittedOffset('transacted');
    const { acknowledged } = load;
    expect(await reader.until(acknowledged.length)).toEqual(acknowledged);
    expect(await clients.read('transacted', clients.committed.length)).toEqual(clients.committed);
    expect(await clients.read('cut', clients.kept.length)).toEqual(expect.arrayContaining([...clients.kept]));
  }

  test('under an Ottla controller each broker leads what the other one copies, and takes over', {
    timeout: 400_000,
  }, async () => {
    const [OTTLA, APACHE] = [2, 3];
    const tools = toolHost();
    const quorum = await ControllerQuorum.start(['ottla'], null, OF_CONTROLLERS);
    closing.push(() => quorum.remove());
    const controller = quorum.controllers[0]!;
    const joining = (nodeId: number, properties: Readonly<Record<string, string>>): BrokerOptions => ({
      joins: { nodeId, clusterId: quorum.clusterId, controllers: controller.address },
      startTimeoutMs: START_TIMEOUT_MS,
      properties: { ...OF_BROKERS, ...properties },
    });
    const [ottla, apache] = await Promise.all([
      started(startOttla(joining(OTTLA, {}))),
      started(startApacheKafka(toolsOf(toolchain), joining(APACHE, TWO_DIRECTORIES))),
    ]);
    await untilGroupsHaveCoordinator(apache);
    const clients = await connect(ottla, apache);
    for (const topic of TOPICS) await clients.createTopic(topic, [OTTLA, APACHE], [APACHE, OTTLA]);
    await clients.createTopic('copied', [APACHE, OTTLA]);
    await clients.createTopic('copied-from', [OTTLA]);
    const copied = await clients.write('copied-from', 2 * COPIED);
    const load = await clients.load('loaded', 2);
    const reader = await clients.reader('loaded');
    await load.advance();
    await clients.transact('transacted', 2);
    await copy(tools, ottla);
    await untilDirectoriesAreKnown(controller.dataPath, APACHE);

    // A topic that only Ottla had goes over to Apache Kafka.
    const folder = temporaryFolder('reassignment');
    closing.push(async () => folder.remove());
    const file = join(folder.path, 'reassignment.json');
    const partitions = [{ topic: 'copied-from', partition: 0, replicas: [APACHE] }];
    writeFileSync(file, JSON.stringify({ version: 1, partitions }));
    const reassign = ['--bootstrap-server', apache.bootstrap, '--reassignment-json-file', file];
    await output(tools, 'kafka-reassign-partitions', [...reassign, '--execute']);
    const verify = () => output(tools, 'kafka-reassign-partitions', [...reassign, '--verify']);
    await expect.poll(verify, { timeout: 60_000 }).toContain('copied-from-0 is completed');
    await clients.untilLeadersAre('copied-from', APACHE);

    await clients.untilInSync(...EVERYTHING);
    await clients.killAhead(ottla, apache, { topic: 'cut', partition: 0 });
    await clients.untilLeadersAre('loaded', APACHE, APACHE);
    await work(clients, load);
    await ottla.restart();

    await clients.untilInSync(...EVERYTHING);
    await electPreferredLeaders(tools, apache);
    await clients.untilLeadersAre('cut', OTTLA, APACHE);
    await clients.killAhead(apache, ottla, { topic: 'cut', partition: 1 });
    await clients.untilLeadersAre('loaded', OTTLA, OTTLA);
    await work(clients, load);
    await apache.restart();

    await clients.untilInSync(...EVERYTHING);
    await electPreferredLeaders(tools, ottla);
    await clients.untilLeadersAre('loaded', OTTLA, APACHE);
    await work(clients, load);
    await copy(tools, apache);
    await load.stop();
    for (const topic of [...TOPICS, 'copied']) await expectSameBytes(ottla, apache, topic);

    await apache.stop();
    // A broker that the controller did not let go stops without.
    expect(existsSync(join(apache.dataPath, 'a', '.kafka_cleanshutdown'))).toBe(true);
    for (const topic of TOPICS) await clients.untilLeadersAre(topic, OTTLA, OTTLA);
    await expectEverything(clients, load, reader);
    expect(await clients.read('copied', copied.length)).toEqual([...copied].sort());
  });

  test('under an Apache controller an Ottla broker leads, copies, leaves and comes back', {
    timeout: 400_000,
  }, async () => {
    const [APACHE, OTTLA] = [1, 2];
    const properties = { ...OF_BROKERS, ...OF_CONTROLLERS };
    const apache = await started(
      startApacheKafka(toolsOf(toolchain), { properties, startTimeoutMs: START_TIMEOUT_MS }),
    );
    const ottla = await started(
      startOttla({
        joins: { nodeId: OTTLA, clusterId: clusterIdOf(apache), controllers: `127.0.0.1:${apache.controllerPort}` },
        properties: { ...OF_BROKERS, ...TWO_DIRECTORIES },
      }),
    );
    await untilGroupsHaveCoordinator(ottla);
    // What clients ask of Ottla alone goes to the controller in envelopes.
    const clients = await connect(ottla);
    for (const topic of TOPICS) await clients.createTopic(topic, [OTTLA, APACHE], [APACHE, OTTLA]);
    expect(await describeQuorum(ottla.bootstrap)).toMatchObject({ leaderId: APACHE });
    const load = await clients.load('loaded', 2);
    const reader = await clients.reader('loaded');
    await load.advance();
    await clients.transact('transacted', 2);
    await untilDirectoriesAreKnown(apache.dataPath, OTTLA);

    await clients.untilInSync(...EVERYTHING);
    await clients.killAhead(ottla, apache, { topic: 'cut', partition: 0 });
    await clients.untilLeadersAre('loaded', APACHE, APACHE);
    await work(clients, load);
    await ottla.restart();

    await clients.untilInSync(...EVERYTHING);
    await clients.electPreferredLeaders(ottla);
    await clients.untilLeadersAre('loaded', OTTLA, APACHE);
    await work(clients, load);
    await ottla.stop();
    expect(existsSync(join(ottla.dataPath, 'a', '.kafka_cleanshutdown'))).toBe(true);
    for (const topic of TOPICS) await clients.untilLeadersAre(topic, APACHE, APACHE);
    await work(clients, load);
    await ottla.restart();

    await clients.untilInSync(...EVERYTHING);
    await load.stop();
    for (const topic of TOPICS) await expectSameBytes(ottla, apache, topic);
    await expectEverything(clients, load, reader);
    expect(metadataOf(apache.dataPath).brokers.get(OTTLA)).toMatchObject({
      fenced: false,
      inControlledShutdown: false,
    });
  });
});
