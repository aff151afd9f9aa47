/**
 * The consumer protocol that classic clients embed in JoinGroup and SyncGroup, for members that meet KIP-848 groups:
 * int16 version, then the body. Versions above the highest one known are read as that one.
 */

import type { MetadataImage } from '../../metadata/metadata-image.ts';
import { decodeFrom, encodeInto } from '../../wire/codec.ts';
import { Reader } from '../../wire/reader.ts';
import { consumerProtocolAssignment } from '../../wire/schema/consumer-protocol-assignment.ts';
import {
  type ConsumerProtocolSubscription,
  consumerProtocolSubscription,
} from '../../wire/schema/consumer-protocol-subscription.ts';
import { Writer } from '../../wire/writer.ts';
import type { Assignment, CurrentAssignment } from './consumer-group.ts';

const HIGHEST_VERSION = 3;

/** Throws WireError where the bytes are none. */
export function readSubscription(metadata: Buffer): ConsumerProtocolSubscription {
  const reader = new Reader(metadata);
  return decodeFrom(consumerProtocolSubscription, Math.min(reader.int16(), HIGHEST_VERSION), reader);
}

/** Topics by name to topics by id; those that do not exist are left out. Throws WireError where the bytes are none. */
export function readAssignment(bytes: Buffer, image: MetadataImage): Map<string, Set<number>> {
  const assignment = new Map<string, Set<number>>();
  if (bytes.length === 0) return assignment;
  const reader = new Reader(bytes);
  const version = Math.min(reader.int16(), HIGHEST_VERSION);
  for (const { topic, partitions } of decodeFrom(consumerProtocolAssignment, version, reader).assignedPartitions) {
    const known = image.topicsByName.get(topic);
    if (known !== undefined) assignment.set(known.topicId, new Set(partitions));
  }
  return assignment;
}

/** In the version of the member's own metadata, which is one that it can read. */
export function writeAssignment(held: Assignment | CurrentAssignment, metadata: Buffer, image: MetadataImage): Buffer {
  const version = Math.min(new Reader(metadata).int16(), HIGHEST_VERSION);
  const assignedPartitions: { topic: string; partitions: number[] }[] = [];
  for (const [topicId, partitions] of held) {
    const topic = image.topicsById.get(topicId);
    if (topic === undefined) continue;
    assignedPartitions.push({ topic: topic.name, partitions: [...partitions.keys()].sort((a, b) => a - b) });
  }
  const writer = new Writer(256);
  writer.int16(version);
  encodeInto(consumerProtocolAssignment, version, { assignedPartitions, userData: null }, writer);
  return writer.toBuffer();
}
