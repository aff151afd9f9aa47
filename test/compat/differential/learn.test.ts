import { writeFileSync } from 'node:fs';
import { it } from 'vitest';
import { startApacheKafka, startOttla } from '../../support/brokers.ts';
import { prepareJava, toolsOf } from '../../support/toolchain.ts';
import { runAll } from './run-all.ts';
import { scripts } from './scripts/index.ts';

it('learn', async () => {
  const kind = process.env['LEARN'] ?? 'apache';
  const only = process.env['ONLY'];
  const t0 = performance.now();
  const broker = kind === 'apache' ? await startApacheKafka(toolsOf(await prepareJava())) : await startOttla();
  const t1 = performance.now();
  const chosen = scripts.filter((s) => only === undefined || s.name.includes(only));
  const all: Record<string, unknown> = {};
  try {
    const { runScript } = await import('./run-script.ts');
    if (process.env['TOLERANT']) {
      const { prepareForTest } = (await import('./run-all.ts')) as any;
      void prepareForTest;
    }
    const t = await runAll(chosen, broker);
    for (const [k, v] of t) all[k] = v;
    void runScript;
  } finally {
    console.log(
      'start',
      t1 - t0,
      'run',
      performance.now() - t1,
      Object.values(all).reduce((n: number, v) => n + (v as unknown[]).length, 0),
    );
    writeFileSync(`/tmp/d/${kind}.json`, JSON.stringify(all, null, 1));
    writeFileSync(`/tmp/d/${kind}.log`, broker.output());
    await broker.remove();
  }
});
