/**
 * One seed, one world: three nodes under load while everything around them fails, then peace, in which they must agree.
 *
 *     start, topic ── faults for `faultyMs`: kills of any number of nodes, a power loss, partitions of all shapes, slow links and
 *                     disks, broken connections ── all is mended ── in sync again ── everything is read and compared
 *
 * A machine loses power only while all replicas are in sync, and until they are again nobody else dies: a broker that comes back
 * without a clean shutdown is taken out of ISR and ELR whatever it still has, so that the two together would be min.insync.replicas
 * unclean shutdowns at once, of which Kafka's rules (KIP-966) promise nothing. Kills alone may be as many as there are nodes.
 */
import { SeededRandom } from '../../fuzz/seeded-random.ts';
import { createTopic, type History, readAll, runConsumer, runProducer, TOPIC } from './simulated-clients.ts';
import { DATA_PATH, hostOf, NODE_IDS, SimulatedCluster } from './simulated-cluster.ts';
import { SimulatedNetwork } from './simulated-network.ts';
import { Life, VirtualTime } from './virtual-time.ts';
import { PARTITIONS, Violation, Watch } from './watch.ts';

export interface SimulationResult {
  readonly hash: string;
  readonly eventCount: number;
  readonly virtualMs: number;
  readonly acknowledgedCount: number;
  readonly leaderEpochs: number;
  /** By kind. */
  readonly faults: ReadonlyMap<string, number>;
}

export interface SimulationOptions {
  readonly seed: number;
  readonly faultyMs?: number;
  /** Gets what the nodes log and what is done to them. */
  readonly trace?: (text: string) => void;
}

const FAULTY_MS = 60_000;
const START_MS_MAX = 60_000;
/** How long it may take to be in sync when nothing is wrong any more. */
const PEACE_MS_MAX = 120_000;
const PRODUCER_COUNT = 2;

export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const world = new World(options);
  try {
    return await world.run();
  } catch (error) {
    const cause = error instanceof Error ? error : new Error(String(error));
    throw new Error(`seed ${options.seed}, ${(world.nowMs / 1000).toFixed(3)} s: ${cause.message}`, { cause });
  }
}

class World {
  readonly #time = new VirtualTime();
  readonly #random: SeededRandom;
  readonly #network: SimulatedNetwork;
  readonly #cluster: SimulatedCluster;
  readonly #watch: Watch;
  readonly #history: History = { acknowledged: [], consumed: new Map(), violation: null };
  /** Of clients, and of what is done to the nodes. */
  readonly #life = new Life();
  readonly #faults = new Map<string, number>();
  readonly #faultyMs: number;
  readonly #trace: ((text: string) => void) | null;
  /** Lost power, and is not in sync again. */
  #forgetful: number | null = null;
  #isFaulty = false;
  /** All nodes die when something is acknowledged that one of them is still writing. */
  #isMalicious = false;
  #acknowledgedCount = 0;
  #tracedStates = '';
  #clientFailure: unknown = null;

  constructor({ seed, faultyMs = FAULTY_MS, trace }: SimulationOptions) {
    this.#random = new SeededRandom(seed);
    this.#faultyMs = faultyMs;
    const time = this.#time;
    this.#trace = trace === undefined ? null : (text) => trace(`${(time.nowMs / 1000).toFixed(3)} ${text}`);
    this.#network = new SimulatedNetwork(time, this.#newRandom());
    const random = this.#newRandom();
    this.#cluster = new SimulatedCluster({ time, network: this.#network, random, trace: this.#trace });
    this.#watch = new Watch(this.#cluster, this.#history);
  }

  get nowMs(): number {
    return this.#time.nowMs;
  }

