// A group shard without log and time: each command is handled and its records replayed at once, as the runtime does.
import { SnapshotRegistry } from '../../../../src/base/timeline-map.ts';
import type { GroupCommand, GroupDecision, GroupEffect } from '../../../../src/coordinator/group/commands.ts';
import type { GroupConfig } from '../../../../src/coordinator/group/group-config.ts';
import type {
  JoinGroupInput,
  JoinGroupResult,
  SyncGroupInput,
  SyncGroupResult,
} from '../../../../src/coordinator/group/group-coordinator.ts';
import { type GroupRecord, groupRecordCodec } from '../../../../src/coordinator/group/group-records.ts';
import { GroupShard } from '../../../../src/coordinator/group/group-shard.ts';
import { emptyImage } from '../../../../src/metadata/metadata-image.ts';

export const testConfig: GroupConfig = {
  minSessionTimeoutMs: 6000,
  maxSessionTimeoutMs: 1_800_000,
  groupSizeMax: 100,
  initialRebalanceDelayMs: 3000,
  newMemberJoinTimeoutMs: 300_000,
  offsetMetadataSizeMax: 4096,
  offsetsRetentionMs: 10_080 * 60_000,
  offsetsRetentionCheckIntervalMs: 600_000,
  consumer: {
    enabled: () => true,
    assignors: ['uniform', 'range'],
    groupSizeMax: 100,
    migrationPolicy: 'bidirectional',
    regexRefreshIntervalMs: 600_000,
    timesOf: () => ({ sessionTimeoutMs: 45_000, heartbeatIntervalMs: 5000, assignmentIntervalMs: 0 }),
    compileRegex: (expression) => {
      const pattern = new RegExp(`^(?:${expression})$`);
      return (name) => pattern.test(name);
    },
    image: () => emptyImage,
  },
};

