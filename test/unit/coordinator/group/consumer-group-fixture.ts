// KIP-848 groups in a shard, and the metadata that they see.
import type { GroupConfig } from '../../../../src/coordinator/group/group-config.ts';
import type {
  ConsumerGroupHeartbeatInput,
  ConsumerGroupHeartbeatResult,
} from '../../../../src/coordinator/group/group-coordinator.ts';
import {
  emptyImage,
  type MetadataImage,
  type PartitionImage,
  type TopicImage,
} from '../../../../src/metadata/metadata-image.ts';
import { PersistentMap } from '../../../../src/metadata/persistent-map.ts';
import { ShardFixture, testConfig } from './shard-fixture.ts';

export interface TestTopic {
  readonly name: string;
  readonly topicId?: string;
  readonly partitionCount: number;
}

/** A topic id that says its topic's name. */
export function idOf(name: string): string {
  return name.padEnd(21, '_').slice(0, 21).concat('A');
}

const partition: PartitionImage = {
  replicas: [1],
  directories: [],
  isr: [1],
  elr: [],
  lastKnownElr: [],
  addingReplicas: [],
  removingReplicas: [],
  leader: 1,
  leaderRecoveryState: 'RECOVERED',
  leaderEpoch: 0,
  partitionEpoch: 0,
};

export function imageOf(...topics: TestTopic[]): MetadataImage {
  const images = topics.map(
    ({ name, topicId, partitionCount }): TopicImage => ({
      name,
      topicId: topicId ?? idOf(name),
      partitions: new Map(Array.from({ length: partitionCount }, (_, i) => [i, partition])),
    }),
  );
  let topicsByName = PersistentMap.empty<string, TopicImage>();
  let topicsById = PersistentMap.empty<string, TopicImage>();
  for (const image of images) {
    topicsByName = topicsByName.set(image.name, image);
    topicsById = topicsById.set(image.topicId, image);
  }
  return { ...emptyImage, highestOffset: 100, topicsByName, topicsById };
}

/** A shard with KIP-848 groups: clients' heartbeats in, records out. */
export class ConsumerGroupFixture extends ShardFixture {
  image: MetadataImage;

  constructor(image: MetadataImage, config: Partial<GroupConfig['consumer']> = {}) {
    const holder: { image: () => MetadataImage } = { image: () => image };
    super({ consumer: { ...testConfig.consumer, image: () => holder.image(), ...config } });
    this.image = image;
    holder.image = () => this.image;
  }

  beat(input: Partial<ConsumerGroupHeartbeatInput> & { readonly memberId: string; readonly memberEpoch: number }) {
    this.written.length = 0;
    const decision = this.handle({
      kind: 'consumerHeartbeat',
      input: {
        groupId: 'g',
        instanceId: null,
        rackId: null,
        rebalanceTimeoutMs: -1,
        subscribedTopicNames: null,
        subscribedTopicRegex: null,
        serverAssignor: null,
        topicPartitions: null,
        ...input,
      },
      client: { clientId: 'c', clientHost: '/127.0.0.1' },
      newMemberId: 'made-up',
    });
    // The shard answers a heartbeat with a heartbeat's result (see GroupResponses).
    return decision.response as ConsumerGroupHeartbeatResult;
  }

  joins(memberId: string, topics: readonly string[], more: Partial<ConsumerGroupHeartbeatInput> = {}) {
    return this.beat({
      memberId,
      memberEpoch: 0,
      rebalanceTimeoutMs: 60_000,
      subscribedTopicNames: topics,
      topicPartitions: [],
      ...more,
    });
  }
}

export function owned(topic: string, ...partitions: number[]) {
  return [{ topicId: idOf(topic), partitions }];
}
