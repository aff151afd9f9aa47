/** Finalised feature levels. */
import { type SnapshotRegistry, TimelineMap } from '../base/timeline-map.ts';
import { allows, ELIGIBLE_LEADER_REPLICAS_VERSION, METADATA_VERSION } from '../metadata/features.ts';
import type { FeatureLevelRecord } from '../wire/schema/feature-level-record.ts';

/** What a log without a metadata.version record is treated as: 3.3-IV3. */
const METADATA_VERSION_MIN = 7;

export class FeatureControl {
  readonly #levels: TimelineMap<string, number>;

  constructor(registry: SnapshotRegistry) {
    this.#levels = new TimelineMap(registry);
  }

  /** 0 where the feature is not finalised. */
  level(name: string, epoch?: number): number {
    return this.#levels.get(name, epoch) ?? 0;
  }

  get levels(): ReadonlyMap<string, number> {
    return new Map(this.#levels.entries());
  }

  hasMetadataVersion(epoch?: number): boolean {
    return this.#levels.has(METADATA_VERSION, epoch);
  }

  get metadataVersion(): number {
    return this.#levels.get(METADATA_VERSION) ?? METADATA_VERSION_MIN;
  }

  /** KIP-966. */
  get eligibleLeaderReplicasEnabled(): boolean {
    return allows.eligibleLeaderReplicas(this.metadataVersion) && this.level(ELIGIBLE_LEADER_REPLICAS_VERSION) >= 1;
  }

  replay({ name, featureLevel }: FeatureLevelRecord): void {
    if (featureLevel === 0) this.#levels.delete(name);
    else this.#levels.set(name, featureLevel);
  }
}
