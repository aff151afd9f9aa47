/** Finalised feature levels and their change (UpdateFeatures, KIP-584, KIP-778, KIP-1022). */
import { type SnapshotRegistry, TimelineMap } from '../base/timeline-map.ts';
import {
  allows,
  ELIGIBLE_LEADER_REPLICAS_VERSION,
  featureDependencies,
  KRAFT_VERSION,
  losesMetadata,
  METADATA_VERSION,
  METADATA_VERSION_MIN,
  supportedFeatures,
} from '../metadata/features.ts';
import type { SupportedVersions } from '../metadata/metadata-image.ts';
import { type FeatureLevelRecord, featureLevelRecord } from '../wire/schema/feature-level-record.ts';
import { type ControlFailure, type ControlRecord, failure, newControlRecord } from './control-record.ts';

const NOT_SUPPORTED: SupportedVersions = { min: 0, max: 0 };

export type UpgradeType = 'upgrade' | 'safe downgrade' | 'unsafe downgrade' | 'unknown';

export interface FeatureUpdate {
  readonly name: string;
  /** 0 removes the feature. */
  readonly level: number;
  readonly upgradeType: UpgradeType;
}

/** A node whose software has a say in what may be finalised. */
export interface FeatureNode {
  /** 'Broker 1' */
  readonly title: string;
  readonly supportedFeatures: ReadonlyMap<string, SupportedVersions>;
}

/** What decides about an update beside the levels of now. */
export interface FeatureSurroundings {
  readonly nodeId: number;
  /** Of the quorum, which keeps it in control records of its own. */
  readonly kraftVersion: number;
  readonly brokers: readonly FeatureNode[];
  /** Without the one that decides. */
  readonly controllers: readonly FeatureNode[];
}

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

  /** The records of all updates, or the first that is refused. */
  update(updates: readonly FeatureUpdate[], surroundings: FeatureSurroundings): ControlFailure | ControlRecord[] {
    const proposed = new Map(this.#levels.entries());
    for (const { name, level } of updates) proposed.set(name, level);
    const records: ControlRecord[] = [];
    for (const update of updates) {
      const problem = this.#problem(update, proposed, surroundings);
      if (problem !== null) return problem;
      // The level of the quorum is no metadata record.
      if (update.name === KRAFT_VERSION) continue;
      records.push(newControlRecord(featureLevelRecord, 0, { name: update.name, featureLevel: update.level }));
    }
    return records;
  }

  #problem(
    { name, level, upgradeType }: FeatureUpdate,
    proposed: ReadonlyMap<string, number>,
    surroundings: FeatureSurroundings,
  ): ControlFailure | null {
    const invalid = (reason: string): ControlFailure =>
      failure('INVALID_UPDATE_VERSION', `Invalid update version ${level} for feature ${name}. ${reason}`);
    if (upgradeType === 'unknown') return invalid('The controller does not support the given upgrade type.');
    const current = name === KRAFT_VERSION ? surroundings.kraftVersion : this.#currentLevel(name);
    if (level < 0) return invalid('A feature version cannot be less than 0.');
    const unsupported = unsupportedReason(name, level, surroundings);
    if (unsupported !== null) return invalid(unsupported);
    if (level < current && upgradeType === 'upgrade') {
      return invalid(
        "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe " +
          'downgrade.',
      );
    }
    if (level > current && upgradeType !== 'upgrade') return invalid("Can't downgrade to a newer version.");
    if (name === METADATA_VERSION) return downgradeProblem(current, level, upgradeType);
    if (name === KRAFT_VERSION) {
      if (level === current) return null;
      return invalid(
        level < current
          ? "Can't downgrade the version of this feature."
          : 'The quorum of this cluster was formatted with a static list of voters.',
      );
    }
    // Level 0 is within the bounds of what nobody supports.
    if (!localFeatures.has(name)) return invalid(`Feature ${name} not found.`);
    const dependency = featureDependencies.find((row) => row.name === name && row.level <= level);
    if (dependency === undefined || (proposed.get(dependency.needs.name) ?? 0) >= dependency.needs.level) return null;
    const { needs } = dependency;
    return invalid(`${name} could not be set to ${level} because it depends on ${needs.name} level ${needs.level}`);
  }

  #currentLevel(name: string): number {
    return name === METADATA_VERSION ? this.metadataVersion : this.level(name);
  }

  replay({ name, featureLevel }: FeatureLevelRecord): void {
    if (featureLevel === 0) this.#levels.delete(name);
    else this.#levels.set(name, featureLevel);
  }
}

function unsupportedReason(name: string, level: number, surroundings: FeatureSurroundings): string | null {
  const local = { title: `Local controller ${surroundings.nodeId}`, supportedFeatures: localFeatures };
  for (const { title, supportedFeatures: supported } of [local, ...surroundings.brokers, ...surroundings.controllers]) {
    const { min, max } = supported.get(name) ?? NOT_SUPPORTED;
    if (level >= min && level <= max) continue;
    return max === 0 ? `${title} does not support this feature.` : `${title} only supports versions ${min}-${max}`;
  }
  return null;
}

function downgradeProblem(from: number, to: number, upgradeType: UpgradeType): ControlFailure | null {
  if (to >= from || !losesMetadata(from, to)) return null;
  const reason =
    upgradeType === 'unsafe downgrade'
      ? 'Unsafe metadata downgrade is not supported in this version.'
      : 'Refusing to perform the requested downgrade because it might delete metadata information.';
  const message = `Unsupported metadata.version downgrade from ${from} to ${to}. ${reason}`;
  return failure('INVALID_UPDATE_VERSION', message);
}

const localFeatures: ReadonlyMap<string, SupportedVersions> = new Map(Object.entries(supportedFeatures));
