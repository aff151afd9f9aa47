// kafka-get-offsets, kafka-delete-records, kafka-broker-api-versions, kafka-cluster, kafka-log-dirs

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../support/processes.ts';
import { scope } from '../../support/scope.ts';
import { expectSame, onBoth, type Side, type Sides, sortedLines } from './comparison.ts';

/** The line of one API in the tool's table: `Produce(0): 0 to 13 [usable: 13]`. */
function apiVersions(text: string): Map<string, string> {
  const versions = new Map<string, string>();
  for (const [, api, range] of text.matchAll(/^\s*(\w+\(\d+\)): (.*?),?$/gm)) versions.set(api ?? '', range ?? '');
  return versions;
}

/** Of records that were written within one millisecond, the first has the greatest timestamp: that is one of the last few. */
function withoutTies(text: string, ends: readonly number[]): string {
  return text.replace(/^(measured:(\d):)(\d+)$/gm, (line, partition: string, index: string, offset: string) =>
    Number(offset) >= (ends[Number(index)] ?? 0) - TIED_RECORDS ? `${partition}<one of the last>` : line,
  );
}

const TIED_RECORDS = 5;
const greatestTimestamp = new Set(['-3', 'max-timestamp']);

async function offsetsAt(side: Side, time: string): Promise<string> {
  const text = await side.outcome('kafka-get-offsets', ['--topic', 'measured', '--time', time]);
  if (!greatestTimestamp.has(time)) return text;
  const ends = await side.outcome('kafka-get-offsets', ['--topic', 'measured', '--time', '-1']);
  return withoutTies(
    text,
    [...ends.matchAll(/^measured:\d:(\d+)$/gm)].map(([, end]) => Number(end)),
  );
}

export function offsetSuite(sides: () => Sides): void {
  const times = ['-1', '-2', '-3', '-4', '-5', 'latest', 'earliest', 'max-timestamp', '0', '4102444800000'];

  describe('kafka-get-offsets', () => {
    test('answers every kind of time', async () => {
      await onBoth(sides(), async (side) => {
        await side.output('kafka-topics', ['--create', '--topic', 'measured', '--partitions', '3']);
        const lines = Array.from({ length: 40 }, (_, index) => `key-${index}\tvalue`);
        await side.produce('measured', lines, ['--reader-property', 'parse.key=true', '--sync', '--timeout', '0']);
      });
      await expectSame(sides(), async (side) => {
        let text = '';
        for (const time of times) {
          text += `${time}\n${await offsetsAt(side, time)}`;
        }
        return text;
      });
    });

    test('selects topics and partitions', async () => {
      await expectSame(sides(), async (side) => {
        let text = await side.outcome('kafka-get-offsets', ['--topic', 'measured', '--partitions', '0,2']);
        text += await side.outcome('kafka-get-offsets', ['--topic-partitions', 'measured:1-3,lines:0']);
        text += await side.outcome('kafka-get-offsets', ['--topic', 'acks-.*']);
        text += await side.outcome('kafka-get-offsets', ['--topic', 'nowhere']);
        text += sortedLines(
          await side.outcome('kafka-get-offsets', ['--exclude-internal-topics', '--topic', '[a-z].*s']),
        );
        return text;
      });
    });
  });

  describe('kafka-delete-records', () => {
    test('moves the log start offset', async () => {
      const folder = temporaryFolder('records');
      const path = join(folder.path, 'offsets.json');
      const partitions = [
        { topic: 'measured', partition: 0, offset: 3 },
        { topic: 'measured', partition: 1, offset: -1 },
        { topic: 'measured', partition: 2, offset: 100000 },
      ];
      writeFileSync(path, JSON.stringify({ partitions, version: 1 }));
      await expectSame(sides(), async (side) => {
        let text = sortedLines(await side.outcome('kafka-delete-records', ['--offset-json-file', path]));
        for (const time of ['-1', '-2', '-3']) {
          text += await offsetsAt(side, time);
        }
        return text;
      });
      folder.remove();
    });
  });

  describe('kafka-broker-api-versions', () => {
    test('every API that is offered has the versions that Apache Kafka offers', async () => {
      const { ottla, apache } = await onBoth(sides(), async (side) => {
        const text = await side.output('kafka-broker-api-versions', []);
        expect(side.normalise(text)).toMatch(/^<broker> \(id: 1 rack: null isFenced: false\) -> \($/m);
        return apiVersions(text);
      });
      expect(ottla.size).toBeGreaterThan(20);
      // UNSUPPORTED is the tool's word for an API that a broker does not list.
      const offered = [...ottla].filter(([, range]) => !range.includes('UNSUPPORTED'));
      expect(Object.fromEntries(offered)).toEqual(Object.fromEntries(offered.map(([api]) => [api, apache.get(api)])));
    });
  });

  describe('kafka-cluster and kafka-log-dirs', () => {
    test('the cluster has an id', async () => {
      await onBoth(sides(), async (side) => {
        const result = await side.host.run('kafka-cluster', [
          'cluster-id',
          '--bootstrap-server',
          side.broker.bootstrap,
        ]);
        expect(result.stdout, side.broker.kind).toMatch(/^Cluster ID: \S{22}$/m);
      });
    });

    if (scope.describeLogDirs)
      test('log directories say how much each partition takes', async () => {
        await expectSame(sides(), async (side: Side) => {
          const text = await side.outcome('kafka-log-dirs', ['--describe', '--topic-list', 'measured,lines,acks-all']);
          const json = /^\{.*\}$/m.exec(text)?.[0] ?? '{}';
          const described = JSON.parse(json) as {
            brokers?: { broker: number; logDirs: { error: string | null; partitions: { partition: string }[] }[] }[];
          };
          for (const broker of described.brokers ?? []) {
            for (const directory of broker.logDirs) {
              directory.partitions.sort((a, b) => (a.partition < b.partition ? -1 : 1));
            }
          }
          // How many batches the client cut its lines into, and so the sizes, depends on time where sends are not one by one.
          return `${JSON.stringify(described, null, 1)}`.replace(
            /("partition": "(?!measured)[\s\S]*?"size": )\d+/g,
            '$1"any"',
          );
        });
      });
  });
}
