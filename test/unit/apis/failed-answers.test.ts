// Every API can tell that a request failed as a whole, in each of its versions. The services here know only how to fail.

import { expect, test } from 'vitest';
import { type ApiServices, createApiTable } from '../../../src/apis/index.ts';
import { KafkaError } from '../../../src/wire/errors.ts';
import { Reader } from '../../../src/wire/reader.ts';
import { readGolden } from '../../support/golden.ts';
import { contextOf, noQuotas } from './api-fakes.ts';

const failing: object = new Proxy(() => undefined, {
  get: (_, name) => (name === 'then' || typeof name === 'symbol' ? undefined : failing),
  apply: () => {
    throw new KafkaError('REQUEST_TIMED_OUT', 'too late');
  },
});

test('every API and version has an answer for a request that failed as a whole', async () => {
  const wrong: string[] = [];
  let answered = 0;
  for (const api of createApiTable(failing as ApiServices).values()) {
    const vectors = readGolden<{ version: number; fill: string; hex: string }>(`messages/${api.name}Request.jsonl.gz`);
    for (const { version, fill, hex } of vectors) {
      if (version < api.versions.min || version > api.versions.max) continue;
      const reply = await api.serve(new Reader(Buffer.from(hex, 'hex')), contextOf(version), {
        quotas: noQuotas,
        monitor: null,
        unexpected: (error) => {
          const text = String(error);
          // What these services hand out is no data; only an answer that cannot be written is of interest.
          if (/cannot be said|not a safe|WireError/.test(text)) wrong.push(`${api.name} v${version} ${fill}: ${text}`);
        },
      });
      if (Array.isArray(reply)) answered++;
    }
  }
  expect(wrong).toEqual([]);
  expect(answered).toBeGreaterThan(500);
});
