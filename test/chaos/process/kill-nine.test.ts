// kill -9 under load: idempotent producers with acks=all write without pause while the broker is killed and started again. One topic keeps
// everything, the other one is rolled and compacted all the time. Afterwards every acknowledged record is there, at the offset that was
// acknowledged, once, and each producer's records are in order; of the compacted topic, the last one of each key, and nothing that nobody
// wrote. `npm run test:kill` makes fifty rounds of it; the number is in KILL_ROUNDS.
//
// The producers are franz-go's: they keep their sequence numbers across the broker's restarts, so a record that was written but whose
// acknowledgement was lost comes again, and only the broker's memory of the producer keeps it from being there twice.

import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { type RunningBroker, selfTest, startTested } from '../../support/brokers.ts';
import { type RunningProcess, runOrThrow, startProcess } from '../../support/processes.ts';
import { prepareGo, suiteTitle, toolsOf } from '../../support/toolchain.ts';

const toolchain = await prepareGo();
const rounds = Number(process.env['KILL_ROUNDS'] ?? (selfTest ? 3 : 20));
const producers = 4;
const partitions = 3;
const compacted = { producers: 2, partitions: 2, keys: 10 };

interface Acknowledged {
  readonly producer: number;
  readonly number: number;
  readonly partition: number;
  readonly offset: number;
}

/** The producers' load and what has been acknowledged to them so far. */
class Load {
  readonly acknowledged: Acknowledged[] = [];
  readonly process: RunningProcess;

  constructor(program: string, args: readonly string[]) {
    this.process = startProcess(program, ['load', ...args], {
      stdin: true,
      onStdoutLine: (line) => {
        const [producer = -1, number = -1, partition = -1, offset = -1] = line.split(' ').map(Number);
        this.acknowledged.push({ producer, number, partition, offset });
      },
    });
  }

  /** Waits for `count` more acknowledgements: the producers work again. */
  async advance(count: number): Promise<void> {
    const target = this.acknowledged.length + count;
    let ended = false;
    void this.process.exited.then(() => {
      ended = true;
    });
    while (this.acknowledged.length < target) {
      if (ended) throw new Error(`the producers gave up:\n${this.process.output().slice(-2000)}`);
      await sleep(5);
    }
  }

  /** Lets the producers finish what is in flight. */
  async finish(): Promise<void> {
    this.process.child.stdin?.end();
    expect(await this.process.exited, this.process.output().slice(-2000)).toBe(0);
  }
}

describe.skipIf(toolchain.kind === 'missing')(suiteTitle('kill -9', toolchain), () => {
  let broker: RunningBroker | null = null;
  const loads: Load[] = [];

  afterEach(async () => {
    for (const load of loads.splice(0)) await load.process.stop('SIGKILL');
    await broker?.remove();
  });

  test(
    `every acknowledged record survives ${rounds} kills, once and in order`,
    async () => {
      const { program } = toolsOf(toolchain);
      broker = await startTested({ properties: { 'log.cleaner.backoff.ms': '100' } });
      const { bootstrap } = broker;
      await runOrThrow(program, ['create', bootstrap, 'killed', String(partitions)]);
      await runOrThrow(program, [
        ...['create', bootstrap, 'compacted', String(compacted.partitions), 'cleanup.policy=compact', 'segment.ms=300'],
        ...['min.cleanable.dirty.ratio=0.01', 'file.delete.delay.ms=200'],
      ]);
      const load = new Load(program, [bootstrap, 'killed', String(producers), String(partitions)]);
      const { producers: writers, partitions: parts, keys } = compacted;
      const keyed = new Load(program, [bootstrap, 'compacted', String(writers), String(parts), String(keys)]);
      loads.push(load, keyed);
      for (let round = 0; round < rounds; round++) {
        await Promise.all([load.advance(200), keyed.advance(200)]);
        // Not always in the same moment of the load.
        await sleep(Math.random() * 50);
        await broker.kill();
        await broker.restart();
      }
      await Promise.all([load.advance(200), keyed.advance(200)]);
      await Promise.all([load.finish(), keyed.finish()]);

      const listing = await runOrThrow(program, ['list', broker.bootstrap, 'killed']);
      const { end } = JSON.parse(listing) as { end: Record<string, number> };
      const count = Array.from({ length: partitions }, (_, partition) => end[`killed-${partition}`] ?? 0);
      const total = count.reduce((sum, each) => sum + each, 0);
      const output = await runOrThrow(program, ['consume', broker.bootstrap, 'killed', String(total)]);
      verify(load.acknowledged, JSON.parse(output) as StoredRecord[]);

      const drained = await runOrThrow(program, ['drain', broker.bootstrap, 'compacted']);
      verifyCompacted(keyed.acknowledged, JSON.parse(drained) as StoredRecord[]);
      process.stdout.write(
        `${rounds} kills: ${load.acknowledged.length} records acknowledged and all there; of ${keyed.acknowledged.length} in the ` +
          `compacted topic ${(JSON.parse(drained) as StoredRecord[]).length} are left, the last one of each key among them\n`,
      );
    },
    60_000 + rounds * (selfTest ? 40_000 : 20_000),
  );
});

