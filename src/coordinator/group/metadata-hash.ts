/**
 * The hash of the topics that a KIP-848 group subscribes to (KIP-1101): when it changes, the group gets a new target
 * assignment. It stands in the group's record, so it is Kafka's to the bit: streaming XXH3 (64 bits, seed 0) over
 *
 *     topic  byte 0 · topic id (two int64) · name · int32 partition count · per partition: int32 index, then its racks
 *     group  int64 hash of each topic, in the order of their names
 *
 * in little endian; a text is its UTF-16 units and then their number. 0 where there is no topic.
 */
import type { MetadataImage, TopicImage } from '../../metadata/metadata-image.ts';
import { xxh3 } from './xxh3.ts';

/** Members of a group join one after the other, mostly with the same topics; images of topics and brokers are immutable. */
const knownHashes = new WeakMap<TopicImage, { readonly brokers: MetadataImage['brokers']; readonly hash: bigint }>();

export function topicMetadataHash(topic: TopicImage, image: MetadataImage): bigint {
  const known = knownHashes.get(topic);
  if (known?.brokers === image.brokers) return known.hash;
  const hash = computeTopicHash(topic, image);
  knownHashes.set(topic, { brokers: image.brokers, hash });
  return hash;
}

function computeTopicHash(topic: TopicImage, image: MetadataImage): bigint {
  const bytes = new HashedBytes();
  bytes.byte(0);
  const id = Buffer.from(topic.topicId, 'base64url');
  bytes.long(id.readBigInt64BE(0));
  bytes.long(id.readBigInt64BE(8));
  bytes.text(topic.name);
  bytes.int(topic.partitions.size);
  for (let partition = 0; partition < topic.partitions.size; partition++) {
    bytes.int(partition);
    const racks: string[] = [];
    for (const replica of topic.partitions.get(partition)?.replicas ?? []) {
      const rack = image.brokers.get(replica)?.rack ?? null;
      if (rack !== null) racks.push(rack);
    }
    for (const rack of racks.sort()) {
      bytes.int(rack.length);
      bytes.text(rack);
    }
  }
  return xxh3(bytes.toBuffer());
}

/** Of the topics that exist among `names`. */
export function groupMetadataHash(names: Iterable<string>, image: MetadataImage): bigint {
  const bytes = new HashedBytes();
  let empty = true;
  for (const name of [...new Set(names)].sort()) {
    const topic = image.topicsByName.get(name);
    if (topic === undefined) continue;
    bytes.long(topicMetadataHash(topic, image));
    empty = false;
  }
  return empty ? 0n : xxh3(bytes.toBuffer());
}

class HashedBytes {
  readonly #parts: Buffer[] = [];

  byte(value: number): void {
    this.#parts.push(Buffer.from([value]));
  }

  int(value: number): void {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value);
    this.#parts.push(bytes);
  }

  long(value: bigint): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(value);
    this.#parts.push(bytes);
  }

  text(value: string): void {
    this.#parts.push(Buffer.from(value, 'utf16le'));
    this.int(value.length);
  }

  toBuffer(): Buffer {
    return Buffer.concat(this.#parts);
  }
}
