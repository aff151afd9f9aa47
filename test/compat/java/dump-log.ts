// kafka-dump-log over stopped data directories. handover.test.ts has cleaned, truncated and transactional ones, and those of killed brokers.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { BARRIER_PREFIX } from '../../support/metadata-barrier.ts';
import { scope } from '../../support/scope.ts';
import { onBoth, type Side, type Sides } from './comparison.ts';
import { decodedLines } from './formatters.ts';
import { runWrapper } from './tool-host.ts';

/** What the tool says when something is wrong; a sound file yields none of it. */
const complaints = /mismatch|corrupt|invalid|error|exception|could not|non-consecutive|isvalid: false/i;

async function dump(side: Side, files: readonly string[], ...options: string[]): Promise<string> {
  return side.normalise(await rawDump(side, files, ...options));
}

/** The tool without a broker. */
async function rawDump(side: Side, files: readonly string[], ...options: string[]): Promise<string> {
  const result = await side.host.run('kafka-dump-log', ['--files', files.join(','), ...options]);
  const text = `${result.stdout}\n${result.stderr}`;
  if (result.exitCode !== 0 || result.timedOut)
    throw new Error(`${side.broker.kind}: kafka-dump-log ${files}\n${text}`);
  return text;
}

function partitionFolders(side: Side): string[] {
  return readdirSync(side.broker.dataPath, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && /-\d+$/.test(entry.name))
    .map((entry) => entry.name)
    .sort();
}

function filesOf(side: Side, folder: string, suffix: string): string[] {
  const path = join(side.broker.dataPath, folder);
  return readdirSync(path)
    .filter((name) => name.endsWith(suffix))
    .sort()
    .map((name) => join(path, name));
}