  async run(): Promise<SimulationResult> {
    for (const nodeId of NODE_IDS) this.#cluster.start(nodeId);
    let isCreated = false;
    this.#background(createTopic(this.#client(0)), () => {
      isCreated = true;
    });
    await this.#until('the topic is created', START_MS_MAX, () => isCreated && this.#watch.isSettled);

    let stopped = false;
    let producing = PRODUCER_COUNT;
    for (let index = 1; index <= PRODUCER_COUNT; index++) {
      this.#background(
        runProducer(this.#client(index), `p${index}`, () => stopped),
        () => producing--,
      );
    }
    this.#background(runConsumer(this.#client(PRODUCER_COUNT + 1), () => stopped));
    this.#isFaulty = true;
    this.#scheduleFault();
    const endMs = this.#time.nowMs + this.#faultyMs;
    await this.#until('the faults are over', this.#faultyMs + 1, () => this.#time.nowMs >= endMs);

    this.#makePeace();
    stopped = true;
    await this.#until('all is in sync', PEACE_MS_MAX, () => producing === 0 && this.#watch.isSettled);
    let reading = PARTITIONS.length;
    for (const partition of PARTITIONS) {
      const options = this.#client(PRODUCER_COUNT + 2 + partition);
      this.#background(readAll(options, partition, this.#watch.committedEndOffset(partition)), () => reading--);
    }
    await this.#until('all is read', PEACE_MS_MAX, () => reading === 0);
    this.#watch.checkHistory();
    return {
      hash: this.#time.hash,
      eventCount: this.#time.eventCount,
      virtualMs: this.#time.nowMs,
      acknowledgedCount: this.#history.acknowledged.length,
      leaderEpochs: this.#watch.leaderEpochs,
      faults: this.#faults,
    };
  }

  async #until(what: string, timeoutMs: number, holds: () => boolean): Promise<void> {
    const deadlineMs = this.#time.nowMs + timeoutMs;
    while (!holds()) {
      if (this.#time.nowMs > deadlineMs) throw new Violation(`not within ${timeoutMs / 1000} s: ${what}`);
      if (!(await this.#time.next())) throw new Violation(`nothing happens any more, and not: ${what}`);
      if (this.#trace !== null) this.#traceStates(this.#trace);
      this.#watch.check();
      if (this.#isMalicious && this.#isFaulty) this.#maybeKillAll();
      if (this.#forgetful !== null && this.#cluster.isWhole && this.#watch.isInSync) this.#forgetful = null;
      if (this.#clientFailure !== null) throw this.#clientFailure;
    }
  }

  #maybeKillAll(): void {
    const { length } = this.#history.acknowledged;
    const last = length > this.#acknowledgedCount ? this.#history.acknowledged.at(-1) : undefined;
    this.#acknowledgedCount = length;
    if (last === undefined) return;
    const path = `${DATA_PATH}/${TOPIC}-${last.partition}/`;
    const writing = [...this.#cluster.running.values()].filter(({ files }) => files.isWriting(path));
    if (writing.length === 0) return;
    this.#isMalicious = false;
    this.#say(
      `node ${writing.map(({ nodeId }) => nodeId)} still writes ${last.partition}@${last.offset}, which is acknowledged`,
    );
    for (const nodeId of NODE_IDS) this.#crash(nodeId, 'kill');
  }

  #traceStates(trace: (text: string) => void): void {
    const { states } = this.#watch;
    if (states !== this.#tracedStates) trace(`... ${states}`);
    this.#tracedStates = states;
  }

  #background(work: Promise<void>, done: () => void = () => undefined): void {
    work.then(done, (error: unknown) => {
      this.#clientFailure = error;
    });
  }

  #newRandom(): SeededRandom {
    return new SeededRandom(this.#random.nextInt(2 ** 30));
  }

  #client(index: number) {
    return {
      host: `10.0.1.${index}`,
      time: this.#time,
      network: this.#network,
      life: this.#life,
      random: this.#newRandom(),
      history: this.#history,
    };
  }

  #say(text: string): void {
    this.#time.note(text);
    this.#trace?.(`--- ${text}`);
  }

  #scheduleFault(): void {
    this.#after(200 + this.#random.nextInt(3000), () => {
      this.#fault();
      this.#scheduleFault();
    });
  }

  /** Unless it is peace by then. */
  #after(delayMs: number, action: () => void): void {
    this.#time.schedule(this.#life, delayMs, 'fault', () => {
      if (this.#isFaulty) action();
    });
  }

  #fault(): void {
    const random = this.#random;
    const kind = random.pick([
      'kill',
      'kill',
      'kill several',
      'kill all mid-write',
      'power loss',
      'partition',
      'partition',
      'slow',
      'break',
    ] as const);
    if (kind === 'power loss' && (this.#forgetful !== null || !this.#cluster.isWhole || !this.#watch.isInSync)) return;
    this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + 1);
    switch (kind) {
      case 'kill':
        this.#crash(random.pick(NODE_IDS), 'kill');
        break;
      case 'kill several':
        for (const nodeId of NODE_IDS) if (!random.oneIn(3)) this.#crash(nodeId, 'kill');
        break;
      case 'kill all mid-write':
        this.#isMalicious = true;
        break;
      case 'power loss':
        this.#forgetful = random.pick(NODE_IDS);
        this.#crash(this.#forgetful, 'power-loss');
        break;
      case 'partition':
        this.#partition();
        break;
      case 'slow':
        this.#slow();
        break;
      case 'break':
        for (let count = random.nextInt(10); count >= 0; count--) this.#network.breakOne();
        this.#say('connections break');
        break;
    }
  }

  #crash(nodeId: number, kind: 'kill' | 'power-loss'): void {
    if (!this.#cluster.running.has(nodeId)) return;
    if (this.#forgetful !== null && this.#forgetful !== nodeId) return;
    this.#say(`${kind} of node ${nodeId}`);
    this.#cluster.crash(nodeId, kind);
    const downMs = this.#random.oneIn(2) ? this.#random.nextInt(500) : this.#random.nextInt(10_000);
    this.#after(downMs, () => this.#restart(nodeId));
  }

  #restart(nodeId: number): void {
    if (this.#cluster.running.has(nodeId)) return;
    this.#say(`node ${nodeId} is started`);
    this.#cluster.start(nodeId);
  }

  /** A node from all others, or from one; both ways or one way; clients reach everybody, or are cut off, too. */
  #partition(): void {
    const random = this.#random;
    const nodeId = random.pick(NODE_IDS);
    const others = NODE_IDS.filter((other) => other !== nodeId);
    const peers = random.oneIn(2) ? others : [random.pick(others)];
    const shape = random.pick(['both ways', 'to it', 'from it'] as const);
    const withClients = random.oneIn(4);
    const hosts = peers.map(hostOf);
    if (withClients) for (let index = 0; index <= PRODUCER_COUNT + 1; index++) hosts.push(`10.0.1.${index}`);
    for (const host of hosts) {
      if (shape !== 'from it') this.#network.block(host, hostOf(nodeId));
      if (shape !== 'to it') this.#network.block(hostOf(nodeId), host);
    }
    this.#say(`node ${nodeId} is cut off from ${peers.join(' and ')}${withClients ? ' and clients' : ''}, ${shape}`);
    this.#after(this.#random.nextInt(10_000), () => {
      this.#say('the network is whole');
      this.#network.heal();
    });
  }

  #slow(): void {
    const random = this.#random;
    const nodeId = random.pick(NODE_IDS);
    if (random.oneIn(2)) {
      const running = this.#cluster.running.get(nodeId);
      if (running === undefined) return;
      running.files.slowness = random.pick([10, 100, 500]);
      this.#say(`the disk of node ${nodeId} is slow`);
      this.#after(random.nextInt(8000), () => {
        running.files.slowness = 1;
      });
      return;
    }
    const factor = random.pick([10, 100, 1000]);
    for (const other of NODE_IDS) {
      if (other !== nodeId && random.oneIn(2)) this.#network.slow(hostOf(nodeId), hostOf(other), factor);
      if (other !== nodeId && random.oneIn(2)) this.#network.slow(hostOf(other), hostOf(nodeId), factor);
    }
    this.#say(`the network of node ${nodeId} is slow`);
  }

  #makePeace(): void {
    this.#isFaulty = false;
    this.#network.heal();
    for (const { files } of this.#cluster.running.values()) files.slowness = 1;
    for (const nodeId of NODE_IDS) this.#restart(nodeId);
    this.#say('peace');
  }
}
