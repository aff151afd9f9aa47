// kafka-consumer-groups

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { groupProtocols, scope } from '../../support/scope.ts';
import { expectSame, onBoth, type Side, type Sides, sortedLines, words } from './comparison.ts';

const tool = 'kafka-consumer-groups';

export function groupSuite(sides: () => Sides): void {
  /** A table of the tool: column widths aside, rows in a fixed order, the ids that clients make up replaced. */
  async function table(side: Side, ...args: string[]): Promise<string> {
    const text = words(await side.outcome(tool, args));
    return sortedLines(
      text
        .replaceAll(/\b(console-consumer|consumer-[\w-]+?)-<uuid>/g, '$1-<uuid>')
        .replace(/ [\w-]{22} (?=\/127)/g, ' <uuid> '),
    );
  }

  /** Reads `count` records as a member of the group and leaves. */
  async function consume(side: Side, group: string, topic: string, count: number, protocol = 'classic'): Promise<void> {
    await side.output('kafka-console-consumer', [
      ...['--topic', topic, '--group', group, '--from-beginning', '--max-messages', String(count)],
      ...['--command-property', `group.protocol=${protocol}`, '--timeout-ms', '15000'],
    ]);
  }

  /** Asks the tool again and again until its text matches. */
  async function untilOutput(side: Side, pattern: RegExp, ...args: string[]): Promise<void> {
    let text = '';
    for (let attempt = 0; attempt < 100; attempt++) {
      text = (await side.run(tool, args)).stdout;
      if (pattern.test(text)) return;
      await sleep(100);
    }
    throw new Error(`${side.broker.kind}: ${args.join(' ')} never said ${pattern}:\n${text}`);
  }

  describe('kafka-consumer-groups', () => {
    test('lists groups by name, state, type and protocol', async () => {
      await onBoth(sides(), async (side) => {
        await side.output('kafka-topics', ['--create', '--topic', 'grouped', '--partitions', '2']);
        const lines = Array.from({ length: 20 }, (_, index) => `k${index}\tv${index}`);
        await side.produce('grouped', lines, ['--reader-property', 'parse.key=true']);
        await consume(side, 'group-classic', 'grouped', 20);
        if (scope.consumerGroupProtocol) await consume(side, 'group-consumer', 'grouped', 20, 'consumer');
      });
      const text = await expectSame(sides(), async (side) => {
        const own = (listed: string): string => listed.replace(/^(?!GROUP|group-).*\n?/gm, '');
        let seen = own(await table(side, '--list'));
        seen += own(await table(side, '--list', '--state'));
        seen += own(await table(side, '--list', '--state', 'Empty'));
        seen += own(await table(side, '--list', '--state', 'Stable'));
        seen += own(await table(side, '--list', '--type'));
        seen += own(await table(side, '--list', '--type', 'consumer'));
        return seen;
      });
      expect(text).toContain('group-classic');
      if (scope.consumerGroupProtocol) expect(text).toContain('group-consumer');
    });

    for (const protocol of groupProtocols) {
      test(`describes offsets, members and state of an empty group (${protocol})`, async () => {
        await expectSame(sides(), async (side) => {
          const group = ['--describe', '--group', `group-${protocol}`];
          let text = await table(side, ...group);
          text += await table(side, ...group, '--members', '--verbose');
          text += await table(side, ...group, '--state');
          text += await table(side, ...group, '--offsets', '--verbose');
          return text;
        });
      });

      test(`describes a group with a member (${protocol})`, async () => {
        const text = await expectSame(sides(), async (side) => {
          const group = `live-${protocol}`;
          const member = side.start('kafka-console-consumer', [
            ...['--topic', 'grouped', '--group', group, '--command-property', `group.protocol=${protocol}`],
            ...['--command-property', 'client.id=live', '--from-beginning'],
            ...['--command-property', 'auto.commit.interval.ms=200'],
          ]);
          try {
            await untilOutput(side, /Stable/, '--describe', '--group', group, '--state');
            // Both partitions belong to the member and everything it read is committed: what comes after can be compared.
            await untilOutput(side, /(grouped +\d +(\d+) +\2 +0 [\s\S]*){2}/, '--describe', '--group', group);
            let seen = await table(side, '--describe', '--group', group);
            seen += await table(side, '--describe', '--group', group, '--members', '--verbose');
            seen += await table(side, '--describe', '--group', group, '--state', '--verbose');
            seen += await table(
              side,
              '--reset-offsets',
              '--group',
              group,
              '--to-earliest',
              '--all-topics',
              '--execute',
            );
            seen += await table(side, '--delete', '--group', group);
            return seen;
          } finally {
            await member.stop();
          }
        });
        expect(text).toContain(`live-${protocol} grouped 1`);
      });
    }

    const resets: [string, string[]][] = [
      ['--to-earliest', ['--to-earliest', '--all-topics']],
      ['--to-latest', ['--to-latest', '--topic', 'grouped']],
      ['--to-offset', ['--to-offset', '3', '--topic', 'grouped:1']],
      ['--to-offset out of range', ['--to-offset', '1000', '--topic', 'grouped']],
      ['--shift-by', ['--shift-by', '-2', '--all-topics']],
      ['--to-current', ['--to-current', '--all-topics']],
      ['--to-datetime', ['--to-datetime', '2020-01-01T00:00:00.000', '--all-topics']],
      ['--to-datetime in the future', ['--to-datetime', '2999-01-01T00:00:00.000', '--all-topics']],
      ['--by-duration', ['--by-duration', 'PT1H', '--topic', 'grouped']],
    ];
    for (const [name, args] of resets) {
      test(`resets offsets: ${name}`, async () => {
        await expectSame(sides(), async (side) => {
          let text = await table(side, '--reset-offsets', '--group', 'group-classic', ...args, '--dry-run');
          text += await table(side, '--reset-offsets', '--group', 'group-classic', ...args, '--execute');
          text += await table(side, '--describe', '--group', 'group-classic');
          return text;
        });
      });
    }

    test('resets offsets of a KIP-848 group, and of one that does not exist yet', async () => {
      await expectSame(sides(), async (side) => {
        const args = ['--to-offset', '1', '--topic', 'grouped', '--execute'];
        let text = await table(side, '--reset-offsets', '--group', 'group-consumer', ...args);
        text += await table(side, '--describe', '--group', 'group-consumer');
        text += await table(side, '--reset-offsets', '--group', 'group-new', ...args);
        text += await table(side, '--describe', '--group', 'group-new');
        text += await table(
          side,
          '--reset-offsets',
          '--group',
          'group-new',
          '--to-earliest',
          '--topic',
          'nowhere',
          '--execute',
        );
        return text;
      });
    });

    test('exports offsets', async () => {
      await expectSame(sides(), async (side) =>
        sortedLines(
          await side.outcome(tool, [
            ...['--reset-offsets', '--group', 'group-classic', '--to-current', '--all-topics', '--export', '--dry-run'],
          ]),
        ),
      );
    });

    test('deletes offsets of a topic', async () => {
      await expectSame(sides(), async (side) => {
        let text = await table(side, '--delete-offsets', '--group', 'group-classic', '--topic', 'grouped:0');
        text += await table(side, '--describe', '--group', 'group-classic');
        text += await table(side, '--delete-offsets', '--group', 'group-classic', '--topic', 'nowhere');
        return text;
      });
    });

    test('deletes groups; one that does not exist is refused in Kafka’s words', async () => {
      await expectSame(sides(), async (side) => {
        let text = await table(side, '--delete', '--group', 'group-classic');
        text += await table(side, '--delete', '--group', 'group-consumer');
        text += await table(side, '--delete', '--group', 'group-none');
        text += await table(side, '--describe', '--group', 'group-classic');
        text += await table(side, '--describe', '--group', 'group-none', '--members');
        text += await table(side, '--describe', '--group', 'group-none', '--state');
        return text;
      });
    });

    test('validates an expression', async () => {
      await expectSame(sides(), (side) => side.outcome(tool, ['--validate-regex', 'gr(ou']));
    });
  });
}
