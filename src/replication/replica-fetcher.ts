/**
 * Copies partitions from one leader: one fetch at a time over all of them, for as long as there are any (Kafka's
 * ReplicaFetcherThread).
 *
 *   fetching --leader: our logs part there--> cut (KIP-595) --> fetching
 *            --leader: out of range--> ask where its log begins and ends; cut, or begin anew --> fetching
 *            --any other error--> left out for `backoffMs` --> fetching
 *
 * Invariant: an answer counts only for a partition that is in the state that was asked about: the same leader epoch, and
 * the log ends where it did.
 */
import type { Clock, Timer, TimerHandle } from '../base/clock.ts';
import type { BrokerEpoch, LeaderEpoch, Offset } from '../base/flavor.ts';
import type { Logger } from '../base/logger.ts';
import type { Appended } from '../log/log-types.ts';
import { type ErrorName, errorName } from '../wire/errors.ts';
import type { NodeClient } from '../wire/node-client.ts';
import { type FetchResponse, fetchRequest, fetchResponse } from '../wire/schema/fetch.ts';
import { listOffsetsRequest, listOffsetsResponse } from '../wire/schema/list-offsets.ts';
import type { InputOf } from '../wire/schema.ts';
import { type FollowedPosition, FollowerSession, followedKey, type SessionFetch } from './follower-session.ts';
import type { Partition } from './partition.ts';
import { earliestTimestamp, latestTimestamp } from './partition-offsets.ts';
import type { ReplicationThrottle } from './replication-throttle.ts';

export interface FetcherSettings {
  /** `replica.fetch.wait.max.ms` */
  readonly waitMaxMs: number;
  /** `replica.fetch.min.bytes` */
  readonly minBytes: number;
  /** `replica.fetch.response.max.bytes` */
  readonly responseBytesMax: number;
  /** `replica.fetch.max.bytes` */
  readonly partitionBytesMax: number;
  /** `replica.fetch.backoff.ms` */
  readonly backoffMs: number;
}

export interface ReplicaFetcherOptions {
  readonly brokerId: number;
  readonly brokerEpoch: () => BrokerEpoch;
  readonly leaderId: number;
  /** Closed with the fetcher. */
  readonly client: NodeClient;
  readonly settings: FetcherSettings;
  readonly throttle: Pick<ReplicationThrottle, 'isHeldBack' | 'copied'>;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly logger: Logger;
  readonly storageFailed: (error: unknown) => void;
}

interface Followed {
  readonly partition: Partition;
  readonly leaderEpoch: LeaderEpoch;
  /** Monotonic; 0 when it may be fetched at once. */
  notBeforeMs: number;
}

type AnsweredPartition = FetchResponse['responses'][number]['partitions'][number];

/** The first version with topic ids; it can say where logs part. */
const FETCH_VERSION_MIN = 13;
const FIRST_VERSION_WITH_REPLICA_STATE = 15;
/** How long a fetcher that is held back by its throttle waits before it looks again. */
const THROTTLED_MS = 100;

export class ReplicaFetcher {
  readonly #options: ReplicaFetcherOptions;
  readonly #session = new FollowerSession();
  readonly #followed = new Map<string, Followed>();
  #running = false;
  #closed = false;
  #wakeTimer: TimerHandle | null = null;
  #wake: (() => void) | null = null;

  constructor(options: ReplicaFetcherOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#followed.size;
  }

  follow(partition: Partition): void {
    const key = followedKey(partition);
    const known = this.#followed.get(key);
    if (known?.partition === partition && known.leaderEpoch === partition.leaderEpoch) return;
    this.#followed.set(key, { partition, leaderEpoch: partition.leaderEpoch, notBeforeMs: 0 });
    this.#wakeUp();
    if (!this.#running) this.#start();
  }

  unfollow(partition: Partition): void {
    const key = followedKey(partition);
    if (this.#followed.get(key)?.partition === partition) this.#followed.delete(key);
  }

  close(): void {
    this.#closed = true;
    this.#followed.clear();
    this.#options.client.close();
    this.#wakeUp();
  }

  #start(): void {
    this.#running = true;
    // The loop catches what can be expected; what is left is a broken invariant.
    this.#run().then(
      () => {
        this.#running = false;
      },
      (error: unknown) => {
        this.#running = false;
        this.#options.logger.error('a replica fetcher stopped', { leaderId: this.#options.leaderId, error });
        throw error;
      },
    );
  }

