// The consumer protocol inside JoinGroup and SyncGroup, from the client's side.
import { decodeFrom, encodeInto } from '../../../../src/wire/codec.ts';
import { Reader } from '../../../../src/wire/reader.ts';
import { consumerProtocolAssignment } from '../../../../src/wire/schema/consumer-protocol-assignment.ts';
import { consumerProtocolSubscription } from '../../../../src/wire/schema/consumer-protocol-subscription.ts';
import { Writer } from '../../../../src/wire/writer.ts';

const VERSION = 1;

interface TopicPartitions {
  readonly topic: string;
  readonly partitions: readonly number[];
}

/** The one protocol of a member that subscribes so. */
export function writeSubscription(topics: readonly string[], ownedPartitions: readonly TopicPartitions[]) {
  const writer = new Writer(128);
  writer.int16(VERSION);
  encodeInto(
    consumerProtocolSubscription,
    VERSION,
    {
      topics: [...topics],
      userData: null,
      ownedPartitions: ownedPartitions.filter((each) => each.partitions.length > 0),
    },
    writer,
  );
  return [{ name: 'range', metadata: writer.toBuffer() }];
}

export function readAssignment(bytes: Buffer): readonly TopicPartitions[] {
  const reader = new Reader(bytes);
  return decodeFrom(consumerProtocolAssignment, reader.int16(), reader).assignedPartitions;
}

/** The topics in a member's metadata. */
export function readSubscription(bytes: Buffer): readonly string[] {
  const reader = new Reader(bytes);
  return decodeFrom(consumerProtocolSubscription, reader.int16(), reader).topics;
}

export function writeAssignment(assignedPartitions: readonly TopicPartitions[]): Buffer {
  const writer = new Writer(128);
  writer.int16(VERSION);
  encodeInto(consumerProtocolAssignment, VERSION, { assignedPartitions, userData: null }, writer);
  return writer.toBuffer();
}
