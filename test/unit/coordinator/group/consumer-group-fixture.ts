// Metadata images for groups.

import {
  emptyImage,
  type MetadataImage,
  type PartitionImage,
  type TopicImage,
} from '../../../../src/metadata/metadata-image.ts';
import { PersistentMap } from '../../../../src/metadata/persistent-map.ts';

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
