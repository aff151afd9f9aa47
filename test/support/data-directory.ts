// The data directories of the golden material, unpacked into a memory file system.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { MemoryFileSystem } from '../../src/io/memory-file-system.ts';
import { datadirDirectory } from './golden.ts';

export interface ExpectedRecord {
  offset: number;
  timestamp: number;
  timestampType?: string;
  key: string | null;
  value: string | null;
  headers?: [string, string | null][];
  leaderEpoch?: number;
}

export interface ExpectedPartition {
  topic: string;
  partition: number;
  logStartOffset: number;
  highWatermark: number;
  lastStableOffset: number;
  maxTimestamp: { offset: number; timestamp: number; leaderEpoch: number } | null;
  offsetsForTimes?: { ask: number; offset: number | null; timestamp: number }[];
  records: ExpectedRecord[];
  readCommitted: 'same' | number[];
}

export interface ExpectedProducer {
  topic: string;
  partition: number;
  producerId: number;
  producerEpoch: number;
  lastSequence: number;
  lastTimestamp: number;
  coordinatorEpoch: number | null;
  currentTransactionStartOffset: number | null;
}

export interface ExpectedDirectory {
  topics: { name: string; id: string; partitions: number; configs: Record<string, string> }[];
  partitions: ExpectedPartition[];
  producers: ExpectedProducer[];
}

/** Unpacks `datadir/<name>.tar.gz` under `path`. */
export function unpackDataDirectory(name: string, path: string, fileSystem = new MemoryFileSystem()): MemoryFileSystem {
  const tar = gunzipSync(readFileSync(join(datadirDirectory, `${name}.tar.gz`)));
  const text = (start: number, length: number) => {
    const end = tar.indexOf(0, start);
    return tar.toString('utf8', start, end < 0 || end > start + length ? start + length : end);
  };
  fileSystem.makeDirectory(path);
  let longName: string | null = null;
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12).trim() || '0', 8);
    const type = String.fromCharCode(tar[at + 156]!);
    const prefix = text(at + 345, 155);
    const entryName: string = longName ?? (prefix === '' ? '' : `${prefix}/`) + text(at, 100);
    const data = tar.subarray(at + 512, at + 512 + size);
    longName = type === 'L' ? data.toString('utf8', 0, size - 1) : null;
    if (type === '5') fileSystem.makeDirectory(`${path}/${entryName}`);
    if (type === '0' || type === '\0') fileSystem.writeFile(`${path}/${entryName}`, data);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return fileSystem;
}

export function readExpectedDirectory(name: string): ExpectedDirectory {
  return JSON.parse(readFileSync(join(datadirDirectory, `${name}.expected.json`), 'utf8')) as ExpectedDirectory;
}

/** The official dump tool's text per file. */
export function readDumps(name: string): { file: string; text?: string }[] {
  const text = gunzipSync(readFileSync(join(datadirDirectory, `${name}.dumps.jsonl.gz`))).toString('utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { file: string; text?: string });
}