  async #run(): Promise<void> {
    // Partitions that are followed in the same turn of the event loop share the first request.
    await Promise.resolve();
    while (!this.#closed && this.#followed.size > 0) {
      const asked = this.#ready();
      if (asked.size === 0) await this.#sleep(this.#nextMs());
      else if (!(await this.#fetch(asked))) await this.#sleep(this.#options.settings.backoffMs);
    }
  }

  #ready(): Map<string, Followed> {
    const nowMs = this.#options.clock.monotonicMs();
    const ready = new Map<string, Followed>();
    for (const [key, followed] of this.#followed) {
      if (followed.notBeforeMs > nowMs || !isCurrent(followed) || followed.partition.busy !== null) continue;
      if (!isWritten(followed.partition)) continue;
      if (!this.#isInSync(followed.partition) && this.#options.throttle.isHeldBack(followed.partition)) continue;
      ready.set(key, followed);
    }
    return ready;
  }

  #isInSync(partition: Partition): boolean {
    return partition.state.isr.includes(this.#options.brokerId);
  }

  #nextMs(): number {
    const nowMs = this.#options.clock.monotonicMs();
    let nextMs = THROTTLED_MS;
    for (const { notBeforeMs } of this.#followed.values()) {
      if (notBeforeMs > nowMs) nextMs = Math.min(nextMs, notBeforeMs - nowMs);
    }
    return nextMs;
  }

