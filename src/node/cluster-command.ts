/** `ottla --brokers N`, from the command line to the banner. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { systemRandom, systemTimer } from '../base/system.ts';
import { settingsFromEnvironment } from '../config/environment.ts';
import { NodeFileSystem } from '../io/node-file-system.ts';
import { freePorts } from '../net/free-ports.ts';
import { clusterBanner } from './banner.ts';
import { brokerPorts, ClusterDirectory, ClusterError, refuseMemberSettings } from './cluster-layout.ts';
import { createTopicsAt } from './cluster-topics.ts';
import type { StartCommand } from './command-line.ts';
import { createLogger } from './logger.ts';
import { Supervisor } from './supervisor.ts';

const DEFAULT_PORT = 9092;
const DEFAULT_HOST = 'localhost';
const DEFAULT_DATA_DIR = './data';
const STOP_SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Resolves when all brokers serve; ends the process when they have been stopped. Rejects with ClusterError or WantedTopicError. */
export async function startCluster(command: StartCommand): Promise<void> {
  const { brokers, port, host, metricsPort, overrides, topics, ephemeral } = command;
  refuseOptions(command);
  const pretty = process.stdout.isTTY === true;
  const logger = createLogger({ pretty }).child('cluster');
  const ports = brokerPorts(port ?? DEFAULT_PORT, brokers);
  const metricsPorts = metricsPort === null ? null : brokerPorts(metricsPort, brokers);
  // The data is in memory; ports and ids must be somewhere while the cluster runs.
  const path = ephemeral ? mkdtempSync(join(tmpdir(), 'ottla-')) : resolve(command.dataDir ?? DEFAULT_DATA_DIR);
  const directory = await ClusterDirectory.open({
    fileSystem: new NodeFileSystem(),
    path,
    brokers,
    clusterId: process.env['CLUSTER_ID'] || undefined,
    freePorts: (count) => freePorts(count, systemRandom, ports),
    random: systemRandom,
  });
  const supervisor = new Supervisor({
    directory,
    ports,
    host: host ?? DEFAULT_HOST,
    metricsPorts,
    overrides,
    ephemeral,
    pretty,
    script: process.argv[1]!,
    timer: systemTimer,
    logger,
  });
  const close = (): void => {
    directory.close();
    if (ephemeral) rmSync(path, { recursive: true, force: true });
  };
  stopOnSignals(supervisor, async (stopped) => {
    await stopped;
    close();
    process.exit(0);
  });
  try {
    await supervisor.start();
    await createTopicsAt(addressOf(supervisor.bootstrapServers), topics);
  } catch (error) {
    await supervisor.stop();
    close();
    throw error;
  }
  const { clusterId } = directory.layout;
  logger.info('the cluster serves', { bootstrapServers: supervisor.bootstrapServers, clusterId });
  console.error(
    clusterBanner({
      bootstrapServers: supervisor.bootstrapServers,
      clusterId,
      data: ephemeral ? null : path,
      processIds: supervisor.processIds,
    }),
  );
}

/** The second signal means that the user does not want to wait. */
function stopOnSignals(supervisor: Supervisor, ended: (stopped: Promise<void>) => Promise<void>): void {
  let isStopping = false;
  for (const signal of STOP_SIGNALS) {
    process.on(signal, () => {
      if (isStopping) void supervisor.kill().finally(() => process.exit(1));
      else {
        isStopping = true;
        void ended(supervisor.stop());
      }
    });
  }
}

function refuseOptions({ propertiesFile, format, overrides }: StartCommand): void {
  if (propertiesFile !== null) {
    throw new ClusterError(
      `${propertiesFile} describes one broker, --brokers starts several. Give settings for all of them with --override, or start ` +
        'each with a file of its own.',
    );
  }
  if (!format) {
    throw new ClusterError('--no-format cannot be used with --brokers, which formats the directories of its brokers.');
  }
  refuseMemberSettings([...settingsFromEnvironment(process.env).keys(), ...overrides.keys()]);
}

function addressOf(bootstrapServers: string): { host: string; port: number } {
  const [first = ''] = bootstrapServers.split(',');
  const colon = first.lastIndexOf(':');
  return { host: first.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(first.slice(colon + 1)) };
}
