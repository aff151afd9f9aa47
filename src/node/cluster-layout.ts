/**
 * A cluster on one machine: brokers with the ids 1, 2, … of which the first three are controllers, too (of one or two brokers
 * only the first: two voters would need each other). What must stay the same over restarts is kept in the cluster's directory:
 *
 *     <data-dir>/cluster.json    cluster id, how many brokers, ports and directory ids of the first controllers
 *     <data-dir>/broker-1/ …     the data of each
 *     <data-dir>/.lock           held by whoever runs the cluster
 */
import type { Random } from '../base/random.ts';
import { isUuid, randomUuid, type Uuid } from '../base/uuid.ts';
import { formatEndpoint } from '../config/listeners.ts';
import { atomicWriteFile } from '../io/atomic-write.ts';
import type { FileLock, FileSystem } from '../io/file-system.ts';
import { META_PROPERTIES } from '../log/directory-files.ts';
import { SUPPORTED_KRAFT_VERSIONS, type Voter } from '../raft/voter-set.ts';
import type { FormatOptions } from './format.ts';

export const CLUSTER_FILE = 'cluster.json';
const LOCK_FILE = '.lock';
const CONTROLLER_LISTENER = 'CONTROLLER';
const CONTROLLER_HOST = '127.0.0.1';
const CONTROLLERS_MAX = 3;
const PORT_MAX = 65_535;
export const BROKERS_MAX = 1000;

/** A cluster that cannot be started so; the message is a sentence for the user. */
export class ClusterError extends Error {
  override name = 'ClusterError';
}

export interface ClusterController {
  readonly nodeId: number;
  readonly port: number;
  /** Of the directory with which the cluster began; one that was emptied gets another. */
  readonly directoryId: Uuid;
}

export interface ClusterLayout {
  readonly clusterId: Uuid;
  readonly brokers: number;
  readonly controllers: readonly ClusterController[];
}

export function controllerCount(brokers: number): number {
  return brokers < CONTROLLERS_MAX ? 1 : CONTROLLERS_MAX;
}

export function nodeIdsOf({ brokers }: Pick<ClusterLayout, 'brokers'>): number[] {
  return Array.from({ length: brokers }, (_, index) => index + 1);
}

/** How a member's directory is formatted if it is not yet. `isFormed`: the first controllers have been formatted before. */
export function memberQuorum(layout: ClusterLayout, nodeId: number, isFormed: boolean): FormatOptions['quorum'] {
  const isController = layout.controllers.some((controller) => controller.nodeId === nodeId);
  // A voter that has lost its disk must not vote as if it had not: it is a new one, which joins.
  if (!isController || isFormed) return { kind: 'static' };
  return {
    kind: 'initialControllers',
    voters: layout.controllers.map(
      (controller): Voter => ({
        voterId: controller.nodeId,
        directoryId: controller.directoryId,
        endpoints: [{ name: CONTROLLER_LISTENER, host: CONTROLLER_HOST, port: controller.port }],
        kraftVersions: SUPPORTED_KRAFT_VERSIONS,
      }),
    ),
  };
}

/** What makes a node a member of this cluster; the rest of its settings is that of any node. */
export function memberSettings(
  layout: ClusterLayout,
  member: { readonly nodeId: number; readonly host: string; readonly port: number; readonly dataDir: string },
): Map<string, string> {
  const { nodeId, host, port, dataDir } = member;
  const own = layout.controllers.find((controller) => controller.nodeId === nodeId);
  const listeners = [`PLAINTEXT://${formatEndpoint({ host, port })}`];
  if (own !== undefined) {
    listeners.push(`${CONTROLLER_LISTENER}://${formatEndpoint({ host: CONTROLLER_HOST, port: own.port })}`);
  }
  const settings = new Map([
    ['node.id', String(nodeId)],
    ['process.roles', own === undefined ? 'broker' : 'broker,controller'],
    ['listeners', listeners.join(',')],
    ['controller.listener.names', CONTROLLER_LISTENER],
    [
      'controller.quorum.bootstrap.servers',
      layout.controllers.map((controller) => `${CONTROLLER_HOST}:${controller.port}`).join(','),
    ],
    ['log.dirs', dataDir],
  ]);
  if (own !== undefined) settings.set('controller.quorum.auto.join.enable', 'true');
  return settings;
}

const memberSettingNames: ReadonlySet<string> = new Set([
  'node.id',
  'broker.id',
  'process.roles',
  'listeners',
  'advertised.listeners',
  'log.dirs',
  'log.dir',
  'metadata.log.dir',
  'controller.listener.names',
  'controller.quorum.voters',
  'controller.quorum.bootstrap.servers',
]);

/** Settings that say who a node is cannot be the same for all of them. */
export function refuseMemberSettings(names: Iterable<string>): void {
  const own = [...names].filter((name) => memberSettingNames.has(name));
  if (own.length === 0) return;
  throw new ClusterError(
    `${own.join(', ')} cannot be set for a cluster of several brokers, each of which has its own. Leave it out, or start each ` +
      'broker by itself with a server.properties of its own.',
  );
}

