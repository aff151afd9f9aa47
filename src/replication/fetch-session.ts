/**
 * Fetch sessions (KIP-227): a client names its partitions once, then sends only what changed and gets only what changed.
 *
 *   full request (session epoch 0)  -> answer with all partitions, and a new session unless the cache is full
 *   incremental (epoch n = 1, 2 …)  -> the session's partitions, changed as the request says; answer: partitions with news
 *   epoch -1                        -> closes the session; answer without one
 *
 * Invariant: a session's epoch is the one that the next request must carry, so that a repeated or lost request shows.
 * Rotation: a partition that gave data goes to the end, so that none starves behind others when the size limit bites.
 */
import type { LeaderEpoch, Offset } from '../base/flavor.ts';
import { type Uuid, ZERO_UUID } from '../base/uuid.ts';
import type { ErrorName } from '../wire/errors.ts';
import { type FetchPartition, type FetchResult, noPreferredReplica } from './fetch-records.ts';

export const noSessionId = 0;
export const initialSessionEpoch = 0;
export const finalSessionEpoch = -1;

export function nextSessionEpoch(sessionEpoch: number): number {
  if (sessionEpoch < 0) return finalSessionEpoch;
  return sessionEpoch === 0x7fffffff ? 1 : sessionEpoch + 1;
}

/** The topic's name is '' as long as its id is not known. */
export type RequestedPartition = FetchPartition;

/** Identity of a partition in requests by name and by id. */
export function partitionKey(partition: { topic: string; topicId: Uuid; partition: number }): string {
  return partition.topicId === ZERO_UUID
    ? `${partition.partition}/${partition.topic}`
    : `${partition.partition}:${partition.topicId}`;
}

/** What a session remembers of one partition: the client's last wish, and what it was last told. */
export class SessionPartition implements RequestedPartition {
  topic: string;
  readonly topicId: Uuid;
  readonly partition: number;
  fetchOffset: Offset;
  partitionMaxBytes: number;
  currentLeaderEpoch: LeaderEpoch;
  lastFetchedEpoch: LeaderEpoch;
  fetcherLogStartOffset: Offset;
  #highWatermark: Offset = -1;
  #logStartOffset: Offset = -1;

  constructor(requested: RequestedPartition) {
    this.topic = requested.topic;
    this.topicId = requested.topicId;
    this.partition = requested.partition;
    this.fetchOffset = requested.fetchOffset;
    this.partitionMaxBytes = requested.partitionMaxBytes;
    this.currentLeaderEpoch = requested.currentLeaderEpoch;
    this.lastFetchedEpoch = requested.lastFetchedEpoch;
    this.fetcherLogStartOffset = requested.fetcherLogStartOffset;
  }

  update(requested: RequestedPartition): void {
    this.fetchOffset = requested.fetchOffset;
    this.partitionMaxBytes = requested.partitionMaxBytes;
    this.currentLeaderEpoch = requested.currentLeaderEpoch;
    this.lastFetchedEpoch = requested.lastFetchedEpoch;
    this.fetcherLogStartOffset = requested.fetcherLogStartOffset;
  }

  /** Remembers what the client is told; false when it knows all of it. */
  updateTold(result: FetchResult): boolean {
    const news =
      result.records.length > 0 ||
      result.error !== 'NONE' ||
      result.divergingEpoch !== null ||
      result.preferredReadReplica !== noPreferredReplica ||
      this.#highWatermark !== result.highWatermark ||
      this.#logStartOffset !== result.logStartOffset;
    // With an error remembered as an impossible offset, the end of the error is news again.
    this.#highWatermark = result.error === 'NONE' ? result.highWatermark : -1;
    this.#logStartOffset = result.logStartOffset;
    return news;
  }
}

export class FetchSession {
  readonly sessionId: number;
  /** Followers of this cluster may push consumers' sessions out of the cache. */
  readonly privileged: boolean;
  readonly usesTopicIds: boolean;
  readonly createdMs: number;
  /** The epoch that the next request must carry. */
  sessionEpoch = nextSessionEpoch(initialSessionEpoch);
  lastUsedMs: number;
  /** The number of partitions when the session was last used; its rank when room is needed. */
  rankedSize = 0;
  evictableByAll = false;
  evictableByPrivileged = false;
  readonly #partitions = new Map<string, SessionPartition>();
  #ordered: SessionPartition[] | null = null;

  constructor(options: { sessionId: number; privileged: boolean; usesTopicIds: boolean; nowMs: number }) {
    this.sessionId = options.sessionId;
    this.privileged = options.privileged;
    this.usesTopicIds = options.usesTopicIds;
    this.createdMs = options.nowMs;
    this.lastUsedMs = options.nowMs;
  }

  get size(): number {
    return this.#partitions.size;
  }

  /** In the order in which they are to be read. */
  get partitions(): readonly SessionPartition[] {
    this.#ordered ??= [...this.#partitions.values()];
    return this.#ordered;
  }

  addOrUpdate(requested: RequestedPartition): SessionPartition {
    const key = partitionKey(requested);
    const known = this.#partitions.get(key);
    if (known !== undefined) {
      known.update(requested);
      return known;
    }
    const added = new SessionPartition(requested);
    this.#partitions.set(key, added);
    this.#ordered = null;
    return added;
  }

  forget(partition: { topic: string; topicId: Uuid; partition: number }): void {
    if (this.#partitions.delete(partitionKey(partition))) this.#ordered = null;
  }

  /** Keeps what the client does not know yet, and moves partitions that gave data to the end. */
  tell(results: readonly FetchResult[]): FetchResult[] {
    const news: FetchResult[] = [];
    for (const result of results) {
      const key = partitionKey(result.request);
      const partition = this.#partitions.get(key);
      if (partition === undefined || !partition.updateTold(result)) continue;
      news.push(result);
      if (result.records.length > 0 && this.#partitions.size > 1) {
        this.#partitions.delete(key);
        this.#partitions.set(key, partition);
        this.#ordered = null;
      }
    }
    return news;
  }
}

/** What a request turned out to be; `answer` is called once, when its partitions have been read. */
export interface FetchContext {
  /** NONE, or why there is no session to work with; then `partitions` is empty. */
  readonly error: ErrorName;
  readonly partitions: readonly RequestedPartition[];
  answer(results: readonly FetchResult[], nowMs: number): FetchAnswer;
  /** Instead of `answer`, for a client that has to wait (KIP-219): nothing, and the session stays as it is. */
  throttled(): FetchAnswer;
}

export interface FetchAnswer {
  readonly error: ErrorName;
  readonly sessionId: number;
  readonly results: readonly FetchResult[];
}
