// A data directory changes hands twice: one broker fills it and stops or is killed, the other one serves what is there and adds to it, the first
// one comes back. All codecs, a compacted topic, one whose front was deleted, transactions, a group's offset, a topic's config. After Ottla,
// kafka-dump-log has nothing to complain about.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { type BrokerOptions, type RunningBroker, startApacheKafka, startOttla } from '../../support/brokers.ts';
import { temporaryFolder } from '../../support/processes.ts';
import { prepareJava, suiteTitle, toolsOf } from '../../support/toolchain.ts';
import { Side } from './comparison.ts';
import { ToolHost } from './tool-host.ts';

const toolchain = await prepareJava();
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const PER_CODEC = 3;
const COPIED = 60;
const KEYS = 4;
const PROPERTIES = {
  'log.cleaner.backoff.ms': '200',
  // Apache Kafka writes down once a minute, and first half a minute after its start, what DeleteRecords did.
  'log.flush.start.offset.checkpoint.interval.ms': '200',
  'log.initial.task.delay.ms': '200',
};
const complaints = /mismatch|corrupt|invalid|error|exception|could not|non-consecutive|isvalid: false/i;

type Kind = RunningBroker['kind'];

/** What the clients see; two brokers over one directory must give the same. */
interface View {
  readonly records: readonly string[];
  /** key=value, the last of each key. */
  readonly compacted: readonly string[];
  readonly group: string;
  readonly configs: string;
}

function start(kind: Kind, options: BrokerOptions): Promise<RunningBroker> {
  const all = { startTimeoutMs: 180_000, ...options, properties: PROPERTIES };
  return kind === 'ottla' ? startOttla(all) : startApacheKafka(toolsOf(toolchain), all);
}

const printed = ['offset', 'timestamp', 'key', 'headers'].flatMap((what) => [
  '--formatter-property',
  `print.${what}=true`,
]);

async function copy(side: Side, lines: readonly string[]): Promise<void> {
  await side.produce('copy-in', lines);
  const copied = await side.host.run('transactional-message-copier', [
    ...['--broker-list', side.broker.bootstrap, '--input-topic', 'copy-in', '--input-partition', '0'],
    ...['--output-topic', 'handed-copy', '--max-messages', String(lines.length), '--consumer-group', 'copiers'],
    ...['--transaction-size', '10', '--transactional-id', 'copier', '--enable-random-aborts', '--group-mode'],
  ]);
  expect(copied.exitCode, `${copied.stdout}\n${copied.stderr}`.slice(-2000)).toBe(0);
}

async function fill(side: Side): Promise<void> {
  const create = (topic: string, ...configs: string[]) =>
    side.output('kafka-topics', ['--create', '--topic', topic, ...configs.flatMap((config) => ['--config', config])]);
  for (const codec of CODECS) {
    await create(`handed-${codec}`, ...(codec === 'none' ? ['retention.ms=123456789'] : []));
    const lines = Array.from({ length: PER_CODEC }, (_, i) => `key-${i}\t${codec} ${i} ${'text '.repeat(20)}`);
    const keyed = ['--reader-property', 'parse.key=true'];
    await side.produce(`handed-${codec}`, lines, ['--compression-codec', codec, ...keyed]);
  }
  await create('compacted', 'cleanup.policy=compact', 'segment.ms=50', 'min.cleanable.dirty.ratio=0.01');
  for (let round = 0; round < 4; round++) {
    const lines = Array.from({ length: KEYS }, (_, key) => `${key}\tround ${round}`);
    await side.produce('compacted', lines, ['--reader-property', 'parse.key=true']);
    await sleep(100);
  }
  await create('handed-cut');
  await side.produce('handed-cut', ['a', 'b', 'c', 'd', 'e', 'f']);
  const folder = temporaryFolder('cut');
  const file = join(folder.path, 'offsets.json');
  const partitions = [{ topic: 'handed-cut', partition: 0, offset: 4 }];
  writeFileSync(file, JSON.stringify({ partitions, version: 1 }));
  await side.output('kafka-delete-records', ['--offset-json-file', file]);
  folder.remove();
  await create('copy-in');
  await create('handed-copy');
  await copy(
    side,
    Array.from({ length: COPIED }, (_, i) => `${i}`),
  );
  await side.output('kafka-console-consumer', [
    ...[
      '--topic',
      'handed-none',
      '--group',
      'readers',
      '--from-beginning',
      '--max-messages',
      '2',
      '--timeout-ms',
      '20000',
    ],
  ]);
  // The cleaner is slow to begin; what it has done must be among what is handed over.
  const checkpoint = join(side.broker.dataPath, 'cleaner-offset-checkpoint');
  while (!(existsSync(checkpoint) && /^compacted 0 [1-9]/m.test(readFileSync(checkpoint, 'utf8')))) await sleep(50);
  // DeleteRecords and Apache Kafka's checkpoints reach the disk a little later.
  await sleep(500);
}

async function view(side: Side, count: number): Promise<View> {
  const read = (...args: string[]) =>
    side.output('kafka-console-consumer', [
      ...['--from-beginning', '--isolation-level', 'read_committed', ...printed, ...args],
    ]);
  const records = await read('--include', 'handed-.*', '--max-messages', String(count), '--timeout-ms', '20000');
  const compacted = await read('--topic', 'compacted', '--timeout-ms', '3000');
  const last = new Map<string, string>();
  for (const line of compacted.split('\n')) {
    const [, , , key, value] = line.split('\t');
    if (key !== undefined && value !== undefined) last.set(key, value);
  }
  const group = await side.output('kafka-consumer-groups', ['--describe', '--group', 'readers', '--offsets']);
  const configs = ['--describe', '--entity-type', 'topics', '--entity-name', 'handed-none'];
  return {
    records: records.split('\n').filter(Boolean).sort(),
    compacted: [...last].map(([key, value]) => `${key}=${value}`).sort(),
    group: /readers +handed-none +0 +\d+/.exec(group)?.[0].replace(/ +/g, ' ') ?? group,
    configs: /retention\.ms=\d+/.exec(await side.output('kafka-configs', configs))?.[0] ?? '',
  };
}

