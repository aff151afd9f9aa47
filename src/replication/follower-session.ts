/**
 * The follower's half of a fetch session (KIP-227): names all partitions once, then only what has changed. `fetch-session.ts`
 * is the leader's half.
 *
 *   full (epoch 0) --answer with a session--> incremental (epoch 1, 2 …) --anything wrong--> full, which ends the old session
 */
import type { LeaderEpoch, Offset } from '../base/flavor.ts';
import type { Uuid } from '../base/uuid.ts';
import { initialSessionEpoch, nextSessionEpoch, noSessionId } from './fetch-session.ts';

/** What is asked of one partition. */
export interface FollowedPosition {
  readonly topic: string;
  readonly topicId: Uuid;
  readonly partition: number;
  readonly currentLeaderEpoch: LeaderEpoch;
  readonly fetchOffset: Offset;
  /** Of the last record of this log; -1 when it has none. */
  readonly lastFetchedEpoch: LeaderEpoch;
  readonly logStartOffset: Offset;
}

export interface SessionFetch {
  readonly sessionId: number;
  readonly sessionEpoch: number;
  readonly positions: readonly FollowedPosition[];
  readonly forgotten: readonly FollowedPosition[];
}

export class FollowerSession {
  #sessionId = noSessionId;
  #sessionEpoch = initialSessionEpoch;
  #known = new Map<string, FollowedPosition>();

  /** `positions`: everything that is to be fetched now, by `followedKey`. */
  next(positions: ReadonlyMap<string, FollowedPosition>): SessionFetch {
    const { sessionId, sessionEpoch } = { sessionId: this.#sessionId, sessionEpoch: this.#sessionEpoch };
    const full = sessionEpoch === initialSessionEpoch;
    const changed: FollowedPosition[] = [];
    for (const [key, position] of positions) {
      if (full || !samePosition(this.#known.get(key), position)) changed.push(position);
    }
    const forgotten: FollowedPosition[] = [];
    if (!full) for (const [key, position] of this.#known) if (!positions.has(key)) forgotten.push(position);
    this.#known = new Map(positions);
    return { sessionId, sessionEpoch, positions: changed, forgotten };
  }

  answered(sessionId: number): void {
    this.#sessionId = sessionId;
    // A leader whose sessions are all taken gives none; each request then names everything.
    this.#sessionEpoch = sessionId === noSessionId ? initialSessionEpoch : nextSessionEpoch(this.#sessionEpoch);
  }

  /** Nobody knows what the leader has understood. */
  failed(): void {
    this.#sessionEpoch = initialSessionEpoch;
  }

  /** The leader does not know the session. */
  unknown(): void {
    this.#sessionId = noSessionId;
    this.#sessionEpoch = initialSessionEpoch;
  }
}

export function followedKey({ topicId, partition }: { readonly topicId: Uuid; readonly partition: number }): string {
  return `${topicId}:${partition}`;
}

function samePosition(known: FollowedPosition | undefined, position: FollowedPosition): boolean {
  return (
    known !== undefined &&
    known.currentLeaderEpoch === position.currentLeaderEpoch &&
    known.fetchOffset === position.fetchOffset &&
    known.lastFetchedEpoch === position.lastFetchedEpoch &&
    known.logStartOffset === position.logStartOffset
  );
}
