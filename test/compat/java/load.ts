// kafka-verifiable-producer, kafka-verifiable-consumer, kafka-producer-perf-test, kafka-consumer-perf-test

import { describe, expect, test } from 'vitest';
import { groupProtocols, scope } from '../../support/scope.ts';
import { expectSame, onBoth, type Sides } from './comparison.ts';

/** Every number, since these tools print measurements. */
const withoutNumbers = (text: string): string => text.replace(/-?\d+([.,]\d+)?/g, '<n>');

/** The JSON lines of a verifiable tool, without times and rates. */
function events(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => {
      const { timestamp: _, avg_throughput: __, ...event } = JSON.parse(line) as Record<string, unknown>;
      return event;
    });
}

export function loadSuite(sides: () => Sides): void {
  describe('kafka-verifiable-producer and kafka-verifiable-consumer', () => {
    for (const acks of ['-1', '1', '0']) {
      test(`the producer sees every acknowledgement (acks=${acks})`, async () => {
        const topic = `verified${acks}`;
        await onBoth(sides(), (side) => side.output('kafka-topics', ['--create', '--topic', topic]));
        const text = await expectSame(sides(), async (side) => {
          const args = ['--topic', topic, '--max-messages', '300', '--acks', acks, '--repeating-keys', '7'];
          return JSON.stringify(events(await side.output('kafka-verifiable-producer', args)), null, 1);
        });
        expect(text).toContain('"acked": 300');
      });
    }

    for (const protocol of groupProtocols) {
      test(`the consumer reads and commits them all (${protocol} protocol)`, async () => {
        const text = await expectSame(sides(), async (side) => {
          const seen = events(
            await side.output('kafka-verifiable-consumer', [
              ...['--topic', 'verified-1', '--group-id', `verified-${protocol}`, '--group-protocol', protocol],
              ...['--max-messages', '300', '--reset-policy', 'earliest'],
            ]),
          );
          // How many polls it takes depends on time; first and last of each kind do not.
          const consumed = seen
            .filter((event) => event['name'] === 'records_consumed')
            .reduce((sum, event) => sum + Number(event['count']), 0);
          const committed = seen.filter((event) => event['name'] === 'offsets_committed').at(-1);
          const names = [...new Set(seen.map((event) => event['name']))];
          return JSON.stringify({ consumed, committed, names }, null, 1);
        });
        expect(text).toContain('"consumed": 300');
        expect(text).toContain('"offset": 300');
      });
    }
  });

  describe('kafka-producer-perf-test and kafka-consumer-perf-test', () => {
    test('producing prints its closing line', async () => {
      await onBoth(sides(), (side) =>
        side.output('kafka-topics', ['--create', '--topic', 'perf', '--partitions', '2']),
      );
      const text = await expectSame(sides(), async (side) => {
        const result = await side.host.run('kafka-producer-perf-test', [
          ...['--bootstrap-server', side.broker.bootstrap, '--topic', 'perf', '--num-records', '20000'],
          ...['--record-size', '200', '--throughput', '-1', '--command-property', 'acks=all', 'compression.type=lz4'],
        ]);
        return `exit ${result.exitCode}\n${result.stdout.trimEnd().split('\n').at(-1)}`.replace(
          /(?<!^20000|exit )\b\d+(\.\d+)?/g,
          '<n>',
        );
      });
      expect(text).toContain('records sent');
    });

    if (scope.transactions)
      test('producing in transactions', async () => {
        await onBoth(sides(), (side) => side.output('kafka-topics', ['--create', '--topic', 'perf-txn']));
        await expectSame(sides(), async (side) => {
          const result = await side.host.run('kafka-producer-perf-test', [
            ...['--bootstrap-server', side.broker.bootstrap, '--topic', 'perf-txn', '--num-records', '500'],
            ...[
              '--record-size',
              '50',
              '--throughput',
              '2000',
              '--transactional-id',
              'perf',
              '--transaction-duration-ms',
              '50',
            ],
          ]);
          const read = await side.outcome('kafka-console-consumer', [
            ...['--topic', 'perf-txn', '--from-beginning', '--isolation-level', 'read_committed'],
            ...['--max-messages', '500', '--timeout-ms', '10000'],
          ]);
          return `exit ${result.exitCode}\n${read.includes('Processed a total of 500 messages')}`;
        });
      });

    test('consuming prints its table', async () => {
      const text = await expectSame(sides(), async (side) => {
        const args = ['--topic', 'perf', '--num-records', '20000', '--timeout', '15000'];
        const result = await side.run('kafka-consumer-perf-test', args);
        const counts = result.stdout.trimEnd().split('\n').at(-1)?.split(', ') ?? [];
        return `exit ${result.exitCode}\n${counts[4]}\n${withoutNumbers(result.stdout)}`;
      });
      expect(text).toContain('exit 0\n20000\n');
    });
  });
}
