/**
 * The directories of one node: `log.dirs` and the one among them, or beside them, with the metadata log. Locked, formatted where
 * they are not yet, and checked as Kafka checks them.
 *
 * - The directory of the metadata log must be there and formatted; of the others, those whose disk fails are offline.
 * - All belong to one node of one cluster, and each has an id of its own. One that is empty (a new disk) gets its
 *   `meta.properties` now; only when the metadata directory is empty, too, is this a new node.
 */
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import { randomUuid, type Uuid } from '../base/uuid.ts';
import type { FileSystem } from '../io/file-system.ts';
import { META_PROPERTIES, readMetaProperties, writeMetaProperties } from '../log/directory-files.ts';
import type { LogDirectory } from '../log/log-directory.ts';
import { isDiskError } from '../log/storage-error.ts';
import { FormatError, type FormatOptions, formatStorage, readFormattedDirectories } from './format.ts';
import { METADATA_DIRECTORY } from './quorum-storage.ts';

export interface NodeDirectoriesOptions {
  /** All that work. */
  readonly live: readonly LogDirectory[];
  /** Of `metadata.log.dir`. */
  readonly metadataPath: string;
  readonly fileSystem: FileSystem;
  readonly nodeId: number;
  /** False: an unformatted node is refused, as Kafka does. */
  readonly format: boolean;
  /** For a node that is formatted now; a new one when absent. */
  readonly clusterId: string | undefined;
  /** False: one of several nodes, which must agree on the cluster's id. */
  readonly isWholeCluster: boolean;
  readonly quorum: FormatOptions['quorum'];
  readonly random: Random;
  readonly nowMs: number;
  readonly logger: Logger;
}

export interface IdentifiedDirectories {
  readonly clusterId: string;
  /** Of the directory with the metadata log. */
  readonly directoryId: Uuid;
  readonly metadata: LogDirectory;
  /** Nothing was formatted before. */
  readonly isNew: boolean;
}

/** Gives every live directory its id. Throws FormatError. */
export function identifyDirectories(options: NodeDirectoriesOptions): IdentifiedDirectories {
  const { metadataPath, fileSystem, nodeId, random } = options;
  const live = options.live.filter((directory) => canBeRead(fileSystem, directory));
  const metadata = live.find(({ path }) => path === metadataPath);
  if (metadata === undefined) {
    throw new FormatError(`The directory of the metadata log, ${metadataPath}, cannot be used.`);
  }
  const stray = live.find(
    (directory) => directory !== metadata && fileSystem.exists(`${directory.path}/${METADATA_DIRECTORY}`),
  );
  if (stray !== undefined) {
    throw new FormatError(
      `Found unexpected metadata location in data directory ${stray.path}/${METADATA_DIRECTORY} (the configured ` +
        `metadata directory is ${metadataPath}).`,
    );
  }
  const paths = live.map(({ path }) => path);
  const found = readFormattedDirectories(fileSystem, paths, { nodeId, clusterId: options.clusterId ?? null }, random);
  const known = found.find((directory) => directory !== null);
  const foundMetadata = found[live.indexOf(metadata)] ?? null;
  if (known !== undefined && known !== null && foundMetadata === null) {
    throw new FormatError(
      `The directory of the metadata log, ${metadataPath}, is not formatted, but ${known.directory} is: the metadata log is ` +
        `missing. Set metadata.log.dir to the directory that has it.`,
    );
  }
  if (foundMetadata === null) return { ...formatAll({ ...options, live }), metadata, isNew: true };
  for (const [index, directory] of live.entries()) {
    const formatted = found[index];
    if (formatted !== null && formatted !== undefined) directory.identify(formatted.directoryId);
    else directory.identify(addDirectory(options, directory.path, foundMetadata.clusterId));
  }
  return { clusterId: foundMetadata.clusterId, directoryId: foundMetadata.directoryId, metadata, isNew: false };
}

function canBeRead(fileSystem: FileSystem, directory: LogDirectory): boolean {
  try {
    readMetaProperties(fileSystem, directory.path);
    return true;
  } catch (error) {
    if (!isDiskError(error)) throw error;
    directory.fail(error);
    return false;
  }
}

function formatAll(options: NodeDirectoriesOptions) {
  const { live, metadataPath, fileSystem, nodeId, clusterId, quorum, random, nowMs } = options;
  if (!options.format) {
    throw new FormatError(
      `No readable ${META_PROPERTIES} files found: ${metadataPath} is not formatted, and --no-format is set.`,
    );
  }
  if (!options.isWholeCluster && clusterId === undefined) {
    throw new FormatError(
      `${metadataPath} is not formatted, and this node is one of several: format each with the same cluster id first, ` +
        'with `ottla format --cluster-id <id> --config <server.properties>`, or set CLUSTER_ID.',
    );
  }
  const formatted = formatStorage({
    ...(clusterId === undefined ? {} : { clusterId }),
    fileSystem,
    nodeId,
    directories: live.map(({ path }) => path),
    metadataDirectory: metadataPath,
    quorum,
    random,
    nowMs,
  });
  for (const directory of live) directory.identify(formatted.directoryIds.get(directory.path)!);
  return { clusterId: formatted.clusterId, directoryId: formatted.directoryIds.get(metadataPath)! };
}

function addDirectory({ fileSystem, nodeId, random, logger }: NodeDirectoriesOptions, path: string, clusterId: string) {
  const directoryId = randomUuid(random);
  writeMetaProperties(fileSystem, path, { version: 1, clusterId, nodeId, directoryId });
  logger.info('an empty log directory is taken into use', { path, directoryId });
  return directoryId;
}
