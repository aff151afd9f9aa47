// The valid requests that the fuzzer starts from: the golden vectors of every request in every version, and the requests of the
// differential scripts, which name topics and groups that hang together.

import { everyApi } from '../../scripts/generate-api-table.ts';
import { decode } from '../../src/wire/codec.ts';
import { scripts } from '../compat/differential/scripts/index.ts';
import { readGolden } from '../support/golden.ts';
import { type Body, encodeBody, schemaOf } from '../support/raw-client.ts';

export interface Seed {
  readonly api: string;
  readonly version: number;
  readonly body: Buffer;
}

interface Vector {
  readonly version: number;
  readonly hex: string;
}

/** By API and version, so that each pair is as likely as any other. */
export function loadCorpus(): Seed[][] {
  const pairs: Seed[][] = [];
  for (const { name: api, versions } of everyApi()) {
    const vectors = readGolden<Vector>(`messages/${api}Request.jsonl.gz`);
    for (let version = versions.min; version <= versions.max; version++) {
      const golden = vectors.filter((vector) => vector.version === version).map(({ hex }) => Buffer.from(hex, 'hex'));
      pairs.push([...golden, ...scripted(api, version)].map((body) => ({ api, version, body })));
    }
  }
  return pairs;
}

function scripted(api: string, version: number): Buffer[] {
  const bodies: Buffer[] = [];
  for (const { steps } of scripts) {
    for (const step of steps) {
      if (!('api' in step) || step.api !== api || step.version !== version || step.body === undefined) continue;
      try {
        const body = encodeBody(api, version, concrete(step.body) as Body);
        decode(schemaOf(`${api}Request`), version, body);
        bodies.push(body);
      } catch {
        // It holds a value that only the script's earlier answers have, in a place where no text can stand.
      }
    }
  }
  return bodies;
}

/** All scripts share their topics here, so that what one creates another one finds. */
function concrete(value: unknown): unknown {
  if (typeof value === 'string') return value.startsWith('$') ? saved(value) : value.replaceAll('@', 'fuzz-');
  if (value === null || typeof value !== 'object' || Buffer.isBuffer(value)) return value;
  if (Array.isArray(value)) return value.map(concrete);
  if ('batchOf' in value) return Buffer.alloc(0);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, concrete(inner)]));
}

function saved(name: string): unknown {
  if (/epoch|generation|session/i.test(name)) return 0;
  if (/producer/i.test(name)) return 0;
  return /id$/i.test(name) ? 'hloYyovRSj-Y0Z7LtQuJ3A' : 'saved';
}
