// Reads the golden material: bytes that the official classes and an official broker made (test/golden/README.md).
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const ownDirectory = join(import.meta.dirname, '../golden');
/** The folder of the vectors; GOLDEN_DIR names another one, so that other vectors can be tried. */
const goldenDirectory = process.env['GOLDEN_DIR'] ?? ownDirectory;
/** The folder of the data directories; DATADIR_DIR names another one. */
export const datadirDirectory = process.env['DATADIR_DIR'] ?? join(ownDirectory, 'datadir');

/** A file of the vectors; our own where another folder lacks it. */
function goldenPath(name: string): string {
  const path = join(goldenDirectory, name);
  return existsSync(path) ? path : join(ownDirectory, name);
}

/** The rows of a gzipped file of one JSON value per line; integers beyond 2^53 come as text. */
export function readGolden<Row>(name: string): Row[] {
  const text = gunzipSync(readFileSync(goldenPath(name))).toString('utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line.replace(/([:,[])(-?\d{16,})(?=[,\]}])/g, '$1"$2"')) as Row);
}

export function goldenFiles(folder: string): string[] {
  return readdirSync(goldenPath(folder)).filter((name) => name.endsWith('.jsonl.gz'));
}

/** The repository's copy of a file of protocol facts. */
export function readFacts<Facts>(name: string): Facts {
  return JSON.parse(readFileSync(join(import.meta.dirname, '../golden/protocol', name), 'utf8')) as Facts;
}
