// A bounded run of the fuzzer; `npm run fuzz -- --seed <n> --count <n>` makes longer ones.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadCorpus } from './corpus.ts';
import { FuzzedBroker, fuzz } from './fuzzer.ts';

const seed = Number(process.env['OTTLA_FUZZ_SEED'] ?? 1);
const count = Number(process.env['OTTLA_FUZZ_COUNT'] ?? 4000);
/** What is kept for a while by right (transactional ids, the metadata log), and more; one lost request is a few hundred bytes. */
const KEPT_BYTES_MAX = 48 * 2 ** 20;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

let target: FuzzedBroker;
beforeAll(async () => {
  target = await FuzzedBroker.start();
});
afterAll(() => target.broker.stop());

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}

async function heapBytes(): Promise<number> {
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  return process.memoryUsage().heapUsed + process.memoryUsage().external;
}

test('mutated requests of every API and version: no crash, no hang, no leak', { timeout: 6_000_000 }, async () => {
  const corpus = loadCorpus();
  const sockets = openSockets();
  const first = await fuzz(target, { seed, count: Math.ceil(count / 2), corpus });
  expect(first.findings).toEqual([]);
  await target.clear();
  const before = await heapBytes();
  // The same requests again: what they have made is there already, and what they leave behind shows.
  const second = await fuzz(target, { seed, count: Math.floor(count / 2), corpus });
  expect(second.findings).toEqual([]);
  await target.clear();
  const kept = (await heapBytes()) - before;
  const sent = first.sent + second.sent;
  const answered = first.answered + second.answered;
  const keptText = `${(kept / 2 ** 20).toFixed(1)} MiB more at the end`;
  console.log(`seed ${seed}: ${sent} requests, ${answered} answered, the others closed; ${keptText}`);
  expect(kept).toBeLessThan(KEPT_BYTES_MAX);
  await expect.poll(openSockets, { timeout: 20_000 }).toBeLessThanOrEqual(sockets);
});