/** The ports of brokers: counted up from the first one, or all of them 0. */
export function brokerPorts(first: number, brokers: number): number[] {
  if (!Number.isInteger(brokers) || brokers < 1 || brokers > BROKERS_MAX) {
    throw new ClusterError(`A cluster has 1 to ${BROKERS_MAX} brokers, not ${brokers}.`);
  }
  if (first + brokers - 1 > PORT_MAX) {
    throw new ClusterError(`${brokers} brokers from port ${first} on need ports above ${PORT_MAX}.`);
  }
  return Array.from({ length: brokers }, (_, index) => (first === 0 ? 0 : first + index));
}

export interface ClusterDirectoryOptions {
  readonly fileSystem: FileSystem;
  readonly path: string;
  readonly brokers: number;
  /** For a cluster that is made now; chosen by chance when absent. */
  readonly clusterId?: string | undefined;
  readonly freePorts: (count: number) => Promise<number[]>;
  readonly random: Random;
}

/** The cluster's directory, locked. */
export class ClusterDirectory {
  readonly layout: ClusterLayout;
  readonly #fileSystem: FileSystem;
  readonly #path: string;
  readonly #lock: FileLock;
  #isFormed: boolean;

  private constructor(options: ClusterDirectoryOptions, lock: FileLock, kept: KeptCluster) {
    this.#fileSystem = options.fileSystem;
    this.#path = options.path;
    this.#lock = lock;
    const { isFormed, ...layout } = kept;
    this.layout = layout;
    this.#isFormed = isFormed;
  }

  /** Rejects with ClusterError where the directory is in use, or is not that of such a cluster. */
  static async open(options: ClusterDirectoryOptions): Promise<ClusterDirectory> {
    const { fileSystem, path, brokers } = options;
    if (fileSystem.exists(`${path}/${META_PROPERTIES}`)) {
      throw new ClusterError(
        `${path} holds the data of a single broker. Start it without --brokers, or choose another directory for the cluster.`,
      );
    }
    fileSystem.makeDirectory(path);
    const lock = fileSystem.lock(`${path}/${LOCK_FILE}`);
    if (lock === null) {
      throw new ClusterError(
        `The cluster in ${path} is running already. Stop it first, or choose another directory for a second one.`,
      );
    }
    try {
      const file = `${path}/${CLUSTER_FILE}`;
      const known = fileSystem.exists(file) ? parseCluster(file, fileSystem.readFile(file).toString('utf8')) : null;
      if (known !== null && known.brokers !== brokers) {
        throw new ClusterError(
          `${path} holds a cluster of ${known.brokers} brokers, not of ${brokers}. Start it with ${known.brokers}, or choose another ` +
            'directory for a new one.',
        );
      }
      if (known !== null && options.clusterId !== undefined && known.clusterId !== options.clusterId) {
        throw new ClusterError(
          `${path} holds the cluster ${known.clusterId}, but cluster ${options.clusterId} is expected.`,
        );
      }
      const directory = new ClusterDirectory(options, lock, known ?? (await newCluster(options)));
      if (known === null) directory.#write();
      return directory;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** All members have been formatted. */
  get isFormed(): boolean {
    return this.#isFormed;
  }

  memberPath(nodeId: number): string {
    return `${this.#path}/broker-${nodeId}`;
  }

  /** From now on a controller whose directory is empty is a new one. */
  formed(): void {
    if (this.#isFormed) return;
    this.#isFormed = true;
    this.#write();
  }

  close(): void {
    this.#lock.release();
  }

  #write(): void {
    const text = JSON.stringify({ version: 1, ...this.layout, isFormed: this.#isFormed }, null, 2);
    atomicWriteFile(this.#fileSystem, `${this.#path}/${CLUSTER_FILE}`, `${text}\n`);
  }
}

interface KeptCluster extends ClusterLayout {
  readonly isFormed: boolean;
}

async function newCluster({ brokers, clusterId, freePorts, random }: ClusterDirectoryOptions): Promise<KeptCluster> {
  const ports = await freePorts(controllerCount(brokers));
  return {
    clusterId: clusterId ?? randomUuid(random),
    brokers,
    controllers: ports.map((port, index) => ({ nodeId: index + 1, port, directoryId: randomUuid(random) })),
    isFormed: false,
  };
}

function parseCluster(file: string, text: string): KeptCluster {
  const unreadable = new ClusterError(
    `${file} cannot be understood. It says which ports and ids the cluster's controllers have; restore it, or begin with an empty ` +
      'directory.',
  );
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw unreadable;
  }
  if (!isKeptCluster(parsed)) throw unreadable;
  const { clusterId, brokers, controllers, isFormed } = parsed;
  return { clusterId, brokers, controllers, isFormed };
}

function isKeptCluster(value: unknown): value is KeptCluster {
  if (typeof value !== 'object' || value === null) return false;
  const { version, clusterId, brokers, controllers, isFormed } = value as Record<string, unknown>;
  return (
    version === 1 &&
    typeof clusterId === 'string' &&
    Number.isInteger(brokers) &&
    typeof isFormed === 'boolean' &&
    Array.isArray(controllers) &&
    controllers.length > 0 &&
    controllers.every(isController)
  );
}

function isController(value: unknown): value is ClusterController {
  if (typeof value !== 'object' || value === null) return false;
  const { nodeId, port, directoryId } = value as Record<string, unknown>;
  return (
    Number.isInteger(nodeId) &&
    Number.isInteger(port) &&
    Number(port) > 0 &&
    Number(port) <= PORT_MAX &&
    typeof directoryId === 'string' &&
    isUuid(directoryId)
  );
}