/** A consumer's subscription, version 0. */
export function subscription(...topics: string[]): Buffer {
  const parts = [Buffer.from([0, 0]), int32(topics.length)];
  for (const topic of topics) parts.push(int16(topic.length), Buffer.from(topic));
  return Buffer.concat([...parts, int32(-1)]);
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

export class ShardFixture {
  readonly shard: GroupShard;
  readonly config: GroupConfig;
  readonly registry = new SnapshotRegistry();
  nowMs = 1000;
  readonly written: GroupRecord[] = [];
  /** All that a log would hold; `written` is what tests look at, and may empty. */
  readonly logged: { readonly record: GroupRecord; readonly producerId: number }[] = [];
  readonly effects: GroupEffect[] = [];
  /** Decisions whose records wait for `settle`. */
  readonly unsettled: GroupDecision[] = [];
  settlesAtOnce = true;
  #nextOffset = 0;
  lastRequestId = 0;

  constructor(config: Partial<GroupConfig> = {}) {
    this.config = { ...testConfig, ...config };
    this.shard = new GroupShard(this.config, this.registry);
    this.registry.take(0);
  }

  get nextOffset(): number {
    return this.#nextOffset;
  }

  load(...records: GroupRecord[]): this {
    for (const record of records) this.replay(record);
    this.#carryOut(this.shard.loaded(this.nowMs));
    return this;
  }

  replay(record: GroupRecord, producerId = -1): void {
    this.logged.push({ record, producerId });
    this.shard.replay(record, { offset: this.#nextOffset++, producerId, producerEpoch: producerId === -1 ? -1 : 0 });
  }

  handle(command: GroupCommand): GroupDecision {
    return this.#carryOut(this.shard.handle(command, this.nowMs));
  }

  #carryOut(decision: GroupDecision): GroupDecision {
    for (const record of decision.records) {
      this.written.push(record);
      this.replay(record);
    }
    this.effects.push(...decision.effects);
    if (decision.settled !== undefined) {
      if (this.settlesAtOnce) this.handle(decision.settled(null));
      else this.unsettled.push(decision);
    }
    return decision;
  }

  join(input: Partial<JoinGroupInput> & { clientId?: string } = {}): number {
    const requestId = ++this.lastRequestId;
    const { clientId, ...rest } = input;
    this.handle({
      kind: 'joinGroup',
      requestId,
      input: {
        groupId: 'g',
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 60_000,
        memberId: '',
        groupInstanceId: null,
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata: subscription('t') }],
        reason: null,
        requiresKnownMemberId: false,
        supportsSkippingAssignment: true,
        ...rest,
      },
      client: { clientId: clientId ?? 'c', clientHost: '/127.0.0.1' },
      newMemberIdSuffix: `id${requestId}`,
      newMemberId: `id${requestId}`,
    });
    return requestId;
  }

  sync(input: Partial<SyncGroupInput>): number {
    const requestId = ++this.lastRequestId;
    this.handle({
      kind: 'syncGroup',
      requestId,
      input: {
        groupId: 'g',
        generationId: 1,
        memberId: '',
        groupInstanceId: null,
        protocolType: 'consumer',
        protocolName: 'range',
        assignments: [],
        ...input,
      },
    });
    return requestId;
  }

  heartbeat(memberId: string, generationId = 1, groupInstanceId: string | null = null) {
    return this.handle({ kind: 'heartbeat', input: { groupId: 'g', generationId, memberId, groupInstanceId } })
      .response;
  }

  leave(...members: { memberId?: string; groupInstanceId?: string | null }[]) {
    return this.handle({
      kind: 'leaveGroup',
      groupId: 'g',
      members: members.map((each) => ({ memberId: '', groupInstanceId: null, reason: null, ...each })),
    });
  }

  /** The answer to a join, or undefined while it waits. */
  joined(requestId: number): JoinGroupResult | undefined {
    for (const effect of this.effects) {
      if (effect.kind === 'reply' && effect.reply.kind === 'joinGroup' && effect.reply.requestId === requestId) {
        return effect.reply.result;
      }
    }
    return undefined;
  }

  synced(requestId: number): SyncGroupResult | undefined {
    for (const effect of this.effects) {
      if (effect.kind === 'reply' && effect.reply.kind === 'syncGroup' && effect.reply.requestId === requestId) {
        return effect.reply.result;
      }
    }
    return undefined;
  }

  /** Runs the timer that was last scheduled under the key, if it still stands. */
  fire(key: string): void {
    for (let i = this.effects.length - 1; i >= 0; i--) {
      const effect = this.effects[i]!;
      if (effect.kind === 'cancel' && effect.key === key) throw new Error(`timer ${key} was cancelled`);
      if (effect.kind === 'schedule' && effect.key === key) {
        this.nowMs += effect.delayMs;
        this.effects.push({ kind: 'cancel', key });
        this.handle(effect.command);
        return;
      }
    }
    throw new Error(`no timer ${key}`);
  }

  /** The newest generation that a member of a classic group was told; 0 before there is one. */
  get newestGeneration(): number {
    let newest = 0;
    for (const effect of this.effects) {
      if (effect.kind !== 'reply' || effect.reply.kind !== 'joinGroup') continue;
      newest = Math.max(newest, effect.reply.result.generationId);
    }
    return newest;
  }

  /** A shard that has read the same log, byte by byte. */
  loadedAgain(): ShardFixture {
    const again = new ShardFixture(this.config);
    for (const { record, producerId } of this.logged) {
      const { key, value } = groupRecordCodec.encode(record);
      again.replay(groupRecordCodec.decode(key, value), producerId);
    }
    return again.load();
  }

  listed() {
    this.registry.take(this.#nextOffset);
    return this.shard.list(this.#nextOffset);
  }

  /** The state of the group as others see it. */
  get state(): string {
    return this.describe().groupState;
  }

  describe(groupId = 'g') {
    this.registry.take(this.#nextOffset);
    return this.shard.describe(groupId, this.#nextOffset);
  }

  describeConsumer(groupId = 'g') {
    this.registry.take(this.#nextOffset);
    return this.shard.describeConsumer(groupId, this.#nextOffset);
  }

  /** Two plain members, generation 1, the first being the leader. */
  stableWithTwo(): { leader: string; follower: string } {
    const first = this.join();
    const second = this.join({ clientId: 'd' });
    this.fire('join g');
    if (this.joined(first) === undefined) this.fire('join g');
    const leader = this.joined(first)!.memberId;
    const follower = this.joined(second)!.memberId;
    this.sync({ memberId: follower });
    this.sync({
      memberId: leader,
      assignments: [
        { memberId: leader, assignment: Buffer.from('A') },
        { memberId: follower, assignment: Buffer.from('B') },
      ],
    });
    return { leader, follower };
  }
}
