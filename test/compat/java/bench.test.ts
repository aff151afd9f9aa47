// The benches that run beside Apache Kafka, with next to no data: that they work, not what they measure.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { goals, judge } from '../../../bench/goals.ts';
import type { Result } from '../../../bench/results.ts';
import { repositoryPath, runOrThrow, temporaryFolder } from '../../support/processes.ts';
import { prepareJava, suiteTitle } from '../../support/toolchain.ts';

const java = await prepareJava();

describe.skipIf(java.kind === 'missing')(suiteTitle('benches beside Apache Kafka', java), () => {
  test.each([
    ['produce', 4],
    ['consume', 4],
    ['latency', 7],
    ['small-producers', 2],
    ['idle', 3],
    ['partitions', 4],
    ['recovery', 3],
    ['compaction', 2],
  ])('%s runs against both servers', { timeout: 600_000 }, async (name, count) => {
    const folder = temporaryFolder('bench');
    try {
      const file = join(folder.path, `${name}.json`);
      const main = join(repositoryPath, 'dist', 'bench', 'main.js');
      const args = [main, name, '--smoke', '--json', file];
      const printed = await runOrThrow(process.execPath, args, { timeoutMs: 580_000 });
      const result = JSON.parse(readFileSync(file, 'utf8')) as Result; // written by the bench
      const { rows } = result;
      for (const row of rows) {
        expect(printed).toContain(row.name);
        expect(row.value, row.name).toSatisfy((value) => Number.isFinite(value) && Number(value) >= 0);
      }
      expect(rows.filter(({ apache }) => apache !== undefined && apache >= 0).length).toBeGreaterThanOrEqual(count);
      const lines = judge([result]).filter((_, index) => goals[index]!.bench === name);
      expect(lines.filter(({ row }) => row === null)).toEqual([]);
    } finally {
      folder.remove();
    }
  });
});