interface StoredRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly value: string;
}

function verifyCompacted(acknowledged: readonly Acknowledged[], stored: readonly StoredRecord[]): void {
  const written = new Map(
    acknowledged.map(({ producer, number, partition, offset }) => [`${partition}-${offset}`, `${producer}:${number}`]),
  );
  const unknown = stored.filter(({ partition, offset, value }) => written.get(`${partition}-${offset}`) !== value);
  expect(unknown.slice(0, 5), `${unknown.length} records are not what was written there`).toEqual([]);
  expect(new Set(stored.map(({ partition, offset }) => `${partition}-${offset}`)).size).toBe(stored.length);
  expect(stored.length, 'it was compacted').toBeLessThan(acknowledged.length);

  const lastWritten = new Map<string, number>();
  for (const { producer, number } of acknowledged) {
    const key = `${producer}:${number % compacted.keys}`;
    lastWritten.set(key, Math.max(lastWritten.get(key) ?? -1, number));
  }
  const lastStored = new Map<string, number>();
  for (const { key, value } of [...stored].sort((a, b) => a.offset - b.offset)) {
    lastStored.set(key, Number(value.split(':')[1]));
  }
  expect([...lastStored].sort()).toEqual([...lastWritten].sort());
}

function verify(acknowledged: readonly Acknowledged[], stored: readonly StoredRecord[]): void {
  const values = new Map(stored.map((record) => [`${record.partition}-${record.offset}`, record.value]));
  expect(values.size, 'no offset twice').toBe(stored.length);
  expect(new Set(values.values()).size, 'no record twice').toBe(stored.length);

  const lost = acknowledged.filter(
    ({ producer, number, partition, offset }) => values.get(`${partition}-${offset}`) !== `${producer}:${number}`,
  );
  expect(
    lost.slice(0, 5),
    `${lost.length} of ${acknowledged.length} acknowledged records are not where they were`,
  ).toEqual([]);
  // The producers ended in peace, so everything was acknowledged.
  expect(stored.length).toBe(acknowledged.length);

  for (let partition = 0; partition < partitions; partition++) {
    const records = stored.filter((record) => record.partition === partition).sort((a, b) => a.offset - b.offset);
    expect(
      records.map((record) => record.offset),
      'no gap',
    ).toEqual(records.map((_, index) => index));
    const next = new Map<string, number>();
    for (const { value } of records) {
      const [producer = '', number = ''] = value.split(':');
      expect(Number(number), `order of producer ${producer}`).toBe(next.get(producer) ?? 0);
      next.set(producer, Number(number) + 1);
    }
  }
}
