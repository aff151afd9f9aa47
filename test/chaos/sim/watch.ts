/**
 * What must hold after every event, whatever happened:
 *
 * - one leader per epoch, of the metadata quorum and of each partition;
 * - epochs and high watermarks of a running node never fall;
 * - committed is committed: below its high watermark every replica has, on its disk, the same batches as every other that ever had one
 *   there, with their checksums, whoever leads;
 * - a leader's high watermark covers only what its disk has;
 * - what a producer was told is acknowledged is committed, where it was told.
 *
 * It looks at the disks with its own eyes, not through the logs under test.
 *
 * Rules broken on purpose, and what noticed it: a high watermark that does not wait for the followers (each of three seeds: another
 * batch where one was committed, a producer out of sequence, a high watermark that fell); an ISR that shrinks without the
 * controller (one seed of four); followers that fetch on before what they have is in the file (two seeds of twelve: it was so).
 */
import type { FileHandle } from '../../../src/io/file-system.ts';
import type { MetadataImage } from '../../../src/metadata/metadata-image.ts';
import * as header from '../../../src/wire/records/record-batch.ts';
import { readRecords } from '../../../src/wire/records/records.ts';
import { type History, PARTITION_COUNT, TOPIC } from './simulated-clients.ts';
import { DATA_PATH, NODE_IDS, type RunningNode, type SimulatedCluster } from './simulated-cluster.ts';

const METADATA_LOG = '__cluster_metadata-0';
export const PARTITIONS: readonly number[] = Array.from({ length: PARTITION_COUNT }, (_, index) => index);

export class Violation extends Error {
  override name = 'Violation';
}

/** How far a log of one run of a node has been looked through. */
interface Cursor {
  leaderEpoch: number;
  highWatermark: number;
  segment: string | null;
  position: number;
  /** What comes next in it. */
  offset: number;
}

/** By the base offset of their batch. */
type Committed = Map<number, { readonly nextOffset: number; readonly facts: string; readonly bytes: Buffer }>;

export class Watch {
  readonly #cluster: SimulatedCluster;
  readonly #history: History;
  /** By `log@epoch`. */
  readonly #leaders = new Map<string, number>();
  readonly #committed = new Map<string, Committed>();
  readonly #cursors = new WeakMap<RunningNode, Map<string, Cursor>>();
  #acknowledgedCount = 0;
  leaderEpochs = 0;

  constructor(cluster: SimulatedCluster, history: History) {
    this.#cluster = cluster;
    this.#history = history;
  }

