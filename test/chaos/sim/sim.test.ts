/**
 * Seeds of the simulation. The same seed is the same history, to the byte: `npm run sim -- --seed S` repeats one that failed, and
 * `npm run sim -- --hours N` goes through as many seeds as it takes for N hours of virtual time.
 */
import { expect, test } from 'vitest';
import { type SimulationResult, simulate } from './simulation.ts';

const HOUR_MS = 3_600_000;
const CI_SEEDS = 8;
const FIRST_SEED = 1;

const hours = process.env['OTTLA_SIM_HOURS'];
const wantedSeed = process.env['OTTLA_SIM_SEED'];
const trace = process.env['OTTLA_SIM_TRACE'] === undefined ? undefined : (text: string) => console.info(text);

function run(seed: number): Promise<SimulationResult> {
  return simulate({ seed, ...(trace === undefined ? {} : { trace }) });
}

test('clusters under faults lose nothing, contradict nobody and recover', { timeout: 2 ** 31 - 1 }, async () => {
  const first = Number(wantedSeed ?? FIRST_SEED);
  const wantedMs = hours === undefined ? null : Number(hours) * HOUR_MS;
  const seedsMax = wantedMs !== null ? Number.POSITIVE_INFINITY : wantedSeed !== undefined ? 1 : CI_SEEDS;
  let virtualMs = 0;
  let acknowledgedCount = 0;
  const faults = new Map<string, number>();
  for (let seed = first; seed < first + seedsMax && (wantedMs === null || virtualMs < wantedMs); seed++) {
    const result = await run(seed);
    virtualMs += result.virtualMs;
    acknowledgedCount += result.acknowledgedCount;
    for (const [kind, count] of result.faults) faults.set(kind, (faults.get(kind) ?? 0) + count);
    expect(result.acknowledgedCount).toBeGreaterThan(0);
  }
  const facts = { virtualHours: virtualMs / HOUR_MS, acknowledgedCount, faults: Object.fromEntries(faults) };
  console.info(`simulated from seed ${first} on: ${JSON.stringify(facts)}`);
});

test.skipIf(hours !== undefined || wantedSeed !== undefined)(
  'a seed repeats its run exactly',
  { timeout: 120_000 },
  async () => {
    const [one, other] = [await run(FIRST_SEED), await run(FIRST_SEED)];
    expect(other).toEqual(one);
    expect((await run(FIRST_SEED + 1)).hash).not.toBe(one.hash);
  },
);
