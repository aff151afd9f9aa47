/**
 * Formats storage directories as `kafka-storage.sh format` does, and checks directories that were formatted before.
 *
 *     meta.properties           who this directory belongs to; written last: without it the directory is not formatted
 *     bootstrap.checkpoint      what the first controller writes into the empty metadata log
 *     __cluster_metadata-0/00000000000000000000-0000000000.checkpoint     the first voters of a dynamic quorum (KIP-853)
 */
import type { Random } from '../base/random.ts';
import { randomUuid, type Uuid } from '../base/uuid.ts';
import type { FileSystem } from '../io/file-system.ts';
import { makeDirectoryDurable } from '../io/make-directory.ts';
import { type MetaProperties, readMetaProperties, writeMetaProperties } from '../log/directory-files.ts';
import {
  bootstrapFeatureLevels,
  KRAFT_VERSION,
  LATEST_METADATA_VERSION,
  METADATA_VERSION,
  metadataVersionLevel,
  metadataVersionName,
  supportedFeatures,
} from '../metadata/features.ts';
import { buildSnapshotFile, readSnapshotFile } from '../raft/snapshot-file.ts';
import { SUPPORTED_KRAFT_VERSIONS, type Voter, type VoterEndpoint, VoterSet } from '../raft/voter-set.ts';
import { encodeMetadataRecord } from '../wire/record-framing.ts';
import { featureLevelRecord } from '../wire/schema/feature-level-record.ts';
import { METADATA_DIRECTORY, snapshotFileName } from './quorum-storage.ts';

const BOOTSTRAP_CHECKPOINT = 'bootstrap.checkpoint';
/** The level at which a dynamic quorum may be formatted. */
const KRAFT_VERSION_1_METADATA_VERSION = 21;

/** The user can act on it; the message is a sentence. */
export class FormatError extends Error {
  override name = 'FormatError';
}

export interface FormatOptions {
  readonly fileSystem: FileSystem;
  readonly nodeId: number;
  /** `log.dirs`, in order. */
  readonly directories: readonly string[];
  /** Where the metadata log is; one of `directories`. The first when absent. */
  readonly metadataDirectory?: string;
  /** A new one when absent. */
  readonly clusterId?: string;
  /**
   * `standalone`: this node is the first and only voter of a dynamic quorum. `initialControllers`: these are, with the
   * directories that they are formatted with. `static`: the voters are in `controller.quorum.voters`, or this node is no voter.
   */
  readonly quorum:
    | { readonly kind: 'standalone'; readonly endpoints: readonly VoterEndpoint[] }
    | { readonly kind: 'initialControllers'; readonly voters: readonly Voter[] }
    | { readonly kind: 'static' };
  /** '4.3-IV0', '4.3'; the newest when absent. */
  readonly releaseVersion?: string;
  /** Levels that differ from those of the release. */
  readonly features?: ReadonlyMap<string, number>;
  /** Further bootstrap records, encoded: SCRAM credentials. */
  readonly bootstrapRecords?: readonly Buffer[];
  /** Formatted directories are left alone; otherwise they are an error. */
  readonly ignoreFormatted?: boolean;
  /** Told of each directory that is formatted, in Kafka's words. */
  readonly onFormatting?: (line: string) => void;
  readonly random: Random;
  readonly nowMs: number;
}

export interface Formatted {
  readonly clusterId: string;
  /** By directory; those that were formatted already included. */
  readonly directoryIds: ReadonlyMap<string, Uuid>;
}

export function formatStorage(options: FormatOptions): Formatted {
  const { fileSystem, nodeId, directories, random } = options;
  const levels = featureLevels(options);
  const present = new Map<string, MetaProperties>();
  for (const directory of directories) {
    const properties = fileSystem.exists(directory) ? readMetaProperties(fileSystem, directory) : null;
    if (properties === null) continue;
    if (options.ignoreFormatted !== true) {
      throw new FormatError(
        `Log directory ${directory} is already formatted. Use --ignore-formatted to ignore this directory and format the others.`,
      );
    }
    checkMetaProperties(properties, { directory, nodeId, clusterId: options.clusterId ?? null });
    present.set(directory, properties);
  }
  const clusterId = options.clusterId ?? [...present.values()][0]?.clusterId ?? randomUuid(random);
  const directoryIds = new Map<string, Uuid>();
  for (const directory of directories) {
    const known = present.get(directory);
    const directoryId = known?.directoryId ?? ownDirectoryId(options, directory) ?? randomUuid(random);
    directoryIds.set(directory, directoryId);
    if (known === undefined) formatDirectory(options, { directory, directoryId, clusterId, levels });
  }
  return { clusterId, directoryIds };
}

