// The command line: reads the configuration, starts a node, stops it on a signal.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isatty } from 'node:tty';
import { systemClock, systemRandom, systemTimer } from './base/system.ts';
import { ConfigError } from './config/config-key.ts';
import { settingsFromEnvironment } from './config/environment.ts';
import { loadNodeConfig, type NodeConfig } from './config/node-config.ts';
import { NodeFileSystem } from './io/node-file-system.ts';
import { waitUntilServing } from './net/wait-until-serving.ts';
import { banner } from './node/banner.ts';
import { startCluster } from './node/cluster-command.ts';
import { CLUSTER_FILE, ClusterError } from './node/cluster-layout.ts';
import { runClusterMember } from './node/cluster-member.ts';
import { type FormatCommand, parseCommandLine, type StartCommand, type WaitCommand } from './node/command-line.ts';
import { FormatError } from './node/format.ts';
import { formatNode } from './node/format-command.ts';
import { createLogger } from './node/logger.ts';
import { WantedTopicError } from './node/topic-service.ts';
import { version } from './node/version.ts';
import { Node, StartError } from './node.ts';

/** Signals that ask for a clean stop. */
const STOP_SIGNALS = ['SIGINT', 'SIGTERM'] as const;
/** `process.stdout` itself is a stream, which nobody needs: logs are written to the descriptor. */
const STDOUT = 1;
/** How long a start may still take that is no longer wanted. */
const STARTING_GRACE_MS = 2000;

async function start(command: StartCommand): Promise<void> {
  try {
    await (command.brokers > 1 ? startCluster(command) : startBroker(command));
  } catch (error) {
    if (!isForUser(error)) throw error;
    console.error(`ottla: ${error.message}`);
    process.exitCode = 1;
  }
}

/** The message is a sentence that says what to do. */
function isForUser(error: unknown): error is Error {
  return (
    error instanceof ConfigError ||
    error instanceof StartError ||
    error instanceof ClusterError ||
    error instanceof WantedTopicError
  );
}

async function startBroker(command: StartCommand): Promise<void> {
  const logger = createLogger({ pretty: isatty(STDOUT) });
  /** Null while the node is starting. A stop then waits for it, but not for a quorum that may never be there. */
  let node: Node | null = null;
  let stopping = false;
  const stop = (): void => {
    node?.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error('the stop failed', { error: error instanceof Error ? error.stack : String(error) });
        process.exit(1);
      },
    );
  };
  for (const signal of STOP_SIGNALS) {
    process.on(signal, () => {
      // A second signal means that the user does not want to wait for the clean stop.
      if (stopping) process.exit(1);
      stopping = true;
      logger.info('stopping', { signal });
      if (node === null) systemTimer.schedule(STARTING_GRACE_MS, () => process.exit(0));
      else stop();
    });
  }
  const config = loadConfig(command);
  const { ephemeral, format, topics } = command;
  const ofCluster = config.logDirs.find((directory) => existsSync(join(directory, CLUSTER_FILE)));
  if (ofCluster !== undefined && !ephemeral) {
    throw new ClusterError(`${ofCluster} holds a cluster. Start it with --brokers, or choose another directory.`);
  }
  // The official container image names the cluster so.
  const clusterId = process.env['CLUSTER_ID'] || undefined;
  node = await Node.start({ config, ephemeral, format, clusterId, topics, logger, onFatal: () => process.exit(1) });
  if (stopping) stop();
  else console.error(banner(node));
}

function loadConfig(command: StartCommand): NodeConfig {
  const flags = new Map<string, string>();
  if (command.port !== null || command.host !== null) {
    const host = command.host ?? 'localhost';
    flags.set('listeners', `PLAINTEXT://${host.includes(':') ? `[${host}]` : host}:${command.port ?? 9092}`);
  }
  if (command.dataDir !== null) flags.set('log.dirs', command.dataDir);
  if (command.metricsPort !== null) flags.set('ottla.metrics.port', String(command.metricsPort));
  const file = command.propertiesFile === null ? null : readPropertiesFile(command.propertiesFile);
  const environment = process.env;
  try {
    return loadNodeConfig({ file, environment, flags, overrides: command.overrides });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const variables = [...settingsFromEnvironment(environment).keys()];
    if (file === null && variables.length === 0) throw error;
    const source = file === null ? `environment variables set ${variables.join(', ')}` : 'a properties file is given';
    throw new ConfigError(`${error.message} (Kafka's own defaults hold, because ${source}.)`);
  }
}

function readPropertiesFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function format(command: FormatCommand): void {
  try {
    const config = loadNodeConfig({ file: readPropertiesFile(command.propertiesFile) });
    const lines = formatNode(command, {
      config,
      fileSystem: new NodeFileSystem(),
      random: systemRandom,
      nowMs: systemClock.nowMs(),
    });
    for (const line of lines) console.log(line);
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof FormatError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

async function wait({ host, port, timeoutMs }: WaitCommand): Promise<void> {
  try {
    await waitUntilServing({ host, port, timeoutMs, clock: systemClock, timer: systemTimer });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.error(`ottla: no broker serves at ${host}:${port} after ${timeoutMs / 1000} s: ${reason}`);
    process.exitCode = 1;
  }
}

/** What `process.argv` says. */
export async function runCommandLine(): Promise<void> {
  const command = parseCommandLine(process.argv.slice(2), version);
  switch (command.kind) {
    case 'start':
      return start(command);
    case 'wait':
      return wait(command);
    case 'format':
      format(command);
      break;
    case 'member':
      runClusterMember(isForUser);
      break;
    case 'exit':
      process.exitCode = command.code;
  }
}
