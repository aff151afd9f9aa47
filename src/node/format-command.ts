/** `ottla format`: what `kafka-storage.sh format` does, with its arguments and its words. */

import type { Random } from '../base/random.ts';
import { isUuid, type Uuid } from '../base/uuid.ts';
import { ConfigError } from '../config/config-key.ts';
import type { NodeConfig } from '../config/node-config.ts';
import type { FileSystem } from '../io/file-system.ts';
import { SUPPORTED_KRAFT_VERSIONS, type Voter, type VoterEndpoint } from '../raft/voter-set.ts';
import { FormatError, type FormatOptions, formatStorage } from './format.ts';

export interface FormatArguments {
  readonly clusterId: string;
  readonly standalone: boolean;
  /** `id@host:port:directoryId,…` */
  readonly initialControllers: string | null;
  readonly noInitialControllers: boolean;
  readonly releaseVersion: string | null;
  /** `name=level` */
  readonly features: readonly string[];
  readonly ignoreFormatted: boolean;
}

/** One line for each directory that is formatted. Throws FormatError. */
export function formatNode(
  command: FormatArguments,
  options: {
    readonly config: NodeConfig;
    readonly fileSystem: FileSystem;
    readonly random: Random;
    readonly nowMs: number;
  },
): string[] {
  const { config, fileSystem, random, nowMs } = options;
  const lines: string[] = [];
  const formatted = formatStorage({
    fileSystem,
    nodeId: config.nodeId,
    directories: config.logDirs,
    metadataDirectory: config.metadataLogDir,
    clusterId: command.clusterId,
    quorum: quorumOf(command, config),
    ...(command.releaseVersion === null ? {} : { releaseVersion: command.releaseVersion }),
    features: new Map(command.features.map(parseFeature)),
    ignoreFormatted: command.ignoreFormatted,
    random,
    nowMs,
    onFormatting: (line) => lines.push(line),
  });
  if (lines.length === 0 && formatted.directoryIds.size > 0) {
    lines.push('All of the log directories are already formatted.');
  }
  return lines;
}

function quorumOf(command: FormatArguments, config: NodeConfig): FormatOptions['quorum'] {
  const listenerName = config.controllerListenerNames[0] ?? 'CONTROLLER';
  if (command.initialControllers !== null) {
    return { kind: 'initialControllers', voters: parseInitialControllers(command.initialControllers, listenerName) };
  }
  if (command.standalone) return { kind: 'standalone', endpoints: standaloneEndpoints(config) };
  if (!command.noInitialControllers && config.isController && config.quorumVoters.length === 0) {
    throw new FormatError(
      'Because controller.quorum.voters is not set on this controller, you must specify one of the following: ' +
        '--standalone, --initial-controllers, or --no-initial-controllers.',
    );
  }
  return { kind: 'static' };
}

function standaloneEndpoints(config: NodeConfig): VoterEndpoint[] {
  const [listener] = config.advertisedControllerListeners;
  if (!config.isController || listener === undefined) {
    throw new FormatError('You can only use --standalone on a controller.');
  }
  return [{ name: listener.name, host: listener.host === '' ? 'localhost' : listener.host, port: listener.port }];
}

/** `id@host:port:directoryId`, several with commas between. Throws FormatError, with Kafka's words. */
export function parseInitialControllers(text: string, listenerName: string): Voter[] {
  const voters = text
    .split(',')
    .filter((entry) => entry.trim() !== '')
    .map((entry) => parseVoter(entry.trim(), listenerName));
  if (voters.length === 0) throw new FormatError('No voters given.');
  const ids = new Set<number>();
  const directoryIds = new Set<Uuid>();
  const addresses = new Set<string>();
  for (const { voterId, directoryId, endpoints } of voters) {
    const address = `${endpoints[0]!.host}:${endpoints[0]!.port}`;
    if (ids.has(voterId)) throw new FormatError(`Node id ${voterId} was specified more than once.`);
    if (directoryIds.has(directoryId))
      throw new FormatError(`Directory id ${directoryId} was specified more than once.`);
    if (addresses.has(address)) throw new FormatError(`The address ${address} was specified more than once.`);
    ids.add(voterId);
    directoryIds.add(directoryId);
    addresses.add(address);
  }
  return voters;
}

function parseVoter(entry: string, name: string): Voter {
  const at = entry.indexOf('@');
  if (at < 0) throw new FormatError('No @ found in dynamic voter string.');
  if (at === 0) throw new FormatError('Invalid @ at beginning of dynamic voter string.');
  if (!/^-?[0-9]+$/.test(entry.slice(0, at))) throw new FormatError('Failed to parse node id in dynamic voter string.');
  const voterId = Number(entry.slice(0, at));
  if (voterId < 0) throw new FormatError(`Invalid negative node id ${voterId} in dynamic voter string.`);
  const rest = entry.slice(at + 1);
  if (rest === '') throw new FormatError('No hostname found after node id.');
  const match = /^(?:\[([^\]]*)\]|([^:[]*)):([^:]*):(.*)$/.exec(rest);
  if (match === null) {
    throw new FormatError(
      rest.includes(':') ? 'No colon following port could be found.' : 'No colon following hostname could be found.',
    );
  }
  const [, bracketed, plain, portText, directoryId] = match;
  if (!/^-?[0-9]+$/.test(portText!)) throw new FormatError('Failed to parse port in dynamic voter string.');
  const port = Number(portText);
  if (port < 0 || port > 65_535) throw new FormatError(`Invalid port ${port} in dynamic voter string.`);
  if (!isUuid(directoryId!)) throw new FormatError('Failed to parse directory ID in dynamic voter string.');
  const endpoints = [{ name, host: bracketed ?? plain!, port }];
  return { voterId, directoryId: directoryId!, endpoints, kraftVersions: SUPPORTED_KRAFT_VERSIONS };
}

function parseFeature(text: string): [string, number] {
  const match = /^\s*([^=\s]+)\s*=\s*([0-9]+)\s*$/.exec(text);
  if (match === null)
    throw new ConfigError(`Can't parse feature=level string ${text}: equals sign not found, or no number.`);
  return [match[1]!, Number(match[2])];
}
