// npm run bench -- <name>: each bench prints its figures beside the project's targets and leaves them as JSON on request.
import { writeFileSync } from 'node:fs';
import { type BenchRow, printRows } from './bench.ts';

const benches: Record<string, { title: string; run: () => Promise<BenchRow[]> }> = {
  wire: {
    title: 'wire: codec, record batches, CRC',
    run: async () => {
      const [{ benchCodec }, { benchRecords }] = await Promise.all([import('./wire.ts'), import('./wire-records.ts')]);
      return [...benchCodec(), ...(await benchRecords())];
    },
  },
  start: {
    title: 'start: process start to first answer, resident memory',
    run: async () => (await import('./start.ts')).benchStart(),
  },
};

const [name, option, file] = process.argv.slice(2);
const bench = name === undefined ? undefined : benches[name];
if (bench === undefined) {
  console.log('npm run bench -- <name> [--json <file>]\n');
  for (const [benchName, { title }] of Object.entries(benches)) console.log(`  ${benchName.padEnd(8)} ${title}`);
  process.exitCode = name === undefined ? 0 : 1;
} else {
  const rows = await bench.run();
  printRows(bench.title, rows);
  if (option === '--json' && file !== undefined)
    writeFileSync(file, `${JSON.stringify({ bench: name, rows }, null, 2)}\n`);
}