  #sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#wakeTimer = this.#options.timer.schedule(delayMs, () => this.#wakeUp());
    });
  }

  #wakeUp(): void {
    this.#wakeTimer?.cancel();
    this.#wakeTimer = null;
    this.#wake?.();
    this.#wake = null;
  }

  /** False: the leader cannot be asked now. */
  async #fetch(asked: ReadonlyMap<string, Followed>): Promise<boolean> {
    const positions = new Map<string, FollowedPosition>();
    for (const [key, { partition, leaderEpoch }] of asked) positions.set(key, positionOf(partition, leaderEpoch));
    const fetch = this.#session.next(positions);
    let answer: FetchResponse;
    try {
      const { body } = await this.#options.client.send(
        { request: fetchRequest, response: fetchResponse },
        {
          versions: { min: FETCH_VERSION_MIN, max: 18 },
          body: (apiVersion) => this.#request(fetch, apiVersion),
        },
      );
      answer = body;
    } catch (error) {
      this.#session.failed();
      if (!this.#closed) {
        const { leaderId, logger } = this.#options;
        logger.info('a leader cannot be fetched from', { leaderId, error: String(error) });
      }
      return false;
    }
    if (this.#closed) return true;
    const error = errorName(answer.errorCode);
    if (error !== 'NONE') {
      const sessionLost = error === 'FETCH_SESSION_ID_NOT_FOUND' || error === 'INVALID_FETCH_SESSION_EPOCH';
      if (sessionLost || error === 'FETCH_SESSION_TOPIC_ID_ERROR') this.#session.unknown();
      else this.#session.failed();
      return sessionLost;
    }
    this.#session.answered(answer.sessionId);
    await this.#take(asked, positions, answer);
    return true;
  }

  #request(fetch: SessionFetch, apiVersion: number): InputOf<typeof fetchRequest> {
    const { brokerId, brokerEpoch, settings } = this.#options;
    return {
      ...(apiVersion >= FIRST_VERSION_WITH_REPLICA_STATE
        ? { replicaState: { replicaId: brokerId, replicaEpoch: brokerEpoch() } }
        : { replicaId: brokerId }),
      maxWaitMs: settings.waitMaxMs,
      minBytes: settings.minBytes,
      maxBytes: settings.responseBytesMax,
      sessionId: fetch.sessionId,
      sessionEpoch: fetch.sessionEpoch,
      topics: byTopic(fetch.positions).map(([topicId, partitions]) => ({
        topicId,
        partitions: partitions.map((position) => ({
          partition: position.partition,
          currentLeaderEpoch: position.currentLeaderEpoch,
          fetchOffset: position.fetchOffset,
          lastFetchedEpoch: position.lastFetchedEpoch,
          logStartOffset: position.logStartOffset,
          partitionMaxBytes: settings.partitionBytesMax,
        })),
      })),
      forgottenTopicsData: byTopic(fetch.forgotten).map(([topicId, partitions]) => ({
        topicId,
        partitions: partitions.map(({ partition }) => partition),
      })),
    };
  }

  async #take(
    asked: ReadonlyMap<string, Followed>,
    positions: ReadonlyMap<string, FollowedPosition>,
    answer: FetchResponse,
  ): Promise<void> {
    const works: Promise<void>[] = [];
    for (const { topicId, partitions } of answer.responses) {
      for (const data of partitions) {
        const key = followedKey({ topicId, partition: data.partitionIndex });
        const followed = asked.get(key);
        const position = positions.get(key);
        if (followed === undefined || position === undefined || this.#followed.get(key) !== followed) continue;
        const { partition } = followed;
        if (!isCurrent(followed) || partition.log.logEndOffset !== position.fetchOffset) continue;
        const work = this.#takePartition(followed, data);
        if (work !== null) works.push(work);
      }
    }
    // The next fetch tells where the logs end, and the leader counts on it.
    if (works.length > 0) await Promise.all(works);
  }

  #takePartition(followed: Followed, data: AnsweredPartition): Promise<void> | null {
    const { partition } = followed;
    const error = errorName(data.errorCode);
    if (error === 'OFFSET_OUT_OF_RANGE') return this.#outOfRange(followed);
    if (error !== 'NONE') {
      this.#leaveOut(followed, error);
      return null;
    }
    if (data.divergingEpoch.epoch >= 0) {
      return this.#cut(followed, partition.truncateTo(partingOffset(partition, data.divergingEpoch)));
    }
    const { records } = data;
    let written: Promise<void> | null = null;
    if (records !== null && records.length > 0) {
      const appended = partition.appendAsFollower(records);
      if (appended.kind === 'failed') {
        this.#options.logger.warn('what the leader sent cannot be appended', { ...nameOf(partition), ...appended });
        this.#leaveOut(followed, appended.error);
        return null;
      }
      this.#options.throttle.copied(partition, records.length);
      if (appended.kind === 'appended') written = this.#written(followed, appended);
    }
    partition.leaderOffsets({ highWatermark: data.highWatermark, logStartOffset: data.logStartOffset });
    return written;
  }

  /**
   * What a fetch says it has counts as replicated, and must outlive this process: the file has it first. Where the disk is full the other
   * partitions go on without this one.
   */
  #written(followed: Followed, { lastOffset, written }: Appended): Promise<void> {
    return new Promise((resolve) => {
      const waiter = {
        requiredOffset: lastOffset + 1,
        reached: (error: ErrorName): void => {
          // It may still be on its way to the disk, where the topic wants that.
          if (error === 'NONE') return;
          this.#leaveOut(followed, error);
          resolve();
        },
      };
      followed.partition.awaitWritten(waiter);
      const settled = (): void => {
        followed.partition.forgetAppendWaiter(waiter);
        resolve();
      };
      written.then(settled, settled);
    });
  }

  /** The leader lost records in an unclean election, or has removed more than this log has. */
  async #outOfRange(followed: Followed): Promise<void> {
    const { partition } = followed;
    const end = await this.#leaderOffset(followed, latestTimestamp);
    if (typeof end === 'string') return this.#leaveOut(followed, end);
    if (!isCurrent(followed)) return;
    if (end < partition.log.logEndOffset) {
      this.#options.logger.warn('the leader has less than this replica, which is cut', { ...nameOf(partition), end });
      return this.#cut(followed, partition.truncateTo(end));
    }
    const start = await this.#leaderOffset(followed, earliestTimestamp);
    if (typeof start === 'string') return this.#leaveOut(followed, start);
    if (!isCurrent(followed)) return;
    if (start > partition.log.logEndOffset) return this.#cut(followed, partition.startAnewAt(start));
  }

  async #leaderOffset({ partition, leaderEpoch }: Followed, timestamp: number): Promise<Offset | ErrorName> {
    const { client, brokerId } = this.#options;
    const { topic, partition: index } = partition;
    try {
      const { body } = await client.send(
        { request: listOffsetsRequest, response: listOffsetsResponse },
        {
          body: {
            replicaId: brokerId,
            topics: [
              {
                name: topic,
                partitions: [{ partitionIndex: index, currentLeaderEpoch: leaderEpoch, timestamp }],
              },
            ],
          },
        },
      );
      const answered = body.topics[0]?.partitions[0];
      if (answered === undefined) return 'UNKNOWN_SERVER_ERROR';
      return answered.errorCode === 0 ? answered.offset : errorName(answered.errorCode);
    } catch {
      return 'NETWORK_EXCEPTION';
    }
  }

  async #cut(followed: Followed, cut: Promise<void>): Promise<void> {
    try {
      await cut;
      this.#options.logger.info('a replica was cut to agree with its leader', {
        ...nameOf(followed.partition),
        logEndOffset: followed.partition.log.logEndOffset,
      });
    } catch (error) {
      this.#options.storageFailed(error);
    }
  }

  #leaveOut(followed: Followed, error: ErrorName): void {
    followed.notBeforeMs = this.#options.clock.monotonicMs() + this.#options.settings.backoffMs;
    const { logger, leaderId } = this.#options;
    logger.debug('a partition cannot be fetched now', { ...nameOf(followed.partition), leaderId, error });
  }
}

