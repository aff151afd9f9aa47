// TransactionalMessageCopier (a consumer and a transactional producer with sendOffsetsToTransaction) and kafka-transactions

import { describe, expect, test } from 'vitest';
import { buildBatch } from '../../../src/wire/records/records.ts';
import { RawConnection } from '../../support/raw-client.ts';
import { scope } from '../../support/scope.ts';
import { expectSame, onBoth, type Side, type Sides, words } from './comparison.ts';

const MESSAGES = Array.from({ length: 600 }, (_, index) => String(index));

/** Producer ids, epochs, times: every number of the lines that tell of `copier` or of a producer. */
const withoutNumbers = (text: string): string => words(text).replace(/(?<![\w-])-?\d+(?![\w-])/g, '<n>');

/** One record of a transaction that was never begun, by a producer that nobody knows. */
async function produceInTransaction(side: Side, topic: string, timestamp: number): Promise<void> {
  const connection = await RawConnection.open({ host: '127.0.0.1', port: side.broker.port });
  const records = buildBatch({
    nowMs: timestamp,
    producerId: 4242,
    producerEpoch: 3,
    baseSequence: 0,
    transactional: true,
    records: [{ timestamp, key: null, value: Buffer.from('lost') }],
  });
  const topicData = [{ name: topic, partitionData: [{ index: 0, records }] }];
  const body = { transactionalId: 'nobody', acks: -1, timeoutMs: 10_000, topicData };
  // Apache Kafka's brokers hear of a changed setting a moment after the change was answered.
  const taken = { body: { responses: [{ partitionResponses: [{ errorCode: 0 }] }] } };
  const produce = (): Promise<unknown> => connection.send({ api: 'Produce', version: 11, body });
  await expect.poll(produce, { timeout: 10_000, interval: 100 }).toMatchObject(taken);
  connection.close();
}

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

    test('kafka-transactions finds a transaction that no coordinator knows, and aborts it', async () => {
      const outcome = async (side: Side, ...args: string[]): Promise<string> => {
        const { exitCode, stdout, stderr } = await side.run('kafka-transactions', args);
        // The last two columns are when it began and how many minutes ago that was.
        const table = words(stdout).replace(/ \d{13} \d+$/gm, ' <time>');
        return side.normalise(`exit ${exitCode}\n${table}\n${/[A-Za-z.]+Exception: [^\n]*/.exec(stderr)?.[0] ?? ''}`);
      };
      const told = await expectSame(sides(), async (side) => {
        await side.output('kafka-topics', ['--create', '--topic', 'hung', '--partitions', '1']);
        const verification = 'transaction.partition.verification.enable';
        const defaults = ['--entity-type', 'brokers', '--entity-default', '--alter'];
        // As long as it is on, no batch gets in that its coordinator knows nothing of.
        await side.output('kafka-configs', [...defaults, '--add-config', `${verification}=false`]);
        await produceInTransaction(side, 'hung', Date.now() - 2 * 3_600_000);
        await side.output('kafka-configs', [...defaults, '--delete-config', verification]);
        await side.produce('hung', ['behind it']);
        const read = async (): Promise<string> => {
          const { stdout } = await side.run('kafka-console-consumer', [
            ...['--topic', 'hung', '--from-beginning', '--isolation-level', 'read_committed'],
            ...['--max-messages', '1', '--timeout-ms', '3000'],
          ]);
          return `reads: ${stdout.trim()}`;
        };
        const lines = [await read()];
        for (const args of [
          ['find-hanging', '--broker-id', '1', '--max-transaction-timeout', '60'],
          ['find-hanging', '--broker-id', '1', '--max-transaction-timeout', '600'],
          ['find-hanging', '--topic', 'hung', '--partition', '0'],
          ['find-hanging', '--topic', 'hung'],
          ['find-hanging'],
          ['abort', '--topic', 'hung', '--partition', '0', '--start-offset', '7'],
          ['abort', '--topic', 'no-such', '--partition', '0', '--start-offset', '0'],
          ['abort', '--topic', 'hung', '--partition', '0'],
          ['abort', '--topic', 'hung', '--partition', '0', '--start-offset', '0'],
          ['abort', '--topic', 'hung', '--partition', '0', '--start-offset', '0'],
          ['find-hanging', '--topic', 'hung', '--partition', '0'],
        ]) {
          lines.push(`${args.join(' ')}: ${await outcome(side, ...args)}`);
        }
        return [...lines, await read()].join('\n');
      });
      expect(told).toContain('hung 0 4242 3');
      expect(told).toMatch(/^reads: \n/);
      expect(told).toMatch(/reads: behind it$/);
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
