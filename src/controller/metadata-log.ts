/** What the active controller needs of the metadata quorum; `node/metadata-quorum.ts` plugs it in. */
import type { LeaderEpoch, Offset } from '../base/flavor.ts';

export interface MetadataLog {
  /** Exclusive end of what is appended, committed or not: the offset of the next record. */
  readonly endOffset: Offset;
  /**
   * Appends one batch at `endOffset`. Offsets are assigned at once; `committed` resolves when the high watermark has passed
   * the batch, and rejects when that cannot happen any more. Throws where this node does not lead `leaderEpoch`.
   */
  append(records: readonly Buffer[], leaderEpoch: LeaderEpoch): AppendedMetadata;
}

export interface AppendedMetadata {
  readonly baseOffset: Offset;
  /** Inclusive. */
  readonly lastOffset: Offset;
  readonly committed: Promise<void>;
}