/** The partition still follows in the leader epoch that it was given here with. */
function isCurrent({ partition, leaderEpoch }: Followed): boolean {
  return !partition.isLeader && partition.leaderEpoch === leaderEpoch;
}

function isWritten({ log }: Partition): boolean {
  return log.writtenEndOffset >= log.logEndOffset;
}

function positionOf(partition: Partition, currentLeaderEpoch: LeaderEpoch): FollowedPosition {
  const { topic, topicId, partition: index, log } = partition;
  return {
    topic,
    topicId,
    partition: index,
    currentLeaderEpoch,
    fetchOffset: log.logEndOffset,
    lastFetchedEpoch: log.latestEpoch,
    logStartOffset: log.logStartOffset,
  };
}

/**
 * The leader's log has `diverging.epoch` as its last one at or below ours, up to `endOffset`. What this log has beyond is cut;
 * if this log has not that epoch either, the next answer leads further back.
 */
function partingOffset(
  { log }: Partition,
  diverging: { readonly epoch: LeaderEpoch; readonly endOffset: Offset },
): Offset {
  const own = log.endOffsetForEpoch(diverging.epoch);
  if (own === null) return Math.min(diverging.endOffset, log.logEndOffset);
  if (own.leaderEpoch !== diverging.epoch) return Math.min(own.endOffset, log.logEndOffset);
  return Math.min(own.endOffset, diverging.endOffset, log.logEndOffset);
}

function nameOf({ topic, partition }: Partition): { readonly topic: string; readonly partition: number } {
  return { topic, partition };
}

function byTopic(positions: readonly FollowedPosition[]): [string, FollowedPosition[]][] {
  const topics = new Map<string, FollowedPosition[]>();
  for (const position of positions) {
    const partitions = topics.get(position.topicId);
    if (partitions === undefined) topics.set(position.topicId, [position]);
    else partitions.push(position);
  }
  return [...topics];
}
