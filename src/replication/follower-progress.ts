/**
 * What the leader knows of one follower, from its fetches (Kafka's Replica).
 *
 * A follower is caught up at the time of a fetch that begins where the log ended then; and at the time of the fetch before
 * when it has now read up to where the log ended at that one. So a follower that always reads all there is counts as caught
 * up although the log has grown meanwhile.
 */
import type { BrokerEpoch, Offset } from '../base/flavor.ts';

export interface FollowerFetch {
  readonly replicaId: number;
  /** -1: not told, before Fetch v15. */
  readonly brokerEpoch: BrokerEpoch;
  readonly fetchOffset: Offset;
  readonly logStartOffset: Offset;
}

const NEVER = Number.NEGATIVE_INFINITY;

export class FollowerProgress {
  /** Exclusive: it has everything below; -1 before it was heard of in this leader epoch. */
  logEndOffset: Offset = -1;
  logStartOffset: Offset = -1;
  brokerEpoch: BrokerEpoch = -1;
  #lastCaughtUpMs: number;
  #lastFetchMs = NEVER;
  #lastFetchLeaderEndOffset: Offset = 0;

  /** `inSync`: it gets the benefit of the doubt, as it was when the leader changed. */
  constructor(options: { readonly inSync: boolean; readonly nowMs: number }) {
    this.#lastCaughtUpMs = options.inSync ? options.nowMs : NEVER;
  }

  fetched(fetch: FollowerFetch, leaderEndOffset: Offset, nowMs: number): void {
    if (fetch.fetchOffset >= leaderEndOffset) this.#lastCaughtUpMs = Math.max(this.#lastCaughtUpMs, nowMs);
    else if (fetch.fetchOffset >= this.#lastFetchLeaderEndOffset) {
      this.#lastCaughtUpMs = Math.max(this.#lastCaughtUpMs, this.#lastFetchMs);
    }
    this.logEndOffset = fetch.fetchOffset;
    this.logStartOffset = fetch.logStartOffset;
    this.brokerEpoch = fetch.brokerEpoch;
    this.#lastFetchMs = nowMs;
    this.#lastFetchLeaderEndOffset = leaderEndOffset;
  }

  isCaughtUp(leaderEndOffset: Offset, nowMs: number, lagTimeMaxMs: number): boolean {
    return this.logEndOffset === leaderEndOffset || nowMs - this.#lastCaughtUpMs <= lagTimeMaxMs;
  }
}
