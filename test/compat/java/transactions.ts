// TransactionalMessageCopier (a consumer and a transactional producer with sendOffsetsToTransaction) and kafka-transactions

import { describe, expect, test } from 'vitest';
import { scope } from '../../support/scope.ts';
import { expectSame, onBoth, type Sides, words } from './comparison.ts';

const MESSAGES = Array.from({ length: 600 }, (_, index) => String(index));

/** Producer ids, epochs, times: every number of the lines that tell of `copier` or of a producer. */
const withoutNumbers = (text: string): string => words(text).replace(/(?<![\w-])-?\d+(?![\w-])/g, '<n>');

export function transactionSuite(sides: () => Sides): void {
  if (!scope.transactions) return;

  describe('transactions', () => {
    test('TransactionalMessageCopier copies everything once, though it aborts at random', async () => {
      const read = await expectSame(sides(), async (side) => {
        await side.output('kafka-topics', ['--create', '--topic', 'copy-in']);
        await side.output('kafka-topics', ['--create', '--topic', 'copy-out', '--partitions', '3']);
        await side.produce('copy-in', MESSAGES);
        const copied = await side.host.run('transactional-message-copier', [
          ...['--broker-list', side.broker.bootstrap, '--input-topic', 'copy-in', '--input-partition', '0'],
          ...['--output-topic', 'copy-out', '--max-messages', String(MESSAGES.length), '--consumer-group', 'copiers'],
          ...['--transaction-size', '50', '--transactional-id', 'copier', '--enable-random-aborts', '--group-mode'],
        ]);
        const { stdout } = await side.run('kafka-console-consumer', [
          ...['--topic', 'copy-out', '--from-beginning', '--isolation-level', 'read_committed'],
          ...['--max-messages', String(MESSAGES.length), '--timeout-ms', '15000'],
        ]);
        const values = stdout.split('\n').filter((line) => /^\d+$/.test(line));
        return `exit ${copied.exitCode}\n${values.sort((a, b) => Number(a) - Number(b)).join(' ')}`;
      });
      expect(read).toBe(`exit 0\n${MESSAGES.join(' ')}`);
    });

    test('kafka-transactions lists, describes and finds what hangs', async () => {
      const { ottla } = await onBoth(sides(), async (side) => side.run('kafka-transactions', ['list']));
      expect(ottla.stdout).toContain('copier');
      for (const args of [
        ['list', '--transactional-id-pattern', 'cop.*'],
        ['list', '--transactional-id-pattern', 'nobody'],
        ['list', '--duration-filter', '100000000'],
        ['describe', '--transactional-id', 'copier'],
        ['describe-producers', '--topic', 'copy-out', '--partition', '0'],
        ['find-hanging', '--topic', 'copy-out', '--partition', '0'],
      ]) {
        await expectSame(sides(), async (side) => withoutNumbers(await side.output('kafka-transactions', args)));
      }
    });

    test('kafka-transactions says what it cannot find', async () => {
      for (const args of [
        ['describe', '--transactional-id', 'nobody'],
        ['list', '--transactional-id-pattern', '('],
      ]) {
        await expectSame(sides(), async (side) => {
          const { exitCode, stderr } = await side.run('kafka-transactions', args);
          const reason = /[A-Za-z.]+Exception: [^\n]*/.exec(stderr)?.[0] ?? stderr;
          return side.normalise(`exit ${exitCode}\n${reason}`);
        });
      }
    });
  });
}
