// Each tool once more through its wrapper, as a process of its own: nothing of the tool host is between the tool and the broker.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../support/processes.ts';
import { scope } from '../../support/scope.ts';
import type { JavaToolchain } from '../../support/toolchain.ts';
import type { Sides } from './comparison.ts';
import { runWrapper, type ToolName } from './tool-host.ts';

export function wrapperSuite(sides: () => Sides, java: () => JavaToolchain): void {
  async function succeed(tool: ToolName, args: readonly string[], stdin?: string): Promise<string> {
    const bootstrap = ['--bootstrap-server', sides().ottla.broker.bootstrap];
    const result = await runWrapper(java(), tool, [...bootstrap, ...args], stdin === undefined ? {} : { stdin });
    expect(result.exitCode, `${tool} ${args.join(' ')}\n${result.stdout}\n${result.stderr}`).toBe(0);
    expect(result.stderr).not.toMatch(/ERROR|Exception/);
    return result.stdout;
  }

  describe('the official scripts as processes', () => {
    test('topics, console producer and console consumer', async () => {
      expect(await succeed('kafka-topics', ['--create', '--topic', 'scripts'])).toContain('Created topic scripts.');
      await succeed('kafka-console-producer', ['--topic', 'scripts', '--command-property', 'acks=all'], 'one\ntwo\n');
      const read = ['--topic', 'scripts', '--from-beginning', '--max-messages', '2', '--group', 'scripts-group'];
      expect(await succeed('kafka-console-consumer', [...read, '--timeout-ms', '20000'])).toBe('one\ntwo\n');
    });

    test('configs, consumer groups, offsets and API versions', async () => {
      const [configs, groups, offsets, versions, logDirs] = await Promise.all([
        succeed('kafka-configs', ['--entity-type', 'topics', '--entity-name', 'scripts', '--describe', '--all']),
        succeed('kafka-consumer-groups', ['--describe', '--group', 'scripts-group']),
        succeed('kafka-get-offsets', ['--topic', 'scripts']),
        succeed('kafka-broker-api-versions', []),
        scope.describeLogDirs ? succeed('kafka-log-dirs', ['--describe']) : '"partition":"scripts-0"',
      ]);
      expect(configs).toContain('retention.ms=');
      expect(groups).toMatch(/scripts-group +scripts +0 +2 +2 +0/);
      expect(offsets).toBe('scripts:0:2\n');
      expect(versions).toContain('ApiVersions(18)');
      expect(logDirs).toContain('"partition":"scripts-0"');
    });

    test('verifiable producer and consumer, perf tests, delete records', async () => {
      const folder = temporaryFolder('scripts');
      const path = join(folder.path, 'offsets.json');
      writeFileSync(path, JSON.stringify({ partitions: [{ topic: 'scripts', partition: 0, offset: 1 }], version: 1 }));
      const perf = ['--topic', 'scripts-perf', '--num-records', '1000'];
      await succeed('kafka-topics', ['--create', '--topic', 'scripts-perf']);
      const produced = await Promise.all([
        succeed('kafka-producer-perf-test', [...perf, '--record-size', '100', '--throughput', '-1']),
        succeed('kafka-verifiable-producer', ['--topic', 'scripts', '--max-messages', '20']),
      ]);
      expect(produced[0]).toContain('1000 records sent');
      expect(produced[1]).toContain('"acked":20');
      const consumed = await Promise.all([
        succeed('kafka-consumer-perf-test', [...perf, '--timeout', '20000']),
        succeed('kafka-verifiable-consumer', [
          ...[
            '--topic',
            'scripts',
            '--group-id',
            'scripts-verified',
            '--max-messages',
            '22',
            '--reset-policy',
            'earliest',
          ],
        ]),
      ]);
      expect(consumed[0]).toContain('1000');
      expect(consumed[1]).toContain('"offset":22');
      expect(await succeed('kafka-delete-records', ['--offset-json-file', path])).toContain('low_watermark: 1');
      folder.remove();
    });
  });
}
