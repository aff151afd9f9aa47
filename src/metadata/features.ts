/**
 * The features that this release knows, and what each metadata.version allows (facts of Apache Kafka 4.3.1).
 *
 * A metadata.version is the level of the records that may be written; a reader understands all of them.
 */
import type { SupportedVersions } from './metadata-image.ts';

export const METADATA_VERSION = 'metadata.version';
export const KRAFT_VERSION = 'kraft.version';
export const ELIGIBLE_LEADER_REPLICAS_VERSION = 'eligible.leader.replicas.version';

/** What a broker and a controller of this release register with. */
export const supportedFeatures: Readonly<Record<string, SupportedVersions>> = {
  'eligible.leader.replicas.version': { min: 0, max: 1 },
  'group.version': { min: 0, max: 1 },
  'kraft.version': { min: 0, max: 1 },
  'metadata.version': { min: 7, max: 30 },
  'share.version': { min: 0, max: 1 },
  'streams.version': { min: 0, max: 1 },
  'transaction.version': { min: 0, max: 2 },
};

/** The same by name, as ApiVersions tells it. */
export const supportedFeatureRanges: ReadonlyMap<string, SupportedVersions> = new Map(
  Object.entries(supportedFeatures),
);

/** Names of the levels from 3.3-IV3 (7) on; index 0 is level 7. */
const metadataVersionNames = [
  ...['3.3-IV3', '3.4-IV0', '3.5-IV0', '3.5-IV1', '3.5-IV2', '3.6-IV0', '3.6-IV1', '3.6-IV2', '3.7-IV0', '3.7-IV1'],
  ...['3.7-IV2', '3.7-IV3', '3.7-IV4', '3.8-IV0', '3.9-IV0', '4.0-IV0', '4.0-IV1', '4.0-IV2', '4.0-IV3', '4.1-IV0'],
  ...['4.1-IV1', '4.2-IV0', '4.2-IV1', '4.3-IV0'],
] as const;

const FIRST_LEVEL = 7;
/** What a log without a metadata.version record is treated as: 3.3-IV3. */
export const METADATA_VERSION_MIN = FIRST_LEVEL;
export const LATEST_METADATA_VERSION = FIRST_LEVEL + metadataVersionNames.length - 1;

/** '4.3-IV0'; also '4.3', which means the last level of that release. Null for what does not exist. */
export function metadataVersionLevel(text: string): number | null {
  for (let i = metadataVersionNames.length - 1; i >= 0; i--) {
    const name = metadataVersionNames[i]!;
    if (name === text || name.startsWith(`${text}-IV`)) return FIRST_LEVEL + i;
  }
  return null;
}

export function metadataVersionName(level: number): string {
  return metadataVersionNames[level - FIRST_LEVEL] ?? String(level);
}

/** The lowest metadata.version at which formatting finalises a feature's level. */
const bootstrapLevels: readonly { readonly name: string; readonly level: number; readonly metadataVersion: number }[] =
  [
    { name: 'eligible.leader.replicas.version', level: 1, metadataVersion: 26 },
    { name: 'group.version', level: 1, metadataVersion: 22 },
    { name: 'kraft.version', level: 1, metadataVersion: 21 },
    { name: 'share.version', level: 1, metadataVersion: 28 },
    { name: 'streams.version', level: 1, metadataVersion: 29 },
    { name: 'transaction.version', level: 2, metadataVersion: 24 },
  ];

/** The levels above 0 that formatting at `metadataVersion` finalises, metadata.version itself left out. */
export function bootstrapFeatureLevels(metadataVersion: number): ReadonlyMap<string, number> {
  return new Map(
    bootstrapLevels.filter((row) => row.metadataVersion <= metadataVersion).map(({ name, level }) => [name, level]),
  );
}

/** Versions in which a controller at `metadataVersion` writes its records, and what it may write at all. */
export const allows = {
  metadataTransactions: (metadataVersion: number): boolean => metadataVersion >= 13,
  controllerRegistration: (metadataVersion: number): boolean => metadataVersion >= 15,
  directoryAssignment: (metadataVersion: number): boolean => metadataVersion >= 17,
  eligibleLeaderReplicas: (metadataVersion: number): boolean => metadataVersion >= 23,
  cordonedLogDirs: (metadataVersion: number): boolean => metadataVersion >= 30,
  /** Only before KAFKA-15021 was mended; harmless afterwards, but then no record should say so. */
  leaderEpochBumpOnIsrShrink: (metadataVersion: number): boolean => metadataVersion < 12,
} as const;

/** Levels that brought records or fields which a lower level cannot keep. */
const levelsWithNewRecords: readonly number[] = [7, 8, 11, 13, 14, 15, 17, 23, 30];

/** Whether going from one metadata.version down to another would lose what records say. */
export function losesMetadata(from: number, to: number): boolean {
  return levelsWithNewRecords.some((level) => level > to && level <= from);
}

/** What a feature's level needs of another feature. */
export const featureDependencies: readonly {
  readonly name: string;
  readonly level: number;
  readonly needs: { readonly name: string; readonly level: number };
}[] = [{ name: ELIGIBLE_LEADER_REPLICAS_VERSION, level: 1, needs: { name: METADATA_VERSION, level: 23 } }];

export function registerBrokerRecordVersion(metadataVersion: number): number {
  if (metadataVersion >= 30) return 4;
  if (metadataVersion >= 17) return 3;
  return metadataVersion >= 8 ? 2 : 1;
}

/** PartitionRecord and PartitionChangeRecord go together. */
export function partitionRecordVersion(metadataVersion: number): number {
  if (metadataVersion >= 23) return 2;
  return metadataVersion >= 17 ? 1 : 0;
}
