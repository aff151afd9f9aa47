// kafka-topics

import { describe, expect, test } from 'vitest';
import { expectSame, onBoth, type Sides, sortedLines } from './comparison.ts';

export function topicSuite(sides: () => Sides): void {
  describe('kafka-topics', () => {
    test('creates topics with partitions, factor and settings, and describes them', async () => {
      await expectSame(sides(), async (side) => {
        let text = await side.outcome('kafka-topics', ['--create', '--topic', 'plain']);
        const create = ['--create', '--topic', 'shaped', '--partitions', '3', '--replication-factor', '1'];
        const settings = ['--config', 'retention.ms=600000', '--config', 'cleanup.policy=compact,delete'];
        text += await side.outcome('kafka-topics', [...create, ...settings]);
        text += await side.outcome('kafka-topics', ['--create', '--topic', 'assigned', '--replica-assignment', '1,1']);
        text += await side.outcome('kafka-topics', ['--describe', '--topic', 'plain']);
        text += await side.outcome('kafka-topics', ['--describe', '--topic', 'shaped']);
        text += await side.outcome('kafka-topics', ['--describe', '--topic', 'assigned']);
        text += await side.outcome('kafka-topics', ['--describe', '--topics-with-overrides', '--topic', 'pl.*|sh.*']);
        return text;
      });
    });

    test('a topic id given by create is the one that describe --topic-id finds', async () => {
      await expectSame(sides(), async (side) => {
        const text = await side.output('kafka-topics', ['--describe', '--topic', 'shaped']);
        const id = /TopicId: (\S+)/.exec(text)?.[1] ?? 'none';
        return side.outcome('kafka-topics', ['--describe', '--topic-id', id]);
      });
    });

    test('lists topics', async () => {
      const text = await expectSame(sides(), async (side) => side.outcome('kafka-topics', ['--list']));
      expect(text).toContain('shaped');
      await expectSame(sides(), async (side) =>
        side.outcome('kafka-topics', ['--list', '--exclude-internal', '--topic', 'sha.*']),
      );
    });

    test('describes only what is asked: under-replicated, unavailable, under and at min ISR', async () => {
      await expectSame(sides(), async (side) => {
        let text = await side.outcome('kafka-topics', ['--describe', '--under-replicated-partitions']);
        text += await side.outcome('kafka-topics', ['--describe', '--unavailable-partitions']);
        text += await side.outcome('kafka-topics', ['--describe', '--under-min-isr-partitions']);
        text += sortedLines(await side.outcome('kafka-topics', ['--describe', '--at-min-isr-partitions']));
        return text;
      });
    });

    test('adds partitions', async () => {
      await expectSame(sides(), async (side) => {
        let text = await side.outcome('kafka-topics', ['--alter', '--topic', 'plain', '--partitions', '4']);
        text += await side.outcome('kafka-topics', ['--describe', '--topic', 'plain']);
        return text;
      });
    });

    const refused: [string, string[]][] = [
      ['a topic that exists', ['--create', '--topic', 'plain']],
      ['an invalid name', ['--create', '--topic', 'bad/name']],
      ['a name too long', ['--create', '--topic', 'n'.repeat(250)]],
      ['the name ..', ['--create', '--topic', '..']],
      ['a name that collides', ['--create', '--topic', 'co.llide']],
      ['no partitions', ['--create', '--topic', 'refused', '--partitions', '0']],
      ['a factor beyond the brokers', ['--create', '--topic', 'refused', '--replication-factor', '3']],
      ['an assignment to no broker', ['--create', '--topic', 'refused', '--replica-assignment', '7']],
      ['an unknown setting', ['--create', '--topic', 'refused', '--config', 'no.such.setting=1']],
      ['an invalid value', ['--create', '--topic', 'refused', '--config', 'retention.ms=soon']],
      ['a value out of range', ['--create', '--topic', 'refused', '--config', 'segment.bytes=5']],
      ['fewer partitions', ['--alter', '--topic', 'plain', '--partitions', '2']],
      ['the same number of partitions', ['--alter', '--topic', 'plain', '--partitions', '4']],
      ['more partitions of no topic', ['--alter', '--topic', 'nowhere', '--partitions', '2']],
      ['describing no topic', ['--describe', '--topic', 'nowhere']],
      ['deleting no topic', ['--delete', '--topic', 'nowhere']],
    ];
    for (const [name, args] of refused) {
      test(`refuses ${name} in Kafka's words`, async () => {
        if (name === 'a name that collides') {
          await onBoth(sides(), (side) => side.output('kafka-topics', ['--create', '--topic', 'co_llide']));
        }
        await expectSame(sides(), (side) => side.outcome('kafka-topics', args));
      });
    }

    test('is content with --if-exists and --if-not-exists', async () => {
      await expectSame(sides(), async (side) => {
        let text = await side.outcome('kafka-topics', ['--create', '--topic', 'plain', '--if-not-exists']);
        text += await side.outcome('kafka-topics', [
          '--alter',
          '--topic',
          'nowhere',
          '--partitions',
          '9',
          '--if-exists',
        ]);
        text += await side.outcome('kafka-topics', ['--delete', '--topic', 'nowhere', '--if-exists']);
        text += await side.outcome('kafka-topics', ['--describe', '--topic', 'nowhere', '--if-exists']);
        return text;
      });
    });

    test('deletes topics, by name and by expression, and the name can be used again', async () => {
      await expectSame(sides(), async (side) => {
        let text = await side.outcome('kafka-topics', ['--delete', '--topic', 'shaped']);
        text += await side.outcome('kafka-topics', ['--delete', '--topic', 'ass.*']);
        text += await side.outcome('kafka-topics', ['--list']);
        text += await side.outcome('kafka-topics', ['--create', '--topic', 'shaped']);
        text += await side.outcome('kafka-topics', ['--describe', '--topic', 'shaped']);
        return text;
      });
    });
  });
}
