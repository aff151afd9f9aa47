// A group coordinator over one partition in memory, on virtual time.
import { type Logger, silentLogger } from '../../../../src/base/logger.ts';
import type { GroupConfig } from '../../../../src/coordinator/group/group-config.ts';
import type { JoinGroupInput, OffsetCommitInput } from '../../../../src/coordinator/group/group-coordinator.ts';
import { GroupCoordinatorService } from '../../../../src/coordinator/group/group-coordinator-service.ts';
import { countingRandom, MemoryPartitions, VirtualTime } from '../support.ts';
import { subscription, testConfig } from './shard-fixture.ts';

export class ServiceFixture {
  readonly time: VirtualTime;
  readonly log: MemoryPartitions;
  readonly service: GroupCoordinatorService;

  constructor(
    options: {
      readonly config?: Partial<GroupConfig>;
      readonly log?: MemoryPartitions;
      readonly time?: VirtualTime;
      readonly queueCountMax?: number;
      readonly appendLingerMs?: number;
      readonly logger?: Logger;
    } = {},
  ) {
    this.time = options.time ?? new VirtualTime();
    this.log = options.log ?? new MemoryPartitions();
    this.service = new GroupCoordinatorService({
      config: { ...testConfig, initialRebalanceDelayMs: 0, ...options.config },
      partitionCount: () => 1,
      writer: this.log,
      clock: this.time,
      timer: this.time,
      random: countingRandom(),
      logger: options.logger ?? silentLogger,
      compression: 'none',
      loadBufferSize: 1 << 20,
      writeTimeoutMs: 5000,
      appendLingerMs: options.appendLingerMs ?? -1,
      queueCountMax: options.queueCountMax ?? 1000,
    });
  }

  join(input: Partial<JoinGroupInput> = {}, clientId = 'c') {
    return this.service.joinGroup(
      {
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
        ...input,
      },
      { clientId, clientHost: '/127.0.0.1' },
    );
  }

  sync(memberId: string, generationId: number, assignments: Record<string, string> = {}) {
    return this.service.syncGroup({
      groupId: 'g',
      generationId,
      memberId,
      groupInstanceId: null,
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: Object.entries(assignments).map(([id, text]) => ({ memberId: id, assignment: Buffer.from(text) })),
    });
  }

  heartbeat(memberId: string, generationId: number) {
    return this.service.heartbeat({ groupId: 'g', generationId, memberId, groupInstanceId: null });
  }

  commit(committedOffset: number, input: Partial<OffsetCommitInput> = {}) {
    return this.service.commitOffsets({
      groupId: 'g',
      generationIdOrMemberEpoch: -1,
      memberId: '',
      groupInstanceId: null,
      retentionTimeMs: -1,
      apiVersion: 9,
      topics: [
        {
          name: 't',
          topicId: 'abcdefghijklmnopqrstuA',
          partitions: [{ partition: 0, committedOffset, committedLeaderEpoch: -1, metadata: null }],
        },
      ],
      ...input,
    });
  }

  async committed(groupId = 'g', requireStable = false): Promise<string> {
    const { error, topics } = await this.service.fetchOffsets({
      groupId,
      memberId: null,
      memberEpoch: -1,
      topics: null,
      requireStable,
    });
    if (error !== 'NONE') return error;
    return topics
      .flatMap((topic) => topic.partitions.map((each) => `${topic.name}-${each.partition}:${each.committedOffset}`))
      .sort()
      .join(' ');
  }

  async state(): Promise<string> {
    const [group] = await this.service.describeGroups(['g'], 6);
    return group!.error === 'NONE' ? group!.groupState : group!.error;
  }
}
