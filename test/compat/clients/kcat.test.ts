// kcat, as Debian packages it (an older librdkafka), against the broker.

import { expect, test } from 'vitest';
import type { RunningBroker } from '../../support/brokers.ts';
import { run } from '../../support/processes.ts';
import { prepareKcat, toolsOf } from '../../support/toolchain.ts';
import { clientSuite, codecs } from './scenarios.ts';

const toolchain = await prepareKcat();

/** Runs kcat; its standard output. Fails when kcat does or when it has an error to report. */
async function kcat(broker: RunningBroker, args: readonly string[], input?: string): Promise<string> {
  const result = await run(toolsOf(toolchain).kcat, ['-b', broker.bootstrap, '-m', '20', ...args], {
    timeoutMs: 60_000,
    ...(input === undefined ? {} : { input }),
  });
  expect(result.exitCode, `kcat ${args.join(' ')}\n${result.stdout}\n${result.stderr}`).toBe(0);
  expect(result.stderr).not.toMatch(/ERROR/);
  return result.stdout;
}

/** Everything of a topic up to its end: partition, offset, headers, key, value. */
const readAll = (broker: RunningBroker, topic: string, ...args: string[]): Promise<string> =>
  kcat(broker, ['-C', '-t', topic, '-o', 'beginning', '-e', '-q', '-f', '%p %o [%h] %k=%s\n', ...args]);

clientSuite('kcat', toolchain, (broker) => {
  for (const codec of codecs) {
    test(`what is produced with ${codec} comes back, keys and headers too`, async () => {
      const topic = `kcat-${codec}`;
      const lines = Array.from({ length: 100 }, (_, index) => `key-${index}\tvalue-${index}-${'again-'.repeat(20)}`);
      const produce = ['-P', '-t', topic, '-p', '0', '-K', '\t', '-z', codec, '-H', 'a=1', '-H', 'b=2'];
      await kcat(broker(), [...produce, '-X', 'acks=all', '-X', 'linger.ms=20'], `${lines.join('\n')}\n`);
      const expected = lines.map((line, index) => `0 ${index} [a=1,b=2] ${line.replace('\t', '=')}\n`).join('');
      expect(await readAll(broker(), topic)).toBe(expected);
    });
  }

  test('an idempotent producer', async () => {
    const args = ['-P', '-t', 'kcat-idempotent', '-p', '0', '-X', 'enable.idempotence=true'];
    await kcat(broker(), args, 'one\ntwo\nthree\n');
    expect(await readAll(broker(), 'kcat-idempotent')).toBe('0 0 [] =one\n0 1 [] =two\n0 2 [] =three\n');
  });

  test('reads from an offset, from the tail and by time', async () => {
    const read = (...args: string[]): Promise<string> =>
      kcat(broker(), ['-C', '-t', 'kcat-none', '-p', '0', '-q', '-e', '-f', '%o\n', ...args]);
    expect(await read('-o', '97')).toBe('97\n98\n99\n');
    expect(await read('-o', '-2')).toBe('98\n99\n');
    expect(await read('-o', 's@0', '-c', '2')).toBe('0\n1\n');
    expect(await kcat(broker(), ['-Q', '-t', 'kcat-none:0:0', '-t', 'kcat-gzip:0:-1'])).toMatch(
      /kcat-none \[0\] offset 0\nkcat-gzip \[0\] offset 100\n|kcat-gzip \[0\] offset 100\nkcat-none \[0\] offset 0\n/,
    );
  });

  test('a group reads everything and resumes where it stopped', async () => {
    const group = ['-G', 'kcat-group', '-X', 'auto.offset.reset=earliest', '-q', '-f', '%s\n'];
    await kcat(broker(), ['-P', '-t', 'kcat-grouped'], 'a\nb\nc\n');
    const first = await kcat(broker(), [...group, '-c', '3', 'kcat-grouped']);
    expect(first.split('\n').sort().join('')).toBe('abc');
    await kcat(broker(), ['-P', '-t', 'kcat-grouped'], 'd\n');
    expect(await kcat(broker(), [...group, '-c', '1', 'kcat-grouped'])).toBe('d\n');
  });

  test('lists brokers and topics', async () => {
    const listing = JSON.parse(await kcat(broker(), ['-L', '-J'])) as {
      controllerid: number;
      brokers: { id: number; name: string }[];
      topics: { topic: string; partitions: { leader: number }[] }[];
    };
    expect(listing.brokers).toEqual([{ id: 1, name: broker().bootstrap }]);
    const topic = listing.topics.find((each) => each.topic === 'kcat-none');
    expect(topic?.partitions[0]?.leader).toBe(1);
  });
});
