/** The small files beside and inside the logs: `meta.properties`, `partition.metadata`, the clean-shutdown marker. */
import type { Uuid } from '../base/uuid.ts';
import { isUuid } from '../base/uuid.ts';
import { atomicWriteFile } from '../io/atomic-write.ts';
import type { FileSystem } from '../io/file-system.ts';
import { CLEAN_SHUTDOWN_MARKER, PARTITION_METADATA } from './log-files.ts';
import { CorruptFileError } from './storage-error.ts';

export const META_PROPERTIES = 'meta.properties';

export interface MetaProperties {
  /** 1 in KRaft. */
  readonly version: number;
  readonly clusterId: string;
  readonly nodeId: number;
  /** Absent in folders that an old Kafka formatted (before KIP-858). */
  readonly directoryId: Uuid | null;
}

/** Null when the folder is not formatted. */
export function readMetaProperties(fileSystem: FileSystem, directory: string): MetaProperties | null {
  const path = `${directory}/${META_PROPERTIES}`;
  if (!fileSystem.exists(path)) return null;
  const properties = parseProperties(fileSystem.readFile(path).toString('utf8'));
  const version = properties.get('version');
  if (version !== '1') throw new CorruptFileError(`${path}: version=${version ?? ''} is not supported, only 1`);
  const clusterId = properties.get('cluster.id');
  if (clusterId === undefined || clusterId === '') throw new CorruptFileError(`${path}: cluster.id is missing`);
  const nodeId = properties.get('node.id');
  if (nodeId === undefined || !/^\d+$/.test(nodeId)) throw new CorruptFileError(`${path}: node.id is missing`);
  const directoryId = properties.get('directory.id') ?? null;
  if (directoryId !== null && !isUuid(directoryId)) throw new CorruptFileError(`${path}: malformed directory.id`);
  return { version: 1, clusterId, nodeId: Number(nodeId), directoryId };
}

export function writeMetaProperties(fileSystem: FileSystem, directory: string, properties: MetaProperties): void {
  const lines = [
    '#',
    `cluster.id=${properties.clusterId}`,
    ...(properties.directoryId === null ? [] : [`directory.id=${properties.directoryId}`]),
    `node.id=${properties.nodeId}`,
    `version=${properties.version}`,
  ];
  atomicWriteFile(fileSystem, `${directory}/${META_PROPERTIES}`, `${lines.join('\n')}\n`);
}

/** Java's properties format as far as these values need it: comments, `=` or `:`, surrounding blanks, backslash escapes. */
function parseProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*([^#!\s=:][^=:\s]*)\s*[=:]?\s*(.*)$/.exec(line);
    if (match) properties.set(match[1]!, match[2]!.replace(/\\(.)/g, '$1'));
  }
  return properties;
}

const PARTITION_METADATA_START = 'version: 0\ntopic_id: ';

/**
 * The topic id of a partition's folder; null when the file is absent (Kafka before 2.8), or as a power loss leaves that of a
 * new log: empty, its front only, or with zeros in it.
 */
export function readPartitionMetadata(fileSystem: FileSystem, directory: string): Uuid | null {
  const path = `${directory}/${PARTITION_METADATA}`;
  if (!fileSystem.exists(path)) return null;
  const text = fileSystem.readFile(path).toString('utf8');
  const match = /^version: 0\s*\r?\ntopic_id: (\S+)\s*$/.exec(text);
  const isTorn =
    text.includes('\0') ||
    PARTITION_METADATA_START.startsWith(text) ||
    (text.startsWith(PARTITION_METADATA_START) && /^[\w-]{0,21}$/.test(text.slice(PARTITION_METADATA_START.length)));
  if (isTorn) return null;
  if (!match || !isUuid(match[1]!)) throw new CorruptFileError(`${path}: malformed content ${JSON.stringify(text)}`);
  return match[1]!;
}

/**
 * For a folder without one. Neither synced nor renamed into place: that comes with the log's first sync, a log without synced
 * records has nothing to lose, and a torn file is known for what it is.
 */
export function writePartitionMetadata(fileSystem: FileSystem, directory: string, topicId: Uuid): void {
  fileSystem.writeFile(`${directory}/${PARTITION_METADATA}`, `version: 0\ntopic_id: ${topicId}`);
}

/** The broker epoch of the run that stopped cleanly, -1 when the marker names none; null when there is no marker. */
export function readCleanShutdownMarker(fileSystem: FileSystem, directory: string): number | null {
  const path = `${directory}/${CLEAN_SHUTDOWN_MARKER}`;
  if (!fileSystem.exists(path)) return null;
  const match = /"brokerEpoch"\s*:\s*(-?\d+)/.exec(fileSystem.readFile(path).toString('utf8'));
  return match ? Number(match[1]) : -1;
}

export function writeCleanShutdownMarker(fileSystem: FileSystem, directory: string, brokerEpoch: number): void {
  atomicWriteFile(fileSystem, `${directory}/${CLEAN_SHUTDOWN_MARKER}`, `{"version":0,"brokerEpoch":${brokerEpoch}}`);
}

/** Gone for good before anything else in the folder changes: a marker that outlives a crash would hide the crash. */
export function removeCleanShutdownMarker(fileSystem: FileSystem, directory: string): void {
  fileSystem.remove(`${directory}/${CLEAN_SHUTDOWN_MARKER}`);
  fileSystem.syncDirectory(directory);
}
