// npm run fuzz -- [--seed <number>] [--count <number>]: the fuzzer of test/fuzz for as long as one likes. A finding comes with its requests; the
// same seed sends the same ones again, but for what the broker's own answers bring in.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { seed: { type: 'string' }, count: { type: 'string' } } });
const seed = values.seed ?? String(Date.now() % 1_000_000);
const run = spawnSync('npx', ['vitest', 'run', 'test/fuzz'], {
  stdio: 'inherit',
  env: { ...process.env, OTTLA_FUZZ_SEED: seed, OTTLA_FUZZ_COUNT: values.count ?? '100000' },
});
process.exitCode = run.status ?? 1;
