// What every client library is put through: records in each codec come back, a group of three shares the partitions and resumes, the
// cluster is listed. The client programs beside this file print what they saw as JSON; what it has to be is said here, once.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningBroker, startTested } from '../../support/brokers.ts';
import { runOrThrow } from '../../support/processes.ts';
import { suiteTitle, type Toolchain } from '../../support/toolchain.ts';

export const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

export interface SeenRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface Listing {
  readonly brokers: readonly number[];
  readonly topics: readonly string[];
  readonly groups: readonly string[];
  readonly end: Readonly<Record<string, number>>;
  readonly committed: Readonly<Record<string, number>>;
}

/** Runs one scenario of a client program: the arguments after the program, with the broker's address put second. */
export interface ClientProgram {
  run(broker: RunningBroker, scenario: string, ...args: readonly (string | number)[]): Promise<unknown>;
}

/** A client program started as `command ...prefix scenario bootstrap args`. */
export function clientProgram(command: string, ...prefix: string[]): ClientProgram {
  return {
    async run(broker, scenario, ...args) {
      const output = await runOrThrow(command, [...prefix, scenario, broker.bootstrap, ...args.map(String)], {
        timeoutMs: 90_000,
      });
      return output.trim() === '' ? null : JSON.parse(output);
    },
  };
}

/** One broker for a suite, started before and removed after it; the suite is skipped by name when its tools are missing. */
export function clientSuite(
  title: string,
  toolchain: Toolchain<unknown>,
  define: (broker: () => RunningBroker) => void,
): void {
  describe.skipIf(toolchain.kind === 'missing')(suiteTitle(title, toolchain), { timeout: 120_000 }, () => {
    let started: RunningBroker | null = null;
    beforeAll(async () => {
      started = await startTested();
    }, 90_000);
    afterAll(async () => {
      await started?.remove();
    });
    define(() => {
      if (started === null) throw new Error('the broker did not start');
      return started;
    });
  });
}

const total = (offsets: Readonly<Record<string, number>>, topic: string): number =>
  Object.entries(offsets)
    .filter(([partition]) => partition.startsWith(`${topic}-`))
    .reduce((sum, [, offset]) => sum + offset, 0);

/** Every record of `produce` exactly once, each as it was written, in order within each partition of each member. */
export function expectWholeTopic(read: readonly (readonly SeenRecord[])[], perCodec: number, rounds: number): void {
  const records = read.flat();
  const places = records.map((record) => `${record.partition}-${record.offset}`);
  expect(new Set(places).size, 'no record twice').toBe(places.length);
  const keys = records.map((record) => record.key).sort();
  const written = Array.from({ length: perCodec * rounds }, (_, index) => `key-${index % perCodec}`).sort();
  expect(keys).toEqual(written);
  for (const record of records) {
    const index = record.headers['index'];
    expect(record.key).toBe(`key-${index}`);
    expect(record.value).toBe(`value-${index} of text that repeats and repeats and repeats`);
  }
  for (const member of read) {
    const last = new Map<number, number>();
    for (const { partition, offset } of member) {
      expect(offset).toBeGreaterThan(last.get(partition) ?? -1);
      last.set(partition, offset);
    }
  }
}

/** The scenarios that every client program of ours has: create, produce, group, list. */
export function commonScenarios(name: string, broker: () => RunningBroker, program: () => ClientProgram): void {
  const topic = `${name}-topic`;
  const group = `${name}-group`;
  const perCodec = 60;

  test('creates a topic', async () => {
    await program().run(broker(), 'create', topic, 3);
  });

  for (const codec of codecs) {
    test(`produces with ${codec}`, async () => {
      const written = (await program().run(broker(), 'produce', topic, perCodec, codec)) as readonly unknown[];
      expect(written).toHaveLength(perCodec);
    });
  }

  test('a group of three reads every record once', async () => {
    const read = (await program().run(broker(), 'group', topic, group, 3, perCodec * codecs.length)) as SeenRecord[][];
    expectWholeTopic(read, perCodec, codecs.length);
  });

  test('the group resumes where it stopped', async () => {
    await program().run(broker(), 'produce', topic, perCodec, 'lz4');
    const read = (await program().run(broker(), 'group', topic, group, 1, perCodec)) as SeenRecord[][];
    expectWholeTopic(read, perCodec, 1);
  });

  test('lists brokers, topics, offsets, groups', async () => {
    const listing = (await program().run(broker(), 'list', topic, group)) as Listing;
    expect(listing.brokers).toEqual([1]);
    expect(listing.topics).toContain(topic);
    expect(listing.groups).toContain(group);
    expect(total(listing.end, topic)).toBe(perCodec * (codecs.length + 1));
    expect(total(listing.committed, topic)).toBe(perCodec * (codecs.length + 1));
  });
}

/** Consuming, producing and committing offsets in one transaction, some of them aborted. */
export function copyScenario(name: string, broker: () => RunningBroker, program: () => ClientProgram): void {
  test('copies a topic in transactions with its offsets; each record is there once, in order', async () => {
    const [source, target, group] = [`${name}-copy-in`, `${name}-copy-out`, `${name}-copiers`];
    await program().run(broker(), 'create', source, 2);
    await program().run(broker(), 'create', target, 2);
    await program().run(broker(), 'produce', source, 80, 'none');
    expect(await program().run(broker(), 'copy', source, target, group, 80)).toBeGreaterThan(0);
    const written = (await program().run(broker(), 'read', source, 2)) as string[][];
    expect(written.flat()).toHaveLength(80);
    expect(await program().run(broker(), 'read', target, 2)).toEqual(written);
    const { committed } = (await program().run(broker(), 'list', source, group)) as Listing;
    expect([committed[`${source}-0`], committed[`${source}-1`]]).toEqual(written.map((values) => values.length));
  });
}
