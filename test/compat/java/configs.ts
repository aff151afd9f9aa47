// kafka-configs

import { describe, expect, test } from 'vitest';
import { expectSame, onBoth, type Side, type Sides, sortedLines } from './comparison.ts';

/** Settings that hold this run's addresses and folders, or whose value is the machine's. */
const ownSettings =
  /^ {2}(advertised\.listeners|controller\.quorum\.|listeners|log\.dirs?|metadata\.log\.dir)\S*=.*$/gm;

export function configSuite(sides: () => Sides): void {
  const topic = (...args: string[]): string[] => ['--entity-type', 'topics', '--entity-name', 'configured', ...args];

  async function alterAndDescribe(side: Side, entity: string[], changes: string[][]): Promise<string> {
    let text = '';
    for (const change of changes) {
      text += await side.outcome('kafka-configs', [...entity, '--alter', ...change]);
      text += sortedLines(await side.outcome('kafka-configs', [...entity, '--describe']));
    }
    return text;
  }

  describe('kafka-configs', () => {
    test('adds, changes and deletes topic settings, lists included', async () => {
      await onBoth(sides(), (side) => side.output('kafka-topics', ['--create', '--topic', 'configured']));
      await expectSame(sides(), (side) =>
        alterAndDescribe(side, topic(), [
          ['--add-config', 'retention.ms=1000000,max.message.bytes=2000000'],
          ['--add-config', 'cleanup.policy=[compact,delete]'],
          ['--add-config', 'compression.type=zstd', '--delete-config', 'max.message.bytes'],
          ['--delete-config', 'retention.ms,cleanup.policy'],
        ]),
      );
    });

    test('describes every setting of a topic with its synonyms', async () => {
      const text = await expectSame(sides(), async (side) =>
        sortedLines(await side.outcome('kafka-configs', topic('--describe', '--all'))),
      );
      expect(text).toContain('compression.type=zstd');
    });

    test('describes all topics that have settings', async () => {
      await expectSame(sides(), async (side) =>
        sortedLines(await side.outcome('kafka-configs', ['--entity-type', 'topics', '--describe'])),
      );
    });

    const refused: [string, string[]][] = [
      ['an unknown setting', topic('--alter', '--add-config', 'no.such.setting=1')],
      ['a value that is no number', topic('--alter', '--add-config', 'retention.ms=soon')],
      ['a value out of range', topic('--alter', '--add-config', 'min.cleanable.dirty.ratio=2')],
      ['a value that is none of the choices', topic('--alter', '--add-config', 'compression.type=rar')],
      ['deleting a setting that is not set', topic('--alter', '--delete-config', 'retention.bytes')],
      ['a topic that does not exist', ['--entity-type', 'topics', '--entity-name', 'nowhere', '--describe']],
      [
        'changing a topic that does not exist',
        ['--entity-type', 'topics', '--entity-name', 'nowhere', '--alter', '--add-config', 'retention.ms=1'],
      ],
      [
        'a broker setting that needs a restart',
        ['--entity-type', 'brokers', '--entity-name', '1', '--alter', '--add-config', 'node.id=2'],
      ],
      [
        'a per-broker setting for the cluster',
        [
          '--entity-type',
          'brokers',
          '--entity-default',
          '--alter',
          '--add-config',
          'advertised.listeners=PLAINTEXT://x:1',
        ],
      ],
      [
        'an invalid broker setting',
        ['--entity-type', 'brokers', '--entity-name', '1', '--alter', '--add-config', 'log.retention.ms=soon'],
      ],
    ];
    for (const [name, args] of refused) {
      test(`refuses ${name} in Kafka's words`, async () => {
        await expectSame(sides(), (side) => side.outcome('kafka-configs', args));
      });
    }

    test('changes settings of one broker and the default of all', async () => {
      await expectSame(sides(), (side) =>
        alterAndDescribe(
          side,
          ['--entity-type', 'brokers', '--entity-name', '1'],
          [
            ['--add-config', 'log.cleaner.threads=2,message.max.bytes=1500000'],
            ['--delete-config', 'log.cleaner.threads'],
          ],
        ),
      );
      await expectSame(sides(), (side) =>
        alterAndDescribe(
          side,
          ['--entity-type', 'brokers', '--entity-default'],
          [
            ['--add-config', 'log.retention.bytes=100000000'],
            ['--delete-config', 'log.retention.bytes'],
          ],
        ),
      );
      await expectSame(sides(), async (side) =>
        sortedLines(await side.outcome('kafka-configs', topic('--describe', '--all'))),
      );
      await expectSame(sides(), (side) =>
        alterAndDescribe(
          side,
          ['--entity-type', 'brokers', '--entity-name', '1'],
          [['--delete-config', 'message.max.bytes']],
        ),
      );
    });

    test('describes every setting of a broker', async () => {
      const text = await expectSame(sides(), async (side) =>
        sortedLines(
          await side.outcome('kafka-configs', [
            '--entity-type',
            'brokers',
            '--entity-name',
            '1',
            '--describe',
            '--all',
          ]),
        ).replace(ownSettings, ''),
      );
      expect(text).toContain('log.retention.hours=168');
    });

    test('changes settings of a group', async () => {
      await expectSame(sides(), (side) =>
        alterAndDescribe(
          side,
          ['--entity-type', 'groups', '--entity-name', 'configured-group'],
          [
            ['--add-config', 'consumer.session.timeout.ms=50000,consumer.heartbeat.interval.ms=6000'],
            ['--add-config', 'consumer.session.timeout.ms=1'],
            ['--delete-config', 'consumer.session.timeout.ms,consumer.heartbeat.interval.ms'],
          ],
        ),
      );
    });
  });
}