/** Where the list of controllers names the directory of this one. */
function ownDirectoryId({ quorum, nodeId, ...options }: FormatOptions, directory: string): Uuid | null {
  if (quorum.kind !== 'initialControllers' || !isMetadataDirectory(options, directory)) return null;
  return quorum.voters.find(({ voterId }) => voterId === nodeId)?.directoryId ?? null;
}

function isMetadataDirectory(
  { directories, metadataDirectory = directories[0] }: Pick<FormatOptions, 'directories' | 'metadataDirectory'>,
  directory: string,
): boolean {
  return directory === metadataDirectory;
}

function directoryDescription(options: FormatOptions, directory: string): string {
  const { quorum, nodeId } = options;
  if (!isMetadataDirectory(options, directory)) return 'data directory';
  if (quorum.kind === 'static') return 'metadata directory';
  const isVoter = quorum.kind === 'standalone' || quorum.voters.some(({ voterId }) => voterId === nodeId);
  return isVoter ? 'dynamic metadata voter directory' : 'dynamic metadata directory';
}

/** Everything but `meta.properties` may be left half done by a crash: the next attempt writes it anew. */
function formatDirectory(
  options: FormatOptions,
  target: {
    readonly directory: string;
    readonly directoryId: Uuid;
    readonly clusterId: string;
    readonly levels: ReadonlyMap<string, number>;
  },
): void {
  const { fileSystem, nodeId, quorum, nowMs, bootstrapRecords = [] } = options;
  const { directory, directoryId, clusterId, levels } = target;
  makeDirectoryDurable(fileSystem, directory);
  writeSynced(fileSystem, `${directory}/${BOOTSTRAP_CHECKPOINT}`, newBootstrapFile(levels, bootstrapRecords, nowMs));
  const release = metadataVersionName(levels.get(METADATA_VERSION) ?? LATEST_METADATA_VERSION);
  options.onFormatting?.(
    `Formatting ${directoryDescription(options, directory)} ${directory} with metadata.version ${release}.`,
  );
  if (isMetadataDirectory(options, directory) && quorum.kind !== 'static') {
    const metadataDirectory = `${directory}/${METADATA_DIRECTORY}`;
    fileSystem.makeDirectory(metadataDirectory);
    const voters = new VoterSet(
      quorum.kind === 'initialControllers'
        ? quorum.voters
        : [{ voterId: nodeId, directoryId, endpoints: quorum.endpoints, kraftVersions: SUPPORTED_KRAFT_VERSIONS }],
    );
    const snapshot = buildSnapshotFile({
      epoch: 0,
      nowMs,
      lastContainedLogTimestampMs: nowMs,
      quorum: { kraftVersion: 1, voters },
      records: [],
    });
    writeSynced(fileSystem, `${metadataDirectory}/${snapshotFileName({ endOffset: 0, epoch: 0 })}`, snapshot);
    fileSystem.syncDirectory(metadataDirectory);
  }
  writeMetaProperties(fileSystem, directory, { version: 1, clusterId, nodeId, directoryId });
}

function writeSynced(fileSystem: FileSystem, path: string, data: Buffer): void {
  const handle = fileSystem.open(path, 'write');
  try {
    handle.truncate(0);
    handle.writevSync([data], 0);
    handle.syncSync();
  } finally {
    handle.close();
  }
}

/** Levels above 0, metadata.version first, as Kafka writes them. */
function featureLevels(options: FormatOptions): ReadonlyMap<string, number> {
  const { releaseVersion, features = new Map<string, number>(), quorum } = options;
  let metadataVersion = features.get(METADATA_VERSION) ?? LATEST_METADATA_VERSION;
  if (releaseVersion !== undefined) {
    const level = metadataVersionLevel(releaseVersion);
    if (level === null) throw new FormatError(`There is no release version ${releaseVersion}.`);
    metadataVersion = level;
  }
  const levels = new Map<string, number>([[METADATA_VERSION, metadataVersion]]);
  for (const [name, level] of bootstrapFeatureLevels(metadataVersion))
    if (name !== KRAFT_VERSION) levels.set(name, level);
  checkKraftVersion(features.get(KRAFT_VERSION), quorum.kind !== 'static');
  for (const [name, level] of features) {
    const range = supportedFeatures[name];
    if (range === undefined) {
      const known = Object.keys(supportedFeatures).filter((feature) => feature !== METADATA_VERSION);
      throw new FormatError(`Unsupported feature: ${name}. Supported features are: ${known.sort().join(', ')}`);
    }
    if (level < range.min || level > range.max) {
      throw new FormatError(`The feature ${name} has no level ${level}: the levels are ${range.min} to ${range.max}.`);
    }
    if (name === KRAFT_VERSION || name === METADATA_VERSION) continue;
    if (level === 0) levels.delete(name);
    else levels.set(name, level);
  }
  if (quorum.kind !== 'static' && metadataVersion < KRAFT_VERSION_1_METADATA_VERSION) {
    throw new FormatError(
      `A dynamic quorum needs metadata.version ${metadataVersionName(KRAFT_VERSION_1_METADATA_VERSION)} or newer, not ` +
        `${metadataVersionName(metadataVersion)}.`,
    );
  }
  return levels;
}

