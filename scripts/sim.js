// npm run sim -- [--seed <number>] [--hours <number>] [--trace]: the simulation of test/chaos/sim, from a seed on, for as many hours of virtual
// time as one likes; with a seed alone, that one. A failure names its seed, which repeats it; --trace shows what the nodes logged.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { seed: { type: 'string' }, hours: { type: 'string' }, trace: { type: 'boolean', default: false } },
});
const hours = values.hours ?? (values.seed === undefined ? '1' : undefined);
const run = spawnSync('npx', ['vitest', 'run', 'test/chaos/sim'], {
  stdio: 'inherit',
  env: {
    ...process.env,
    ...(values.seed === undefined ? {} : { OTTLA_SIM_SEED: values.seed }),
    ...(hours === undefined ? {} : { OTTLA_SIM_HOURS: hours }),
    ...(values.trace ? { OTTLA_SIM_TRACE: '1' } : {}),
  },
});
process.exitCode = run.status ?? 1;
