// Starts brokers as processes of their own: Ottla from its build, and Apache Kafka 4.3.1, which says what is right where outputs are
// compared. Both give the same handle, so a test does not know which one it talks to.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  freePort,
  type RunningProcess,
  repositoryPath,
  runOrThrow,
  startProcess,
  temporaryFolder,
  waitUntilServing,
} from './processes.ts';
import { type JavaToolchain, javaArguments, prepareJava, programArguments, toolsOf } from './toolchain.ts';

export interface RunningBroker {
  readonly kind: 'ottla' | 'apache';
  /** host:port */
  readonly bootstrap: string;
  readonly port: number;
  readonly controllerPort: number;
  readonly dataPath: string;
  /** What is this broker's alone, by the name that stands for it in the arguments and in the output of tools. */
  readonly places: ReadonlyMap<string, string>;
  /** Of the process that runs now. */
  readonly pid: number;
  output(): string;
  /** SIGTERM and wait; the data stays until `remove`. */
  stop(): Promise<void>;
  /** kill -9 */
  kill(): Promise<void>;
  /** Starts again on the same port and data. */
  restart(): Promise<void>;
  /** Kills what still runs and removes the data. */
  remove(): Promise<void>;
}

export interface ClusterToJoin {
  readonly nodeId: number;
  readonly clusterId: string;
  /** As `controller.quorum.bootstrap.servers` has them. */
  readonly controllers: string;
}

export interface BrokerOptions {
  /** server.properties entries on top of `singleNodeProperties`; `<data>` in a value is the data directory. */
  readonly properties?: Readonly<Record<string, string>>;
  /** A broker alone, of the cluster of these controllers; a node that is its own cluster when absent. */
  readonly joins?: ClusterToJoin;
  /** A data directory that another broker left; without it a new one is made. It stays when the broker is removed. */
  readonly dataPath?: string;
  /** Of Apache Kafka's virtual machine, in the place of what suits a process that lives for seconds. */
  readonly jvmOptions?: readonly string[];
  /** Of Ottla's process: options of Node, and variables of its environment on top of this process's. */
  readonly nodeArguments?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Until it serves; one minute when absent. */
  readonly startTimeoutMs?: number;
}

/** Set, both sides of a comparison are Apache Kafka: this checks the tests themselves. */
export const selfTest = process.env['OTTLA_COMPAT_SELFTEST'] === 'apache';

/** One node that is broker and controller; small factors, short waits, small internal topics. */
function singleNodeProperties(ports: { broker: number; controller: number }, dataPath: string): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.bootstrap.servers': `127.0.0.1:${ports.controller}`,
    listeners: `PLAINTEXT://127.0.0.1:${ports.broker},CONTROLLER://127.0.0.1:${ports.controller}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': dataPath,
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '2',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'share.coordinator.state.topic.num.partitions': '1',
    'group.initial.rebalance.delay.ms': '0',
    'log.retention.ms': '-1',
    // A KIP-848 member often gets its partitions with the second heartbeat.
    'group.consumer.min.heartbeat.interval.ms': '500',
    'group.consumer.heartbeat.interval.ms': '500',
  };
}

/** On top of `singleNodeProperties`. */
function memberProperties({ nodeId, controllers }: ClusterToJoin, port: number): Record<string, string> {
  return {
    'process.roles': 'broker',
    'node.id': String(nodeId),
    'controller.quorum.bootstrap.servers': controllers,
    listeners: `PLAINTEXT://127.0.0.1:${port}`,
  };
}

async function startBroker(
  kind: RunningBroker['kind'],
  launch: (propertiesPath: string) => RunningProcess,
  prepare: (propertiesPath: string) => Promise<void>,
  options: BrokerOptions,
): Promise<RunningBroker> {
  const folder = temporaryFolder(kind);
  const dataPath = options.dataPath ?? join(folder.path, 'data');
  const propertiesPath = join(folder.path, 'server.properties');
  const port = await freePort();
  const controllerPort = await freePort();
  const properties = {
    ...singleNodeProperties({ broker: port, controller: controllerPort }, dataPath),
    ...(options.joins === undefined ? {} : memberProperties(options.joins, port)),
    ...options.properties,
  };
  writeFileSync(
    propertiesPath,
    Object.entries(properties)
      .map(([key, value]) => `${key}=${value.replaceAll('<data>', dataPath)}\n`)
      .join(''),
  );
  if (options.dataPath === undefined) await prepare(propertiesPath);
  const address = { host: '127.0.0.1', port };
  let broker = launch(propertiesPath);
  await waitUntilServing(broker, address, options.startTimeoutMs ?? 60_000);
  const bootstrap = `127.0.0.1:${port}`;
  return {
    kind,
    bootstrap,
    port,
    controllerPort,
    dataPath,
    places: new Map([
      ['broker', bootstrap],
      ['port', String(port)],
      ['data', dataPath],
    ]),
    get pid() {
      return broker.pid;
    },
    output: () => broker.output(),
    stop: () => broker.stop('SIGTERM'),
    kill: () => broker.stop('SIGKILL'),
    async restart() {
      broker = launch(propertiesPath);
      await waitUntilServing(broker, address, options.startTimeoutMs ?? 60_000);
    },
    async remove() {
      await broker.stop('SIGKILL');
      folder.remove();
    },
  };
}

/** Of kafka-storage, and of `ottla`. */
function formatArguments(propertiesPath: string, joins: ClusterToJoin | undefined): string[] {
  // Any 16 bytes make a cluster id.
  const clusterId = joins?.clusterId ?? Buffer.from(propertiesPath.slice(-16)).toString('base64url');
  const quorum = joins === undefined ? ['--standalone'] : [];
  return ['format', ...quorum, '--cluster-id', clusterId, '--config', propertiesPath];
}

/** The command line of the build, or what OTTLA_MAIN names. */
export function ottlaMainPath(): string {
  const path = process.env['OTTLA_MAIN'] ?? join(repositoryPath, 'dist', 'bundle', 'main.cjs');
  if (!existsSync(path)) throw new Error(`${path} is missing: run npm run build first`);
  return path;
}

export async function startOttla(options: BrokerOptions = {}): Promise<RunningBroker> {
  const mainPath = ottlaMainPath();
  return startBroker(
    'ottla',
    (propertiesPath) =>
      startProcess(process.execPath, [...(options.nodeArguments ?? []), mainPath, 'start', propertiesPath], {
        env: { ...process.env, ...options.environment },
      }),
    async (propertiesPath) => {
      // One that is its own cluster formats itself.
      if (options.joins === undefined) return;
      await runOrThrow(process.execPath, [mainPath, ...formatArguments(propertiesPath, options.joins)]);
    },
    options,
  );
}

export async function startApacheKafka(java: JavaToolchain, options: BrokerOptions = {}): Promise<RunningBroker> {
  return startBroker(
    'apache',
    (propertiesPath) =>
      // Our programs are there for classes that its settings name.
      startProcess('java', programArguments(java, options.jvmOptions ?? '512m', 'kafka.Kafka', [propertiesPath])),
    async (propertiesPath) => {
      const args = formatArguments(propertiesPath, options.joins);
      await runOrThrow('java', javaArguments(java, '256m', 'kafka.tools.StorageTool', args));
    },
    options,
  );
}

/** The broker that is tested: Ottla, or with OTTLA_COMPAT_SELFTEST=apache the official one, to test the tests. */
export async function startTested(options: BrokerOptions = {}): Promise<RunningBroker> {
  return selfTest ? startApacheKafka(toolsOf(await prepareJava()), options) : startOttla(options);
}