/** Times, checksums over times, sizes of what holds times, and ids that producers are given. */
function withoutTimes(text: string): string {
  return text
    .replace(
      /\b(CreateTime|LogAppendTime|deleteHorizonMs|timestamp|lastTimestamp|largestTimestamp): ?-?\d+/g,
      '$1: <time>',
    )
    .replace(/\bcrc: \d+/g, 'crc: <crc>')
    .replace(/\b(commit|expire)(_?[tT]imestamp)(": ?|=)-?\d+/g, '$1$2$3<time>')
    .replace(/\bproducerId: \d+/g, 'producerId: <id>');
}

export function dumpLogSuite(sides: () => Sides): void {
  describe('kafka-dump-log', () => {
    beforeAll(async () => {
      await onBoth(sides(), async (side) => {
        // A new JVM, without the warnings of clients that earlier tools left behind.
        await side.host.stop();
        await side.broker.stop();
      });
    }, 60_000);

    test('every record of every partition reads without a complaint', async () => {
      await onBoth(sides(), async (side) => {
        const folders = partitionFolders(side).filter((folder) => !folder.startsWith('__'));
        expect(folders.length).toBeGreaterThan(10);
        const logs = folders.flatMap((folder) => filesOf(side, folder, '.log'));
        const text = await dump(side, logs, '--deep-iteration', '--max-message-size', '20000000');
        expect(text.match(new RegExp(`^.*(${complaints.source}).*$`, 'im'))?.[0]).toBeUndefined();
        expect(text.match(/^Log starting offset: /gm)).toHaveLength(logs.length);
      });
    });

    test('offset and time indexes agree with their logs', async () => {
      await onBoth(sides(), async (side) => {
        const folders = partitionFolders(side);
        for (const option of [[], ['--index-sanity-check'], ['--verify-index-only']]) {
          const indexes = folders.flatMap((folder) => [
            ...filesOf(side, folder, '.index'),
            ...(option[0] === '--index-sanity-check' ? [] : filesOf(side, folder, '.timeindex')),
          ]);
          expect(indexes.length).toBeGreaterThan(10);
          const text = await dump(side, indexes, ...option);
          expect(text.match(new RegExp(`^.*(${complaints.source}).*$`, 'im'))?.[0]).toBeUndefined();
        }
      });
    });

    test('producer snapshots and transaction indexes read', async () => {
      await onBoth(sides(), async (side) => {
        const files = partitionFolders(side).flatMap((folder) => [
          ...filesOf(side, folder, '.snapshot'),
          ...filesOf(side, folder, '.txnindex'),
        ]);
        expect(files.some((file) => file.endsWith('.snapshot'))).toBe(true);
        const text = await dump(side, files);
        expect(text.match(new RegExp(`^.*(${complaints.source}).*$`, 'im'))?.[0]).toBeUndefined();
      });
    });

    const compared: [string, string, string[]][] = [
      ['lines', 'lines-0', ['--print-data-log']],
      ['keys, headers and nulls', 'shapes-0', ['--print-data-log']],
      ['LogAppendTime', 'appended-0', ['--print-data-log']],
      ['acks=all', 'acks-all-0', ['--print-data-log']],
      ['batches recompressed with zstd', 'recompressed-zstd-0', ['--print-data-log']],
      ['batches decompressed', 'recompressed-none-0', ['--print-data-log']],
      ['a log whose start moved', 'measured-0', ['--print-data-log']],
    ];
    for (const [name, folder, options] of compared) {
      test(`the same text for ${name}`, async () => {
        const { ottla, apache } = await onBoth(sides(), async (side) =>
          withoutTimes(await dump(side, filesOf(side, folder, '.log'), ...options)),
        );
        expect(withoutBatchShape(ottla)).toBe(withoutBatchShape(apache));
      });
    }

    test('the wrapper as a process says the same as the tool host', async () => {
      const { broker, host } = sides().ottla;
      const args = ['--files', join(broker.dataPath, 'lines-0', '00000000000000000000.log'), '--print-data-log'];
      const result = await runWrapper(host.java, 'kafka-dump-log', args);
      expect(result.exitCode, result.stderr).toBe(0);
      expect(result.stdout).toBe((await host.run('kafka-dump-log', args)).stdout);
    });

    test('the committed offsets decode', async () => {
      const { ottla, apache } = await onBoth(sides(), async (side) => {
        const folders = partitionFolders(side).filter((folder) => folder.startsWith('__consumer_offsets-'));
        const logs = folders.flatMap((folder) => filesOf(side, folder, '.log'));
        const text = await dump(side, logs, '--offsets-decoder');
        expect(text).not.toMatch(/exception|failed to decode/i);
        const ours = decodedLines(side, text);
        expect(ours.join()).toContain('formatted-consumer');
        return { types: [...new Set(text.match(/"type":"\d+"/g))].sort(), ours };
      });
      expect(ottla).toEqual(apache);
    });

    if (scope.transactions)
      test('the transaction log decodes', async () => {
        const { ottla, apache } = await onBoth(sides(), async (side) => {
          const folders = partitionFolders(side).filter((folder) => folder.startsWith('__transaction_state-'));
          const logs = folders.flatMap((folder) => filesOf(side, folder, '.log'));
          const text = await dump(side, logs, '--transaction-log-decoder');
          expect(text).not.toMatch(/exception|failed to decode/i);
          const ours = decodedLines(side, text);
          expect(ours.join()).toContain('formatted');
          return { states: [...new Set(text.match(/"transactionStatus":\d+/g))].sort(), ours };
        });
        expect(ottla).toEqual(apache);
      });

    test('the metadata log decodes and says the same', async () => {
      const { ottla, apache } = await onBoth(sides(), async (side) => {
        const folder = '__cluster_metadata-0';
        const files = [...filesOf(side, folder, '.log'), ...filesOf(side, folder, '.checkpoint')];
        const text = await rawDump(side, files, '--cluster-metadata-decoder', '--skip-record-metadata');
        expect(text.match(new RegExp(`^.*(${complaints.source}).*$`, 'im'))?.[0]).toBeUndefined();
        const indexes = [...filesOf(side, folder, '.index'), ...filesOf(side, folder, '.timeindex')];
        expect(await dump(side, indexes)).not.toMatch(complaints);
        return text;
      });
      expect(metadataRecords(ottla)).toEqual(metadataRecords(apache));
    });

    test('bootstrap.checkpoint decodes and says the same', async () => {
      const { ottla, apache } = await onBoth(sides(), async (side) => {
        const path = join(side.broker.dataPath, 'bootstrap.checkpoint');
        expect(existsSync(path), side.broker.kind).toBe(true);
        return withoutTimes(await dump(side, [path], '--cluster-metadata-decoder')).replace(/\d{13}/g, '<time>');
      });
      expect(ottla).toBe(apache);
    });
  });
}

/** A client sends what it has when its time comes: how lines are spread over batches is not the broker's doing. */
function withoutBatchShape(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('baseOffset:'))
    .join('\n')
    .replace(/\b(sequence|position|size|batchSize): -?\d+/g, '$1: <n>');
}

/**
 * The records of the metadata log by kind, with topic names for topic ids, without other ids, ports and times. Left out are the kinds whose
 * number depends on time, and the topics of the suite that ran on one side only.
 */
function metadataRecords(text: string): string[] {
  const records = [...text.matchAll(/payload: (\{.*\})$/gm)].map(([, json]) => json ?? '');
  const names = new Map<string, string>();
  for (const record of records) {
    const [, name, id] = /"name":"([^"]+)","topicId":"([^"]+)"/.exec(record) ?? [];
    if (name !== undefined && id !== undefined) names.set(id, name);
  }
  return records
    .filter((json) => !/"type":"(NO_OP_RECORD|PRODUCER_IDS_RECORD)"/.test(json) && !json.includes(BARRIER_PREFIX))
    .map((json) => json.replace(/"topicId":"([^"]+)"/, (_, id) => `"topicId":"<id of ${names.get(id)}>"`))
    .filter((json) => !/"topicId":"<id of scripts/.test(json))
    .map((json) =>
      json
        .replace(/"(directory|incarnationId|clusterId|dirId|voterDirectoryId|id)":"[\w-]{22}"/g, '"$1":"<uuid>"')
        .replace(/"(directories|logDirs)":\["[\w-]{22}"\]/g, '"$1":["<uuid>"]')
        // The official broker's features come in the order of a Java hash.
        .replace(/"features":\[(.*?)\]/, (_, features: string) => `"features":[${features.split(/(?<=\}),/).sort()}]`)
        .replace(/"(port|brokerEpoch|epoch)":\d+/g, '"$1":0'),
    )
    .sort();
}