async function expectNoComplaint(host: ToolHost, dataPath: string, activeIndexes = true): Promise<void> {
  const dump = async (files: readonly string[], ...options: string[]) => {
    if (files.length === 0) return '';
    const result = await host.run('kafka-dump-log', ['--files', files.join(','), ...options], { timeoutMs: 60_000 });
    const text = `${result.stdout}\n${result.stderr}`;
    expect(result.exitCode, text.slice(-2000)).toBe(0);
    return text;
  };
  const files = (folder: RegExp, suffix: RegExp) =>
    readdirSync(dataPath)
      .filter((name) => folder.test(name))
      .flatMap((name) =>
        readdirSync(join(dataPath, name))
          .filter((file) => suffix.test(file))
          .map((file) => join(dataPath, name, file)),
      );
  const every = /-\d+$/;
  const complaintIn = (text: string) => text.match(new RegExp(`^.*(${complaints.source}).*$`, 'im'))?.[0];
  const logs = files(/^(?!__|compacted).*-\d+$/, /\.log$/);
  expect(logs.length).toBeGreaterThanOrEqual(8);
  expect(complaintIn(await dump(logs, '--deep-iteration', '--print-data-log'))).toBeUndefined();
  // Where records were compacted away, offsets are missing: the tool says so, and rightly.
  const compacted = await dump(files(/^compacted-/, /\.log$/), '--deep-iteration', '--print-data-log');
  expect(complaintIn(compacted.replace(/^Non-consecutive offsets.*\n( .*\n)*/gm, ''))).toBeUndefined();
  if (activeIndexes) {
    expect(complaintIn(await dump(files(every, /\.(index|timeindex)$/), '--verify-index-only'))).toBeUndefined();
    expect(complaintIn(await dump(files(every, /\.index$/), '--index-sanity-check'))).toBeUndefined();
  }
  expect(complaintIn(await dump(files(every, /\.(snapshot|txnindex)$/)))).toBeUndefined();
  expect(await dump(files(/^__consumer_offsets-/, /\.log$/), '--offsets-decoder')).toContain('"group":"readers"');
  expect(await dump(files(/^__transaction_state-/, /\.log$/), '--transaction-log-decoder')).toContain('"copier"');
  const metadata = await dump(files(/^__cluster_metadata-0$/, /\.(log|checkpoint)$/), '--cluster-metadata-decoder');
  expect(metadata).toContain('"handed-none"');
  expect(metadata.match(/^.*(exception|failed to decode|isvalid: false).*$/im)?.[0]).toBeUndefined();
}

async function handOver(first: Kind, end: 'clean stop' | 'kill -9'): Promise<void> {
  const second: Kind = first === 'ottla' ? 'apache' : 'ottla';
  const host = new ToolHost(toolsOf(toolchain));
  const broker = await start(first, {});
  const { dataPath } = broker;
  const adopted: RunningBroker[] = [];
  const adopt = async (kind: Kind): Promise<Side> => {
    const next = await start(kind, { dataPath });
    adopted.push(next);
    return new Side(next, host);
  };
  try {
    const filled = new Side(broker, host);
    await fill(filled);
    let count = CODECS.length * PER_CODEC + 2 + COPIED;
    const before = await view(filled, count);
    expect(before.records).toHaveLength(count);
    expect(before.compacted).toEqual(Array.from({ length: KEYS }, (_, key) => `${key}=round 3`));
    expect([before.group, before.configs]).toEqual(['readers handed-none 0 2', 'retention.ms=123456789']);
    await (end === 'clean stop' ? broker.stop() : broker.kill());
    if (first === 'ottla') await expectNoComplaint(host, dataPath);

    const other = await adopt(second);
    expect(await view(other, count)).toEqual(before);
    // It goes on: the same transactional id, records behind the others, a commit of the group.
    await copy(other, ['more 1', 'more 2']);
    await other.produce('handed-zstd', ['key\tadded'], ['--reader-property', 'parse.key=true']);
    await other.output('kafka-console-consumer', [
      ...['--topic', 'handed-none', '--group', 'readers', '--max-messages', '1', '--timeout-ms', '20000'],
    ]);
    count += 3;
    const after = await view(other, count);
    expect(after.records).toEqual(expect.arrayContaining([...before.records]));
    expect(after.group).toBe('readers handed-none 0 3');
    await (end === 'clean stop' ? other.broker.stop() : other.broker.kill());
    // Killed, it leaves the indexes of active segments as it found them: as a killed Apache Kafka leaves them, with zeros behind.
    if (second === 'ottla') await expectNoComplaint(host, dataPath, end === 'clean stop');

    const back = await adopt(first);
    expect(await view(back, count)).toEqual(after);
  } finally {
    await host.stop();
    for (const each of adopted) await each.remove();
    await broker.remove();
  }
}

describe.skipIf(toolchain.kind === 'missing')(suiteTitle('a data directory changes hands', toolchain), () => {
  test.each([
    ['ottla', 'clean stop'],
    ['ottla', 'kill -9'],
    ['apache', 'clean stop'],
    ['apache', 'kill -9'],
  ] as const)('from %s and back, after a %s', { timeout: 400_000 }, handOver);
});
