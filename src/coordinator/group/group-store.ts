/**
 * Which groups exist, as the log says: the replayed part of the state, readable at past offsets.
 *
 * A classic group exists by its GroupMetadata record, or by the offsets committed for it ("simple" group: no members, no
 * protocol type). KIP-848 groups keep all their state here (consumer-group.ts). Groups of other kinds are known by their
 * own records, which are kept as bytes: their kind and how many members they have, so that a classic request cannot take
 * them over and nothing is lost.
 */
import type { Offset } from '../../base/flavor.ts';
import { type SnapshotRegistry, TimelineMap } from '../../base/timeline-map.ts';
import { ConsumerGroup } from './consumer-group.ts';
import type { ConsumerGroupRecord } from './consumer-group-records.ts';
import type { GroupMetadataRecord, GroupRecord, OtherGroupRecord } from './group-records.ts';

export interface PersistedMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly rebalanceTimeoutMs: number;
  readonly sessionTimeoutMs: number;
  readonly subscription: Buffer;
  readonly assignment: Buffer;
}

export interface PersistedClassicGroup {
  readonly kind: 'classic';
  readonly protocolType: string | null;
  readonly generationId: number;
  readonly protocolName: string | null;
  readonly leader: string | null;
  readonly currentStateTimestampMs: number | null;
  readonly members: readonly PersistedMember[];
}

export type OtherGroupKind = 'share' | 'streams';

export interface PersistedOtherGroup {
  readonly kind: OtherGroupKind;
  readonly memberCount: number;
}

export type PersistedGroup = PersistedClassicGroup | ConsumerGroup | PersistedOtherGroup;

const SIMPLE_GROUP: PersistedClassicGroup = {
  kind: 'classic',
  protocolType: null,
  generationId: 0,
  protocolName: null,
  leader: null,
  currentStateTimestampMs: null,
  members: [],
};

/** Record types that make a group and a member of it known; the order in which Kafka wants a group's tombstones. */
const otherKinds: Record<
  OtherGroupKind,
  { readonly groupType: number; readonly memberType: number; readonly tombstoneOrder: readonly number[] }
> = {
  share: { groupType: 11, memberType: 10, tombstoneOrder: [14, 13, 12, 10, 15, 11] },
  streams: { groupType: 17, memberType: 19, tombstoneOrder: [22, 21, 20, 19, 23, 17] },
};

function otherKindOf(recordType: number): OtherGroupKind | null {
  for (const kind of ['share', 'streams'] as const) {
    if (otherKinds[kind].tombstoneOrder.includes(recordType)) return kind;
  }
  return null;
}

export class GroupStore {
  readonly #registry: SnapshotRegistry;
  readonly #groups: TimelineMap<string, PersistedGroup>;
  /** Records of other kinds by the text of their key's bytes. */
  readonly #others: TimelineMap<string, OtherGroupRecord>;

  constructor(registry: SnapshotRegistry) {
    this.#registry = registry;
    this.#groups = new TimelineMap(registry);
    this.#others = new TimelineMap(registry);
  }

  get(groupId: string, atOffset?: Offset): PersistedGroup | undefined {
    return this.#groups.get(groupId, atOffset);
  }

  groupIds(): readonly string[] {
    return [...this.#groups.keys()];
  }

  entries(atOffset?: Offset): IterableIterator<[string, PersistedGroup]> {
    return this.#groups.entries(atOffset);
  }

  /** Records of kinds that are not understood, as they came. */
  otherRecords(): readonly OtherGroupRecord[] {
    return [...this.#others.values()];
  }

  /** Committing an offset makes a group out of nothing. */
  replayOffsetOf(groupId: string): void {
    if (!this.#groups.has(groupId)) this.#groups.set(groupId, SIMPLE_GROUP);
  }

  replayGroupMetadata(record: GroupMetadataRecord): void {
    const { groupId, value } = record;
    if (value === null) {
      // A group that went over to KIP-848 has this tombstone before its new records.
      if (this.#groups.get(groupId)?.kind === 'classic') this.#groups.delete(groupId);
      return;
    }
    this.#groups.set(groupId, {
      kind: 'classic',
      protocolType: value.protocolType === '' ? null : value.protocolType,
      generationId: value.generation,
      protocolName: value.protocol,
      leader: value.leader,
      currentStateTimestampMs: value.currentStateTimestamp === -1 ? null : value.currentStateTimestamp,
      // The bytes may be views into a large buffer.
      members: value.members.map((member) => ({
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        // Records before version 1 have no rebalance timeout.
        rebalanceTimeoutMs: member.rebalanceTimeout === -1 ? member.sessionTimeout : member.rebalanceTimeout,
        sessionTimeoutMs: member.sessionTimeout,
        subscription: Buffer.from(member.subscription),
        assignment: Buffer.from(member.assignment),
      })),
    });
  }

  replayConsumer(record: ConsumerGroupRecord): void {
    const { groupId } = record;
    let group = this.#groups.get(groupId);
    if (record.kind === 'consumerEpoch' && record.value === null) {
      if (group?.kind === 'consumer') this.#groups.delete(groupId);
      return;
    }
    if (group?.kind !== 'consumer') {
      // A tombstone of what is not known here ends nothing. A real classic group does not give way, a simple one does:
      // an offset that stood earlier in the log made it.
      if (record.value === null || (group !== undefined && !isSimple(group))) return;
      group = new ConsumerGroup(groupId, this.#registry);
      this.#groups.set(groupId, group);
    }
    group.replay(record);
  }

  replayOther(record: OtherGroupRecord): void {
    const key = record.key.toString('latin1');
    const known = this.#others.has(key);
    if (record.value === null) this.#others.delete(key);
    else this.#others.set(key, record);

    const kind = otherKindOf(record.type);
    if (kind === null || record.groupId === null) return;
    const group = this.#groups.get(record.groupId);
    const mine = group?.kind === kind ? group : null;
    const { groupType, memberType } = otherKinds[kind];
    if (record.value === null) {
      if (mine === null) return;
      if (record.type === groupType) this.#groups.delete(record.groupId);
      else if (record.type === memberType && known) {
        this.#groups.set(record.groupId, { kind, memberCount: mine.memberCount - 1 });
      }
      return;
    }
    // A simple group, made by an offset that stood earlier in the log, gives way; a real classic group does not.
    if (mine === null && group !== undefined && !isSimple(group)) return;
    const memberCount = (mine?.memberCount ?? 0) + (record.type === memberType && !known ? 1 : 0);
    this.#groups.set(record.groupId, { kind, memberCount });
  }

  /** Tombstones for every record of a group of another kind, in an order that Kafka can replay. */
  newOtherGroupTombstones(groupId: string, kind: OtherGroupKind): GroupRecord[] {
    const order = otherKinds[kind].tombstoneOrder;
    return [...this.#others.values()]
      .filter((record) => record.groupId === groupId && order.includes(record.type))
      .sort((a, b) => order.indexOf(a.type) - order.indexOf(b.type))
      .map((record) => ({ ...record, value: null }));
  }
}

function isSimple(group: PersistedGroup): boolean {
  return group.kind === 'classic' && group.protocolType === null && group.members.length === 0;
}
