// kafka-console-producer and kafka-console-consumer

import { describe, expect, test } from 'vitest';
import { groupProtocols } from '../../support/scope.ts';
import { expectSame, onBoth, type Side, type Sides, sortedLines } from './comparison.ts';
import { formattedRecords } from './formatters.ts';

const everything = ['timestamp', 'partition', 'offset', 'headers', 'key'].flatMap((what) => [
  '--formatter-property',
  `print.${what}=true`,
]);

export function consoleSuite(sides: () => Sides): void {
  async function create(topic: string, ...args: string[]): Promise<void> {
    await onBoth(sides(), (side) => side.output('kafka-topics', ['--create', '--topic', topic, ...args]));
  }

  function consume(side: Side, topic: string, ...args: string[]): Promise<string> {
    return side.outcome('kafka-console-consumer', ['--topic', topic, '--timeout-ms', '10000', ...args]);
  }

  describe('kafka-console-producer and kafka-console-consumer', () => {
    test('lines come back, from the beginning', async () => {
      await create('lines');
      const text = await expectSame(sides(), async (side) => {
        await side.produce('lines', ['one', 'two', 'grüße 世界', '']);
        return consume(side, 'lines', '--from-beginning', '--max-messages', '4');
      });
      expect(text).toContain('one\ntwo\ngrüße 世界\n\n');
    });

    for (const acks of ['all', '1', '0']) {
      test(`acks=${acks}`, async () => {
        await create(`acks-${acks}`);
        const text = await expectSame(sides(), async (side) => {
          await side.produce(`acks-${acks}`, ['a', 'b', 'c'], ['--command-property', `acks=${acks}`]);
          return consume(side, `acks-${acks}`, '--from-beginning', '--max-messages', '3', ...everything);
        });
        expect(text).toContain('Partition:0\tOffset:2\tNO_HEADERS\tnull\tc');
      });
    }

    for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
      test(`--compression-codec ${codec}`, async () => {
        await create(`codec-${codec}`);
        const lines = Array.from({ length: 200 }, (_, index) => `${codec} ${index} ${'text-that-repeats-'.repeat(5)}`);
        const text = await expectSame(sides(), async (side) => {
          await side.produce(`codec-${codec}`, lines, ['--compression-codec', codec]);
          return consume(side, `codec-${codec}`, '--from-beginning', '--max-messages', '200');
        });
        expect(text).toContain(lines.join('\n'));
      });

      test(`a topic with compression.type=${codec === 'none' ? 'uncompressed' : codec}`, async () => {
        const topic = `recompressed-${codec}`;
        await create(topic, '--config', `compression.type=${codec === 'none' ? 'uncompressed' : codec}`);
        const text = await expectSame(sides(), async (side) => {
          await side.produce(topic, ['p', 'q', 'r'], ['--compression-codec', codec === 'gzip' ? 'zstd' : 'gzip']);
          return consume(side, topic, '--from-beginning', '--max-messages', '3', ...everything);
        });
        expect(text).toContain('r\n');
      });
    }

    test('keys, headers and null markers', async () => {
      await create('shapes');
      const properties = ['parse.key=true', 'parse.headers=true', 'null.marker=<nil>'];
      const text = await expectSame(sides(), async (side) => {
        await side.produce(
          'shapes',
          ['h1:v1,h2:v2\tk1\tvalue 1', '<nil>\tk2\t<nil>', 'h:\t<nil>\tvalue 3'],
          properties.flatMap((property) => ['--reader-property', property]),
        );
        return consume(side, 'shapes', '--from-beginning', '--max-messages', '3', ...everything);
      });
      expect(text).toContain('h1:v1,h2:v2\tk1\tvalue 1');
    });

    test('keys go to the same partitions on both sides', async () => {
      await create('keyed', '--partitions', '3');
      const lines = Array.from({ length: 30 }, (_, index) => `key-${index}\tvalue-${index}`);
      await expectSame(sides(), async (side) => {
        await side.produce('keyed', lines, ['--reader-property', 'parse.key=true']);
        return sortedLines(await consume(side, 'keyed', '--from-beginning', '--max-messages', '30', ...everything));
      });
    });

    test('timestamps: CreateTime, and LogAppendTime where the topic says so', async () => {
      await create('appended', '--config', 'message.timestamp.type=LogAppendTime');
      const text = await expectSame(sides(), async (side) => {
        await side.produce('appended', ['x', 'y']);
        return consume(side, 'appended', '--from-beginning', '--max-messages', '2', ...everything);
      });
      expect(text).toContain('LogAppendTime:<time>');
    });

    test('--partition with --offset: a number, earliest, latest and beyond the end', async () => {
      await expectSame(sides(), async (side) => {
        const at = (offset: string, ...more: string[]): Promise<string> =>
          side.outcome('kafka-console-consumer', ['--topic', 'lines', '--partition', '0', '--offset', offset, ...more]);
        let text = await at('2', '--max-messages', '2', '--timeout-ms', '10000', ...everything);
        text += await at('earliest', '--max-messages', '1', '--timeout-ms', '10000');
        text += await at('latest', '--timeout-ms', '700');
        text += await at('1000', '--timeout-ms', '700');
        return text;
      });
    });

    for (const protocol of groupProtocols) {
      test(`--group goes on where it stopped (${protocol} protocol)`, async () => {
        const topic = `resumed-${protocol}`;
        await create(topic);
        const text = await expectSame(sides(), async (side) => {
          const group = ['--group', `console-${protocol}`, '--command-property', `group.protocol=${protocol}`];
          await side.produce(topic, ['1', '2', '3', '4']);
          let seen = await consume(side, topic, ...group, '--from-beginning', '--max-messages', '3');
          seen += await consume(side, topic, ...group, '--max-messages', '1');
          await side.produce(topic, ['5']);
          seen += await consume(side, topic, ...group, '--max-messages', '1');
          return seen;
        });
        expect(text.match(/^[1-5]$/gm)).toEqual(['1', '2', '3', '4', '5']);
      });
    }

    test('--include reads all topics of an expression', async () => {
      const text = await expectSame(sides(), async (side) =>
        sortedLines(
          await side.outcome('kafka-console-consumer', [
            ...['--include', 'acks-(all|1)', '--from-beginning', '--max-messages', '6', '--timeout-ms', '10000'],
          ]),
        ),
      );
      expect(text).toContain('a\na\nb\nb\nc\nc');
    });

    test('a topic is created by producing to it', async () => {
      const text = await expectSame(sides(), async (side) => {
        await side.produce('made-by-producing', ['first']);
        const seen = await consume(side, 'made-by-producing', '--from-beginning', '--max-messages', '1');
        return seen + (await side.outcome('kafka-topics', ['--describe', '--topic', 'made-by-producing']));
      });
      expect(text).toContain('first');
    });

    test('a record too large is refused in Kafka’s words', async () => {
      await create('small', '--config', 'max.message.bytes=1000');
      const text = await expectSame(sides(), (side) =>
        side.outcome('kafka-console-producer', ['--topic', 'small'], { stdin: `${'x'.repeat(5000)}\n` }),
      );
      expect(text).toContain('RecordTooLargeException');
    });

    test('a record without a key is refused by a compacted topic', async () => {
      await create('compacted', '--config', 'cleanup.policy=compact');
      const text = await expectSame(sides(), (side) =>
        side.outcome('kafka-console-producer', ['--topic', 'compacted'], { stdin: 'no key\n' }),
      );
      expect(text).toContain('Compacted topic cannot accept message without key');
    });

    test('committed offsets can be read from __consumer_offsets with the official formatter', async () => {
      const text = await expectSame(sides(), async (side) => {
        const seen = await side.outcome('kafka-console-consumer', [
          ...['--topic', '__consumer_offsets', '--from-beginning', '--timeout-ms', '1500'],
          ...['--formatter', 'org.apache.kafka.tools.consumer.OffsetsMessageFormatter'],
        ]);
        const offsets = new Map<string, string>();
        for (const line of formattedRecords(seen)) {
          const key = /"group":"(console-\w+)","topic":"[^"]+","partition":\d+/.exec(line)?.[0];
          // How often a consumer commits on its way depends on time; what counts is the last word.
          if (key !== undefined) offsets.set(key, line.replace(/"(commit|expire)Timestamp":-?\d+/g, '"$1Timestamp":0'));
        }
        return [...offsets.values()].sort().join('\n');
      });
      expect(text).toMatch(/"group":"console-classic"/);
    });
  });
}