  /** Exclusive. */
  committedEndOffset(partition: number): number {
    let end = 0;
    for (const { nextOffset } of this.#committedOf(logOf(partition)).values()) end = Math.max(end, nextOffset);
    return end;
  }

  /** Throws a Violation. */
  check(): void {
    if (this.#cluster.failure !== null) throw this.#cluster.failure;
    for (const running of this.#cluster.running.values()) {
      const { quorum, broker } = running;
      if (quorum !== null) {
        const { state, leaderEpoch, highWatermark } = quorum.raft;
        this.#checkLog(running, METADATA_LOG, { leads: state === 'leader', leaderEpoch, highWatermark });
      }
      if (broker === null) continue;
      for (const partition of PARTITIONS) {
        const found = broker.partitions.find(TOPIC, partition);
        if (typeof found === 'string') continue;
        const { isLeader, leaderEpoch, highWatermark } = found;
        this.#checkLog(running, logOf(partition), { leads: isLeader, leaderEpoch, highWatermark });
      }
    }
    this.#checkAcknowledged();
    if (this.#history.violation !== null) throw new Violation(this.#history.violation);
  }

  /** All replicas serve, are in sync, and have all that was ever committed. */
  get isSettled(): boolean {
    if (!this.#cluster.isWhole || !this.isInSync) return false;
    return [...this.#cluster.running.values()].every(({ broker }) =>
      PARTITIONS.every((partition) => {
        const found = broker?.partitions.find(TOPIC, partition);
        return (
          typeof found === 'object' &&
          found.highWatermark === found.log.logEndOffset &&
          found.highWatermark >= this.committedEndOffset(partition)
        );
      }),
    );
  }

  /** As the newest of the images has it. */
  get isInSync(): boolean {
    const topic = this.#newestImage?.topicsByName.get(TOPIC);
    return PARTITIONS.every((partition) => topic?.partitions.get(partition)?.isr.length === NODE_IDS.length);
  }

  /** A line for each partition. */
  get states(): string {
    const topic = this.#newestImage?.topicsByName.get(TOPIC);
    return PARTITIONS.map((partition) => {
      const state = topic?.partitions.get(partition);
      if (state === undefined) return `${logOf(partition)} is not there`;
      const { leader, leaderEpoch, isr, elr, lastKnownElr } = state;
      return `${logOf(partition)} led by ${leader} in epoch ${leaderEpoch}, ISR ${isr}, ELR ${elr} (last known ${lastKnownElr})`;
    }).join('; ');
  }

  get #newestImage(): MetadataImage | null {
    let newest: MetadataImage | null = null;
    for (const { quorum } of this.#cluster.running.values()) {
      if (quorum !== null && (newest === null || quorum.image.highestOffset > newest.highestOffset))
        newest = quorum.image;
    }
    return newest;
  }

  /** After the end, when everything that there is was read: nothing acknowledged is lost, nothing is there twice. */
  checkHistory(): void {
    const { acknowledged, consumed } = this.#history;
    for (const { partition, offset, value } of acknowledged) {
      const found = consumed.get(`${partition}@${offset}`);
      if (found !== value)
        throw new Violation(`${value} was acknowledged at ${partition}@${offset}, where ${found} is`);
    }
    const places = new Map<string, string>();
    for (const [place, value] of consumed) {
      const other = places.get(value);
      if (other !== undefined) throw new Violation(`${value} is twice, at ${other} and ${place}`);
      places.set(value, place);
    }
  }

  #checkLog(
    running: RunningNode,
    log: string,
    now: { readonly leads: boolean; readonly leaderEpoch: number; readonly highWatermark: number },
  ): void {
    const { leads, leaderEpoch, highWatermark } = now;
    const { nodeId } = running;
    if (leads) {
      const key = `${log}@${leaderEpoch}`;
      const leader = this.#leaders.get(key);
      if (leader === undefined) {
        this.#leaders.set(key, nodeId);
        this.leaderEpochs++;
      } else if (leader !== nodeId)
        throw new Violation(`${log}: ${leader} and ${nodeId} both lead epoch ${leaderEpoch}`);
    }
    const cursor = this.#cursorOf(running, log);
    if (leaderEpoch < cursor.leaderEpoch) {
      throw new Violation(`${log}: node ${nodeId} went back from epoch ${cursor.leaderEpoch} to ${leaderEpoch}`);
    }
    if (highWatermark < cursor.highWatermark) {
      throw new Violation(
        `${log}: the high watermark of node ${nodeId} fell from ${cursor.highWatermark} to ${highWatermark}`,
      );
    }
    cursor.leaderEpoch = leaderEpoch;
    if (highWatermark === cursor.highWatermark && cursor.offset >= highWatermark) return;
    cursor.highWatermark = highWatermark;
    this.#readCommitted(running, log, cursor);
    if (leads && cursor.offset < highWatermark) {
      throw new Violation(
        `${log}: node ${nodeId} leads, its disk ends at ${cursor.offset}, ${highWatermark} is committed`,
      );
    }
  }

  /** What a log has on its disk below the high watermark; a follower may not have written all of it yet. */
  #readCommitted({ nodeId, files }: RunningNode, log: string, cursor: Cursor): void {
    const directory = `${DATA_PATH}/${log}`;
    if (!files.exists(directory)) return;
    const segments = files.list(directory).filter((name) => name.endsWith('.log'));
    for (const segment of segments) {
      if (cursor.segment !== null && segment < cursor.segment) continue;
      if (cursor.segment === null || segment > cursor.segment) {
        const baseOffset = Number.parseInt(segment, 10);
        if (cursor.segment !== null && baseOffset !== cursor.offset) return;
        cursor.segment = segment;
        cursor.position = 0;
        cursor.offset = baseOffset;
      }
      const file = files.disk.open(`${directory}/${segment}`, 'read');
      try {
        this.#readSegment(file, { nodeId, log, cursor });
      } finally {
        file.close();
      }
    }
  }

  #readSegment(
    file: FileHandle,
    { nodeId, log, cursor }: { readonly nodeId: number; readonly log: string; readonly cursor: Cursor },
  ): void {
    const committed = this.#committedOf(log);
    const start = Buffer.alloc(header.RECORD_BATCH_OVERHEAD);
    while (file.readSync(start, 0, start.length, cursor.position) === start.length) {
      const size = header.sizeInBytes(start, 0);
      const nextOffset = header.nextOffset(start, 0);
      if (nextOffset > cursor.highWatermark) return;
      const bytes = Buffer.alloc(size);
      if (file.readSync(bytes, 0, size, cursor.position) < size) return;
      const where = `${log}: the batch at ${cursor.offset} of node ${nodeId}`;
      const baseOffset = header.baseOffset(bytes, 0);
      if (baseOffset !== cursor.offset) throw new Violation(`${where} begins at ${baseOffset}`);
      if (header.computeCrc(bytes, 0) !== header.crc(bytes, 0)) throw new Violation(`${where} is broken`);
      const facts = `${baseOffset}-${nextOffset} epoch ${header.partitionLeaderEpoch(bytes, 0)} CRC ${header.crc(bytes, 0)}`;
      const known = committed.get(baseOffset);
      if (known === undefined) committed.set(baseOffset, { nextOffset, facts, bytes });
      else if (known.facts !== facts) throw new Violation(`${where} is ${facts}, and ${known.facts} was committed`);
      cursor.position += size;
      cursor.offset = nextOffset;
    }
  }

  #checkAcknowledged(): void {
    const { acknowledged } = this.#history;
    for (; this.#acknowledgedCount < acknowledged.length; this.#acknowledgedCount++) {
      const { partition, offset, value } = acknowledged[this.#acknowledgedCount]!;
      const committed = this.#committedOf(logOf(partition));
      let found: string | null = null;
      for (let base = offset; base >= 0 && found === null; base--) {
        const batch = committed.get(base);
        if (batch === undefined) continue;
        found = String(readRecords(batch.bytes).find((record) => record.offset === offset)?.value);
      }
      if (found !== value) {
        throw new Violation(
          `${value} is acknowledged at ${partition}@${offset}, where ${found ?? 'nothing'} is committed`,
        );
      }
    }
  }

  #cursorOf(running: RunningNode, log: string): Cursor {
    let cursors = this.#cursors.get(running);
    if (cursors === undefined) {
      cursors = new Map();
      this.#cursors.set(running, cursors);
    }
    let cursor = cursors.get(log);
    if (cursor === undefined) {
      cursor = { leaderEpoch: 0, highWatermark: -1, segment: null, position: 0, offset: 0 };
      cursors.set(log, cursor);
    }
    return cursor;
  }

  #committedOf(log: string): Committed {
    let committed = this.#committed.get(log);
    if (committed === undefined) {
      committed = new Map();
      this.#committed.set(log, committed);
    }
    return committed;
  }
}

function logOf(partition: number): string {
  return `${TOPIC}-${partition}`;
}
