/**
 * Limits how fast replicas that are not in sync are copied (KIP-73), so that moving partitions leaves room for clients: one
 * for what this broker fetches as a follower, one for what it serves as a leader. Only the replicas that a topic names are
 * limited: `*`, or `partition:broker` pairs.
 */
import { SampledRate } from '../metrics/sampled-rate.ts';

export interface ReplicationThrottleOptions {
  readonly brokerId: number;
  /** `leader.replication.throttled.rate` or `follower.…`, bytes per second. */
  readonly bytesPerSecond: () => number;
  /** `leader.replication.throttled.replicas` or `follower.…` of the topic; undefined where it has none. */
  readonly throttledReplicas: (topic: string) => string | undefined;
  readonly window: { readonly sampleCount: number; readonly sampleMs: number };
  readonly nowMs: () => number;
}

interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export class ReplicationThrottle {
  readonly #options: ReplicationThrottleOptions;
  readonly #rate: SampledRate;
  /** By the text of the setting; a handful, as long as partitions are moved. */
  readonly #partitionsOf = new Map<string, ReadonlySet<number>>();

  constructor(options: ReplicationThrottleOptions) {
    this.#options = options;
    this.#rate = new SampledRate(options.window);
  }

  /** Too much was copied lately for this partition to be copied now. */
  isHeldBack(partition: TopicPartition): boolean {
    if (!this.#isThrottled(partition)) return false;
    const { bytesPerSecond, nowMs } = this.#options;
    return this.#rate.rate(nowMs()) > bytesPerSecond();
  }

  copied(partition: TopicPartition, bytes: number): void {
    if (this.#isThrottled(partition)) this.#rate.record(bytes, this.#options.nowMs());
  }

  #isThrottled({ topic, partition }: TopicPartition): boolean {
    const text = this.#options.throttledReplicas(topic);
    if (text === undefined || text === '') return false;
    if (text.trim() === '*') return true;
    let partitions = this.#partitionsOf.get(text);
    if (partitions === undefined) {
      partitions = partitionsOn(this.#options.brokerId, text);
      if (this.#partitionsOf.size >= TEXTS_MAX) this.#partitionsOf.clear();
      this.#partitionsOf.set(text, partitions);
    }
    return partitions.has(partition);
  }
}

const TEXTS_MAX = 1000;

/** Of `0:1,1:2` those whose broker is this one. */
function partitionsOn(brokerId: number, text: string): ReadonlySet<number> {
  const partitions = new Set<number>();
  for (const pair of text.split(',')) {
    const [partition, broker] = pair.split(':').map((number) => Number(number.trim()));
    if (broker === brokerId && partition !== undefined) partitions.add(partition);
  }
  return partitions;
}
