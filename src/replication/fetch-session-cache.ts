/**
 * The fetch sessions of a broker and which of them has to go when there are too many (KIP-227).
 *
 * A new session finds room when the cache is not full; else when the session that was unused longest is older than
 * `evictionMs`; else when an old enough session is not more valuable: followers before consumers, many partitions before
 * few. A session that finds no room is not an error: the client goes on with full requests.
 */
import type { Random } from '../base/random.ts';
import type { ErrorName } from '../wire/errors.ts';
import {
  type FetchAnswer,
  type FetchContext,
  FetchSession,
  finalSessionEpoch,
  initialSessionEpoch,
  nextSessionEpoch,
  noSessionId,
  type RequestedPartition,
} from './fetch-session.ts';

export interface FetchSessionCacheOptions {
  readonly random: Random;
  /** `max.incremental.fetch.session.cache.slots`; 0 turns sessions off. */
  readonly sessionsMax: number;
  /** `min.incremental.fetch.session.eviction.ms`, Kafka's constant of two minutes. */
  readonly evictionMs: number;
}

export interface SessionRequest {
  readonly sessionId: number;
  readonly sessionEpoch: number;
  readonly fromFollower: boolean;
  readonly usesTopicIds: boolean;
  readonly partitions: readonly RequestedPartition[];
  readonly forgotten: readonly Pick<RequestedPartition, 'topic' | 'topicId' | 'partition'>[];
  readonly nowMs: number;
}

export class FetchSessionCache {
  readonly #options: FetchSessionCacheOptions;
  /** Least recently used first. */
  readonly #sessions = new Map<number, FetchSession>();

  constructor(options: FetchSessionCacheOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Finds out what a request means for its session. */
  begin(request: SessionRequest): FetchContext {
    const { sessionId, sessionEpoch } = request;
    if (sessionEpoch === initialSessionEpoch || sessionEpoch === finalSessionEpoch) {
      if (sessionId !== noSessionId) this.#sessions.delete(sessionId);
      return sessionEpoch === finalSessionEpoch ? withoutSession(request.partitions) : this.#fullContext(request);
    }
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return failedContext('FETCH_SESSION_ID_NOT_FOUND');
    if (session.sessionEpoch !== sessionEpoch) return failedContext('INVALID_FETCH_SESSION_EPOCH');
    if (session.usesTopicIds !== request.usesTopicIds) return failedContext('FETCH_SESSION_TOPIC_ID_ERROR');
    for (const partition of request.partitions) session.addOrUpdate(partition);
    for (const partition of request.forgotten) session.forget(partition);
    if (session.size === 0) {
      this.#sessions.delete(sessionId);
      return withoutSession([]);
    }
    this.#touch(session, request.nowMs);
    session.sessionEpoch = nextSessionEpoch(session.sessionEpoch);
    return incrementalContext(session);
  }

  #fullContext(request: SessionRequest): FetchContext {
    return {
      error: 'NONE',
      partitions: request.partitions,
      answer: (results, nowMs) => {
        const session = this.#maybeCreate(request, results.length, nowMs);
        if (session === null) return { error: 'NONE', sessionId: noSessionId, results };
        for (const partition of request.partitions) session.addOrUpdate(partition);
        session.tell(results);
        this.#touch(session, nowMs);
        return { error: 'NONE', sessionId: session.sessionId, results };
      },
      throttled: () => nothingWithoutSession,
    };
  }

  #maybeCreate(request: SessionRequest, size: number, nowMs: number): FetchSession | null {
    if (this.#options.sessionsMax <= 0) return null;
    if (this.#sessions.size >= this.#options.sessionsMax && !this.#tryEvict(request.fromFollower, size, nowMs)) {
      return null;
    }
    let sessionId: number;
    do sessionId = 1 + this.#options.random.nextInt(0x7fffffff - 1);
    while (this.#sessions.has(sessionId));
    const session = new FetchSession({
      sessionId,
      privileged: request.fromFollower,
      usesTopicIds: request.usesTopicIds,
      nowMs,
    });
    this.#sessions.set(sessionId, session);
    return session;
  }

  #tryEvict(privileged: boolean, size: number, nowMs: number): boolean {
    const [oldest] = this.#sessions.values();
    if (oldest === undefined) return false;
    if (nowMs - oldest.lastUsedMs > this.#options.evictionMs) return this.#sessions.delete(oldest.sessionId);
    let least: FetchSession | null = null;
    for (const session of this.#sessions.values()) {
      const evictable = privileged ? session.evictableByPrivileged : session.evictableByAll;
      if (evictable && (least === null || isLessValuable(session, least))) least = session;
    }
    if (least === null || isLessValuable({ privileged, rankedSize: size, sessionId: 0 }, least)) return false;
    return this.#sessions.delete(least.sessionId);
  }

  #touch(session: FetchSession, nowMs: number): void {
    this.#sessions.delete(session.sessionId);
    this.#sessions.set(session.sessionId, session);
    session.lastUsedMs = nowMs;
    session.rankedSize = session.size;
    const oldEnough = nowMs - session.createdMs > this.#options.evictionMs;
    session.evictableByAll = oldEnough;
    session.evictableByPrivileged = oldEnough || !session.privileged;
  }
}

type Rank = Pick<FetchSession, 'privileged' | 'rankedSize' | 'sessionId'>;

function isLessValuable(one: Rank, other: Rank): boolean {
  if (one.privileged !== other.privileged) return other.privileged;
  if (one.rankedSize !== other.rankedSize) return one.rankedSize < other.rankedSize;
  return one.sessionId < other.sessionId;
}

const nothingWithoutSession: FetchAnswer = { error: 'NONE', sessionId: noSessionId, results: [] };

function failedContext(error: ErrorName): FetchContext {
  const failed: FetchAnswer = { error, sessionId: noSessionId, results: [] };
  return { error, partitions: [], answer: () => failed, throttled: () => failed };
}

function withoutSession(partitions: readonly RequestedPartition[]): FetchContext {
  return {
    error: 'NONE',
    partitions,
    answer: (results) => ({ error: 'NONE', sessionId: noSessionId, results }),
    throttled: () => nothingWithoutSession,
  };
}

function incrementalContext(session: FetchSession): FetchContext {
  const expectedEpoch = session.sessionEpoch;
  const answer = (results: () => FetchAnswer['results']): FetchAnswer => {
    // Another connection used the session meanwhile: one of the two is a repetition.
    if (session.sessionEpoch !== expectedEpoch) {
      return { error: 'INVALID_FETCH_SESSION_EPOCH', sessionId: session.sessionId, results: [] };
    }
    return { error: 'NONE', sessionId: session.sessionId, results: results() };
  };
  return {
    error: 'NONE',
    partitions: session.partitions,
    answer: (results) => answer(() => session.tell(results)),
    throttled: () => answer(() => []),
  };
}
