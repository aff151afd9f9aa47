/**
 * Who has been heard of lately. This is not in the metadata log: a new active controller gives every broker a full session,
 * because it cannot know when its predecessor last heard of it.
 */
import type { BrokerEpoch, Offset } from '../base/flavor.ts';
import type { BrokerImage } from '../metadata/metadata-image.ts';

interface Session {
  readonly brokerEpoch: BrokerEpoch;
  contactMs: number;
  /** Of the broker's image, inclusive; -1 before it said so. */
  metadataOffset: Offset;
  /** Where others must have read to, so that they know its partitions have moved; null unless it shuts down. */
  shutdownOffset: Offset | null;
}

export class BrokerSessions {
  readonly #timeoutMs: number;
  readonly #sessions = new Map<number, Session>();

  /** `broker.session.timeout.ms` */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** As if each had just been heard of: this controller has become active, or has itself been away. */
  restart(brokers: Iterable<BrokerImage>, nowMs: number): void {
    const known = new Set<number>();
    for (const { brokerId, brokerEpoch, fenced } of brokers) {
      if (fenced) continue;
      known.add(brokerId);
      this.touch({ brokerId, brokerEpoch }, nowMs);
    }
    for (const brokerId of this.#sessions.keys()) if (!known.has(brokerId)) this.#sessions.delete(brokerId);
  }

  touch(
    { brokerId, brokerEpoch }: { readonly brokerId: number; readonly brokerEpoch: BrokerEpoch },
    nowMs: number,
    metadataOffset?: Offset,
  ): void {
    const session = this.#sessions.get(brokerId);
    if (session?.brokerEpoch === brokerEpoch) {
      session.contactMs = nowMs;
      if (metadataOffset !== undefined) session.metadataOffset = metadataOffset;
    } else {
      const started = { brokerEpoch, contactMs: nowMs, metadataOffset: metadataOffset ?? -1, shutdownOffset: null };
      this.#sessions.set(brokerId, started);
    }
  }

  end(brokerId: number): void {
    this.#sessions.delete(brokerId);
  }

  /** This run of the broker is over; a later one has a session of its own. */
  endRun({ brokerId, brokerEpoch }: { readonly brokerId: number; readonly brokerEpoch: BrokerEpoch }): void {
    if (this.#sessions.get(brokerId)?.brokerEpoch === brokerEpoch) this.#sessions.delete(brokerId);
  }

  isValid(brokerId: number, nowMs: number): boolean {
    const session = this.#sessions.get(brokerId);
    return session !== undefined && nowMs - session.contactMs <= this.#timeoutMs;
  }

  /** The partitions of a broker that shuts down have been moved by records up to `offset`. The first call counts. */
  shutsDown(brokerId: number, offset: Offset): void {
    const session = this.#sessions.get(brokerId);
    if (session !== undefined) session.shutdownOffset ??= offset;
  }

  /** Whether every active broker knows that the partitions of this one have moved. */
  othersKnowOfShutdown(brokerId: number, isActive: (brokerId: number) => boolean): boolean {
    const offset = this.#sessions.get(brokerId)?.shutdownOffset ?? null;
    if (offset === null) return false;
    for (const [other, session] of this.#sessions) {
      if (other !== brokerId && isActive(other) && session.metadataOffset < offset) return false;
    }
    return true;
  }
}
