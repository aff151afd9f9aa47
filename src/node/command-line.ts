// What the command line says, turned into settings. main.ts carries it out.
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { BROKERS_MAX } from './cluster-layout.ts';
import type { FormatArguments } from './format-command.ts';
import { parseTopicSpec, type TopicSpec } from './topic-spec.ts';

export interface StartCommand {
  readonly kind: 'start';
  /** Path of a properties file; null when none was named. */
  readonly propertiesFile: string | null;
  readonly overrides: ReadonlyMap<string, string>;
  readonly port: number | null;
  readonly host: string | null;
  readonly dataDir: string | null;
  /** Null: no metrics are served, unless a setting says otherwise. */
  readonly metricsPort: number | null;
  readonly ephemeral: boolean;
  /** False (`--no-format`): an unformatted directory is refused. */
  readonly format: boolean;
  readonly topics: readonly TopicSpec[];
  /** 1: a broker by itself, in this process. */
  readonly brokers: number;
}

export interface WaitCommand {
  readonly kind: 'wait';
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
}

/** The arguments of `kafka-storage.sh format`. */
export interface FormatCommand extends FormatArguments {
  readonly kind: 'format';
  readonly propertiesFile: string;
}

/** A broker of a cluster that another process has started. */
export interface MemberCommandLine {
  readonly kind: 'member';
}

/** `exit`: help or version was printed, or the arguments were wrong and said so. */
export type CommandLine =
  | StartCommand
  | WaitCommand
  | FormatCommand
  | MemberCommandLine
  | { readonly kind: 'exit'; readonly code: number };

interface StartFlags {
  override: Map<string, string>;
  port?: number;
  host?: string;
  dataDir?: string;
  metricsPort?: number;
  ephemeral?: boolean;
  format: boolean;
  topic: TopicSpec[];
  brokers: number;
}

interface FormatFlags {
  config: string;
  clusterId: string;
  standalone?: boolean;
  /** False: --no-initial-controllers. */
  initialControllers?: string | boolean;
  releaseVersion?: string;
  feature: string[];
  ignoreFormatted?: boolean;
}

const USAGE_EXIT_CODE = 2;
/** Of the processes that `--brokers` starts. */
export const MEMBER_COMMAND = 'cluster-member';

export function parseCommandLine(args: readonly string[], version: string): CommandLine {
  let command: CommandLine = { kind: 'exit', code: 0 };
  const program = new Command('ottla')
    .description('A Kafka broker in Node.js.')
    .version(version, '-v, --version', 'print the version')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true });
  const startCommand = program
    .command('start', { isDefault: true })
    .description('start a broker (the default)')
    .argument('[server.properties]', "a file with Kafka's settings")
    .option('--override <name=value>', 'a setting; repeatable', collectOverride, new Map<string, string>())
    .option('--port <port>', 'port to listen on; 0 takes any free one (default 9092)', parsePort)
    .option('--host <address>', 'address to listen on (default: both loopbacks)')
    .option('--brokers <count>', 'start that many brokers as a cluster, each a process of its own', parseBrokers, 1)
    .option('--data-dir <folder>', 'where the data is (default ./data)')
    .option(
      '--metrics-port <port>',
      'serve /metrics, /healthz and /readyz on this port; 0 takes any free one',
      parsePort,
    )
    .option('--ephemeral', 'keep everything in memory, leave nothing behind')
    .option('--no-format', 'refuse to start on a directory that is not formatted')
    .option(
      '--topic <name:partitions[:rf[:k=v,…]]>',
      'a topic to create unless it exists; repeatable',
      collectTopic,
      [],
    )
    .action((propertiesFile: string | undefined, flags: StartFlags) => {
      command = {
        kind: 'start',
        propertiesFile: propertiesFile ?? null,
        overrides: flags.override,
        port: flags.port ?? null,
        host: flags.host ?? null,
        dataDir: flags.dataDir ?? null,
        metricsPort: flags.metricsPort ?? null,
        ephemeral: flags.ephemeral ?? false,
        format: flags.format,
        topics: flags.topic,
        brokers: flags.brokers,
      };
    });
  // `ottla --help` is what people type, and start is what they mean.
  program.addHelpText('after', () => `\n${startCommand.helpInformation()}`);
  program
    .command('wait')
    .description('return when a broker serves')
    .requiredOption('--bootstrap <host:port>', 'the broker', parseAddress)
    .option('--timeout <seconds>', 'give up after this many seconds', parseSeconds, 60)
    .action((flags: { bootstrap: { host: string; port: number }; timeout: number }) => {
      command = { kind: 'wait', ...flags.bootstrap, timeoutMs: flags.timeout * 1000 };
    });
  program.command(MEMBER_COMMAND, { hidden: true }).action(() => {
    command = { kind: 'member' };
  });
  program
    .command('format')
    .description('format the directories of a node, as kafka-storage.sh format does')
    .requiredOption('-c, --config <server.properties>', "a file with Kafka's settings")
    .requiredOption('-t, --cluster-id <id>', 'the cluster; the same for all its nodes')
    .option('-s, --standalone', 'this controller is the first and only voter of a dynamic quorum')
    .addOption(
      new Option(
        '-I, --initial-controllers <id@host:port:directoryId,…>',
        'the voters of a dynamic quorum; the same list for each of them',
      ).conflicts('standalone'),
    )
    .addOption(
      new Option('-N, --no-initial-controllers', 'a controller that joins a quorum later, or a broker').conflicts(
        'standalone',
      ),
    )
    .option('-r, --release-version <version>', 'the release whose features are used; the newest when left out')
    .option('-f, --feature <name=level>', 'a level other than the release has; repeatable', collectText, [])
    .option('-g, --ignore-formatted', 'leave directories that are formatted already as they are')
    .action((flags: FormatFlags) => {
      command = {
        kind: 'format',
        propertiesFile: flags.config,
        clusterId: flags.clusterId,
        standalone: flags.standalone ?? false,
        initialControllers: typeof flags.initialControllers === 'string' ? flags.initialControllers : null,
        noInitialControllers: flags.initialControllers === false,
        releaseVersion: flags.releaseVersion ?? null,
        features: flags.feature,
        ignoreFormatted: flags.ignoreFormatted ?? false,
      };
    });
  try {
    program.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { kind: 'exit', code: error.exitCode === 0 ? 0 : USAGE_EXIT_CODE };
  }
  return command;
}

function collectOverride(text: string, overrides: Map<string, string>): Map<string, string> {
  const equals = text.indexOf('=');
  if (equals <= 0) throw new InvalidArgumentError('It must be of the form name=value.');
  return overrides.set(text.slice(0, equals).trim(), text.slice(equals + 1).trim());
}

function collectTopic(text: string, topics: TopicSpec[]): TopicSpec[] {
  try {
    return [...topics, parseTopicSpec(text)];
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

function collectText(text: string, texts: string[]): string[] {
  return [...texts, text];
}

function parseBrokers(text: string): number {
  const brokers = Number(text);
  if (!/^\d+$/.test(text) || brokers < 1 || brokers > BROKERS_MAX) {
    throw new InvalidArgumentError(`It must be a number from 1 to ${BROKERS_MAX}.`);
  }
  return brokers;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('It must be a number from 0 to 65535.');
  return port;
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!(seconds > 0)) throw new InvalidArgumentError('It must be a number of seconds.');
  return seconds;
}

function parseAddress(text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text);
  if (match === null) throw new InvalidArgumentError('It must be of the form host:port.');
  return { host: match[1] ?? match[2]!, port: parsePort(match[3]!) };
}
