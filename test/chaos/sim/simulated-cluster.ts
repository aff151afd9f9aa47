/** Three nodes, each broker and controller, with their real code on simulated machines: started, killed, without power, back again. */
import { silentLogger } from '../../../src/base/logger.ts';
import { loadNodeConfig } from '../../../src/config/node-config.ts';
import type { BrokerParts } from '../../../src/node/broker.ts';
import type { MetadataQuorum } from '../../../src/node/metadata-quorum.ts';
import type { Platform } from '../../../src/node/platform.ts';
import { Node } from '../../../src/node.ts';
import { SeededRandom } from '../../fuzz/seeded-random.ts';
import { SimulatedDisk } from '../../support/simulated-disk.ts';
import type { SimulatedNetwork } from './simulated-network.ts';
import { TimedFileSystem } from './timed-file-system.ts';
import { Life, type VirtualTime } from './virtual-time.ts';

const CLUSTER_ID = '4L6g3nShT-eMCtK--X86sw';
const BROKER_PORT = 9092;
const CONTROLLER_PORT = 9093;
export const DATA_PATH = '/data';
export const NODE_IDS: readonly number[] = [1, 2, 3];
const CLOCK_SKEW_MS_MAX = 3000;

export type Crash = 'kill' | 'power-loss';

export function hostOf(nodeId: number): string {
  return `10.0.0.${nodeId}`;
}

/** One run of a node. */
export interface RunningNode {
  readonly nodeId: number;
  readonly life: Life;
  readonly files: TimedFileSystem;
  quorum: MetadataQuorum | null;
  broker: BrokerParts | null;
  /** Null until it serves. */
  node: Node | null;
}

export class SimulatedCluster {
  readonly running = new Map<number, RunningNode>();
  /** Something that no node may say of itself; null: none has. */
  failure: Error | null = null;
  readonly #time: VirtualTime;
  readonly #network: SimulatedNetwork;
  readonly #random: SeededRandom;
  readonly #disks = new Map<number, SimulatedDisk>();
  readonly #skews = new Map<number, number>();
  readonly #settings: string;
  readonly #trace: ((text: string) => void) | null;

  constructor(options: {
    readonly time: VirtualTime;
    readonly network: SimulatedNetwork;
    readonly random: SeededRandom;
    readonly settings?: string;
    readonly trace?: ((text: string) => void) | null;
  }) {
    this.#time = options.time;
    this.#network = options.network;
    this.#random = options.random;
    this.#settings = options.settings ?? '';
    this.#trace = options.trace ?? null;
    for (const nodeId of NODE_IDS) {
      const seed = this.#random.nextInt(2 ** 30);
      this.#disks.set(nodeId, new SimulatedDisk({ seed, nowMs: () => this.#time.nowMs }));
      this.#skews.set(nodeId, this.#random.nextInt(2 * CLOCK_SKEW_MS_MAX) - CLOCK_SKEW_MS_MAX);
    }
  }

  get isWhole(): boolean {
    return NODE_IDS.every((nodeId) => (this.running.get(nodeId)?.node ?? null) !== null);
  }

  start(nodeId: number): void {
    const time = this.#time;
    const life = new Life();
    const random = new SeededRandom(this.#random.nextInt(2 ** 30));
    const name = `node ${nodeId}`;
    const files = new TimedFileSystem({ disk: this.#disks.get(nodeId)!, time, life, name, random });
    const running: RunningNode = { nodeId, life, files, quorum: null, broker: null, node: null };
    this.running.set(nodeId, running);
    this.#network.hostIsBack(hostOf(nodeId));
    const platform: Platform = {
      clock: time.clock(() => this.#skews.get(nodeId)!),
      timer: time.timer(life, `${name} timer`),
      random,
      nextTurn: (action) => void time.schedule(life, 0, `${name} turn`, action),
      fileSystem: files,
      listen: this.#network.listen(hostOf(nodeId), life),
      openSocket: this.#network.opener(hostOf(nodeId), life),
      hostname: () => hostOf(nodeId),
      hasThreads: false,
    };
    const trace = this.#trace;
    Node.start({
      config: loadNodeConfig({ file: this.#properties(nodeId) }),
      ephemeral: false,
      format: true,
      clusterId: CLUSTER_ID,
      topics: [],
      logger: trace === null ? silentLogger : tracingLogger(name, (text) => !life.isOver && trace(text)),
      platform,
      observer: {
        quorumOpened: (quorum) => {
          running.quorum = quorum;
        },
        brokerMade: (broker) => {
          running.broker = broker;
        },
      },
      onFatal: (error) => this.#failed(running, error),
    }).then(
      (node) => {
        running.node = node;
        time.note(`${name} serves`);
      },
      (error: unknown) => this.#failed(running, error),
    );
  }

  crash(nodeId: number, kind: Crash): void {
    const running = this.running.get(nodeId);
    if (running === undefined) return;
    this.running.delete(nodeId);
    running.life.isOver = true;
    const unsynced = this.#random.oneIn(2) ? 'none' : 'some';
    const seed = this.#random.nextInt(2 ** 30);
    this.#disks.set(nodeId, running.files.crash(kind, { unsynced, names: 'ordered', seed }));
    this.#network.hostDied(hostOf(nodeId), kind === 'power-loss');
  }

  #failed({ nodeId, life }: RunningNode, cause: unknown): void {
    if (life.isOver) return;
    this.failure ??= new Error(`node ${nodeId} gave up: ${cause instanceof Error ? cause.stack : String(cause)}`, {
      cause,
    });
  }

  #properties(nodeId: number): string {
    const voters = NODE_IDS.map((id) => `${id}@${hostOf(id)}:${CONTROLLER_PORT}`).join(',');
    return `
      process.roles=broker,controller
      node.id=${nodeId}
      listeners=PLAINTEXT://${hostOf(nodeId)}:${BROKER_PORT},CTRL://${hostOf(nodeId)}:${CONTROLLER_PORT}
      controller.listener.names=CTRL
      controller.quorum.voters=${voters}
      log.dirs=${DATA_PATH}
      broker.session.timeout.ms=3000
      broker.heartbeat.interval.ms=500
      controller.quorum.election.timeout.ms=500
      controller.quorum.fetch.timeout.ms=1000
      controller.quorum.election.backoff.max.ms=300
      replica.lag.time.max.ms=2000
      replica.fetch.wait.max.ms=200
      replica.fetch.backoff.ms=100
      replica.socket.timeout.ms=3000
      initial.broker.registration.timeout.ms=600000
      offsets.topic.num.partitions=1
      offsets.topic.replication.factor=3
      default.replication.factor=3
      min.insync.replicas=2
      unclean.leader.election.enable=false
      ${this.#settings}
    `;
  }
}

export const bootstrap: readonly { readonly host: string; readonly port: number }[] = NODE_IDS.map((nodeId) => ({
  host: hostOf(nodeId),
  port: BROKER_PORT,
}));

function tracingLogger(name: string, write: (text: string) => void): typeof silentLogger {
  const line = (level: string) => (message: string, fields?: object) =>
    write(`${name} ${level} ${message} ${fields === undefined ? '' : JSON.stringify(fields)}`);
  return {
    trace: () => undefined,
    debug: () => undefined,
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: (child) => tracingLogger(`${name} ${child}`, write),
  };
}
