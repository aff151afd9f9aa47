/**
 * Kafka's checkpoint files: text lines of version (0), number of entries, then one entry a line with fields parted by
 * single spaces. `leader-epoch-checkpoint` has `epoch startOffset`; the offset checkpoints `topic partition offset`.
 */
import type { Offset } from '../base/flavor.ts';
import { atomicWriteFile, replaceFileSynced, replaceFileUnsynced } from '../io/atomic-write.ts';
import type { FileSystem } from '../io/file-system.ts';
import { CorruptFileError } from './storage-error.ts';

function render(lines: readonly string[]): string {
  const body = lines.length === 0 ? '' : `${lines.join('\n')}\n`;
  return `0\n${lines.length}\n${body}`;
}

/** The fields of each entry; empty when the file is absent or empty (a crash of Kafka may leave it so). */
function readLines(fileSystem: FileSystem, path: string, fieldCount: number): string[][] {
  if (!fileSystem.exists(path)) return [];
  const text = fileSystem.readFile(path).toString('utf8');
  if (text === '') return [];
  // The last number may be a part of itself.
  if (!text.endsWith('\n')) throw new CorruptFileError(`${path}: the last line is torn`);
  const lines = text.split('\n');
  lines.pop();
  if (lines[0] !== '0') throw new CorruptFileError(`${path}: unknown version ${JSON.stringify(lines[0])}`);
  const entries = lines.slice(2).map((line) => line.split(' '));
  if (String(entries.length) !== lines[1]) {
    throw new CorruptFileError(`${path}: ${lines[1]} entries announced, ${entries.length} there`);
  }
  for (const fields of entries) {
    if (
      fields.length !== fieldCount ||
      !fields.slice(fieldCount === 2 ? 0 : 1).every((field) => /^-?\d+$/.test(field))
    ) {
      throw new CorruptFileError(`${path}: malformed line ${JSON.stringify(fields.join(' '))}`);
    }
  }
  return entries;
}

/** Keys are `topic-partition`, as the folders are named. */
export function readOffsetCheckpoint(fileSystem: FileSystem, path: string): Map<string, Offset> {
  const offsets = new Map<string, Offset>();
  for (const [topic, partition, offset] of readLines(fileSystem, path, 3)) {
    offsets.set(`${topic}-${partition}`, Number(offset));
  }
  return offsets;
}

export function writeOffsetCheckpoint(
  fileSystem: FileSystem,
  path: string,
  offsets: ReadonlyMap<string, Offset>,
): void {
  const lines: string[] = [];
  for (const [key, offset] of offsets) {
    const dash = key.lastIndexOf('-');
    lines.push(`${key.slice(0, dash)} ${key.slice(dash + 1)} ${offset}`);
  }
  atomicWriteFile(fileSystem, path, render(lines));
}

export interface EpochEntry {
  readonly epoch: number;
  readonly startOffset: Offset;
}

export function readLeaderEpochCheckpoint(fileSystem: FileSystem, path: string): EpochEntry[] {
  return readLines(fileSystem, path, 2).map(([epoch, startOffset]) => ({
    epoch: Number(epoch),
    startOffset: Number(startOffset),
  }));
}

export function writeLeaderEpochCheckpoint(
  fileSystem: FileSystem,
  path: string,
  entries: readonly EpochEntry[],
  syncContent: boolean,
): void {
  const text = render(entries.map((entry) => `${entry.epoch} ${entry.startOffset}`));
  if (syncContent) replaceFileSynced(fileSystem, path, text);
  else replaceFileUnsynced(fileSystem, path, text);
}