/** It follows from the kind of quorum; whoever names it must name what follows. */
function checkKraftVersion(level: number | undefined, isDynamic: boolean): void {
  if (level === undefined || level > 0 === isDynamic) return;
  throw new FormatError(
    `Cannot set kraft.version to ${level} ${isDynamic ? 'if' : 'unless'} KIP-853 configuration is present. ` +
      'Try removing the --feature flag for kraft.version.',
  );
}

function newBootstrapFile(levels: ReadonlyMap<string, number>, further: readonly Buffer[], nowMs: number): Buffer {
  const records = [...featureLevelRecords(levels), ...further];
  return buildSnapshotFile({ epoch: 0, nowMs, lastContainedLogTimestampMs: 0, quorum: {}, records });
}

function featureLevelRecords(levels: ReadonlyMap<string, number>): Buffer[] {
  return [...levels].map(([name, featureLevel]) => encodeMetadataRecord(featureLevelRecord, 0, { name, featureLevel }));
}

/** What the first controller writes; the newest levels where a directory has no such file. */
export function readBootstrapRecords(fileSystem: FileSystem, directory: string): readonly Buffer[] {
  const path = `${directory}/${BOOTSTRAP_CHECKPOINT}`;
  if (fileSystem.exists(path)) return readSnapshotFile(fileSystem.readFile(path)).records;
  const levels = new Map<string, number>([[METADATA_VERSION, LATEST_METADATA_VERSION]]);
  for (const [name, level] of bootstrapFeatureLevels(LATEST_METADATA_VERSION)) {
    if (name !== KRAFT_VERSION) levels.set(name, level);
  }
  return featureLevelRecords(levels);
}

export interface FormattedDirectory {
  readonly directory: string;
  readonly clusterId: string;
  readonly directoryId: Uuid;
}

export interface ExpectedNode {
  readonly nodeId: number;
  /** Null: any, as long as all directories agree. */
  readonly clusterId?: string | null;
}

/**
 * Reads `meta.properties` of each directory. Null for those that are not formatted; throws FormatError where a directory belongs to
 * another node or cluster, or two have the same id.
 */
export function readFormattedDirectories(
  fileSystem: FileSystem,
  directories: readonly string[],
  expected: ExpectedNode,
  random: Random,
): (FormattedDirectory | null)[] {
  let clusterId = expected.clusterId ?? null;
  const seen = new Map<Uuid, string>();
  return directories.map((directory) => {
    const properties = fileSystem.exists(directory) ? readMetaProperties(fileSystem, directory) : null;
    if (properties === null) return null;
    checkMetaProperties(properties, { directory, nodeId: expected.nodeId, clusterId });
    clusterId = properties.clusterId;
    let { directoryId } = properties;
    if (directoryId === null) {
      // A folder from before KIP-858 gets its id now, and keeps it.
      directoryId = randomUuid(random);
      writeMetaProperties(fileSystem, directory, { ...properties, directoryId });
    }
    const twin = seen.get(directoryId);
    if (twin !== undefined) {
      throw new FormatError(`The directories ${twin} and ${directory} have the same directory.id ${directoryId}.`);
    }
    seen.set(directoryId, directory);
    return { directory, clusterId, directoryId };
  });
}

function checkMetaProperties(
  properties: MetaProperties,
  expected: { readonly directory: string; readonly nodeId: number; readonly clusterId: string | null },
): void {
  const { directory, nodeId, clusterId } = expected;
  if (properties.nodeId !== nodeId) {
    throw new FormatError(
      `The directory ${directory} belongs to node ${properties.nodeId}, but node.id is ${nodeId}. If the data was moved, ` +
        'correct node.id; for a new node, use an empty directory.',
    );
  }
  if (clusterId !== null && properties.clusterId !== clusterId) {
    throw new FormatError(
      `The directory ${directory} belongs to cluster ${properties.clusterId}, but cluster ${clusterId} is expected. If the data was ` +
        'moved, correct the cluster id; for a new node, use an empty directory.',
    );
  }
}
