/**
 * Turns committed batches of the metadata log into images and tells listeners what changed.
 *
 * Records between BeginTransaction and EndTransaction (KIP-868) show all at once or, after AbortTransaction, never.
 * A snapshot replaces everything; listeners then learn the difference to what they had.
 */
import type { LeaderEpoch, Offset } from '../base/flavor.ts';
import type { MetadataRecord } from '../wire/record-framing.ts';
import { type MetadataChanges, MetadataDelta, MetadataError } from './metadata-delta.ts';
import { emptyImage, type MetadataImage, type PartitionImage, type TopicImage } from './metadata-image.ts';

/** Committed records; control batches come as `kraftVersion` where they change it. */
export interface CommittedBatch {
  readonly baseOffset: Offset;
  /** Inclusive. */
  readonly lastOffset: Offset;
  readonly leaderEpoch: LeaderEpoch;
  readonly appendTimestampMs: number;
  readonly records: readonly MetadataRecord[];
  /** The quorum's own feature level, where a control record of this batch sets it. */
  readonly kraftVersion?: number;
}

/** The whole state as of an offset, in place of the log before it. */
export interface MetadataSnapshot {
  readonly lastContainedOffset: Offset;
  readonly lastContainedEpoch: LeaderEpoch;
  readonly lastContainedTimestampMs: number;
  readonly records: readonly MetadataRecord[];
  readonly kraftVersion: number;
}

/** Listeners run in the order in which they came; the next image waits until all have finished. */
export type MetadataListener = (changes: MetadataChanges, image: MetadataImage) => void | Promise<void>;

export class MetadataLoader {
  readonly #listeners: MetadataListener[] = [];
  #image: MetadataImage = emptyImage;
  #delta: MetadataDelta | null = null;
  #transactionOpen = false;

  /** The newest published image. */
  get image(): MetadataImage {
    return this.#image;
  }

  addListener(listener: MetadataListener): void {
    this.#listeners.push(listener);
  }

  /** Applies batches in log order and publishes one image for all of them. Never call it again before it resolved. */
  async handleCommit(batches: readonly CommittedBatch[]): Promise<void> {
    for (const batch of batches) {
      let offset = batch.baseOffset;
      for (const record of batch.records) {
        await this.#replay(record, { offset, epoch: batch.leaderEpoch, timestampMs: batch.appendTimestampMs });
        offset++;
      }
      if (batch.kraftVersion !== undefined) this.#currentDelta().setFeature('kraft.version', batch.kraftVersion);
    }
    const last = batches.at(-1);
    if (last === undefined || this.#transactionOpen) return;
    await this.#publish(last.lastOffset, last.leaderEpoch, last.appendTimestampMs);
  }

  async handleSnapshot(snapshot: MetadataSnapshot): Promise<void> {
    const delta = new MetadataDelta(emptyImage);
    for (const record of snapshot.records) delta.replay(record);
    delta.setFeature('kraft.version', snapshot.kraftVersion);
    const { image } = delta.finish({
      offset: snapshot.lastContainedOffset,
      epoch: snapshot.lastContainedEpoch,
      timestampMs: snapshot.lastContainedTimestampMs,
    });
    const previous = this.#image;
    this.#delta = null;
    this.#transactionOpen = false;
    await this.#tell(differences(previous, image), image);
  }

  async #replay(
    record: MetadataRecord,
    at: { readonly offset: Offset; readonly epoch: LeaderEpoch; readonly timestampMs: number },
  ): Promise<void> {
    switch (record.type) {
      case 'BeginTransactionRecord':
        if (this.#transactionOpen) throw new MetadataError(`offset ${at.offset}: a transaction begins within another`);
        // What came before the transaction is not part of it and must not be lost with it.
        if (this.#delta !== null) await this.#publish(at.offset - 1, at.epoch, at.timestampMs);
        this.#transactionOpen = true;
        return;
      case 'EndTransactionRecord':
        if (!this.#transactionOpen) throw new MetadataError(`offset ${at.offset}: no transaction to end`);
        this.#transactionOpen = false;
        return;
      case 'AbortTransactionRecord':
        if (!this.#transactionOpen) throw new MetadataError(`offset ${at.offset}: no transaction to abort`);
        this.#transactionOpen = false;
        this.#delta = null;
        return;
      default:
        this.#currentDelta().replay(record);
    }
  }

  #currentDelta(): MetadataDelta {
    this.#delta ??= new MetadataDelta(this.#image);
    return this.#delta;
  }

  async #publish(offset: Offset, epoch: LeaderEpoch, timestampMs: number): Promise<void> {
    const { image, changes } = this.#currentDelta().finish({ offset, epoch, timestampMs });
    this.#delta = null;
    await this.#tell(changes, image);
  }

  async #tell(changes: MetadataChanges, image: MetadataImage): Promise<void> {
    this.#image = image;
    for (const listener of this.#listeners) {
      const done = listener(changes, image);
      if (done !== undefined) await done;
    }
  }
}

/** What a snapshot changed; rare, so by comparing everything. */
function differences(previous: MetadataImage, image: MetadataImage): MetadataChanges {
  const createdTopics: TopicImage[] = [];
  const changedPartitions: MetadataChanges['changedPartitions'][number][] = [];
  for (const topic of image.topicsById.values()) {
    const before = previous.topicsById.get(topic.topicId);
    if (before === undefined) createdTopics.push(topic);
    for (const [partition, current] of topic.partitions) {
      const old = before?.partitions.get(partition) ?? null;
      if (!samePartition(old, current)) changedPartitions.push({ topic, partition, previous: old, current });
    }
  }
  const deletedTopics = [...previous.topicsById.values()].filter((topic) => !image.topicsById.has(topic.topicId));
  const configKeys = new Set([...previous.configs.resources.keys(), ...image.configs.resources.keys()]);
  return {
    createdTopics,
    deletedTopics,
    changedPartitions,
    changedConfigs: [...configKeys].map((key) => ({
      resourceType: Number(key.slice(0, key.indexOf(':'))),
      resourceName: key.slice(key.indexOf(':') + 1),
    })),
    changedBrokers: [...new Set([...previous.brokers.keys(), ...image.brokers.keys()])],
    featuresChanged: true,
    clientQuotasChanged: true,
    scramCredentialsChanged: true,
    aclsChanged: true,
    delegationTokensChanged: true,
  };
}

function samePartition(previous: PartitionImage | null, current: PartitionImage): boolean {
  return (
    previous !== null &&
    previous.partitionEpoch === current.partitionEpoch &&
    previous.leaderEpoch === current.leaderEpoch &&
    previous.leader === current.leader
  );
}
