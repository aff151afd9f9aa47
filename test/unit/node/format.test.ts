import { describe, expect, test } from 'vitest';
import type { Random } from '../../../src/base/random.ts';
import { readMetaProperties } from '../../../src/log/directory-files.ts';
import {
  type FormatOptions,
  formatStorage,
  readBootstrapRecords,
  readFormattedDirectories,
} from '../../../src/node/format.ts';
import { decodeMetadataRecord } from '../../../src/wire/record-framing.ts';
import * as header from '../../../src/wire/records/record-batch.ts';
import { batches } from '../../../src/wire/records/records.ts';
import { unpackDataDirectory } from '../../support/data-directory.ts';
import { seededRandom } from '../../support/logs.ts';
import { SimulatedDisk } from '../../support/simulated-disk.ts';

const CLUSTER_ID = 'SamsaGolden38f534a957A';
const BOOTSTRAP = '/data/bootstrap.checkpoint';
const SNAPSHOT = '/data/__cluster_metadata-0/00000000000000000000-0000000000.checkpoint';

function format(fileSystem: SimulatedDisk, options: Partial<FormatOptions> = {}) {
  return formatStorage({
    fileSystem,
    nodeId: 1,
    directories: ['/data'],
    clusterId: CLUSTER_ID,
    quorum: { kind: 'standalone', endpoints: [{ name: 'CONTROLLER', host: 'localhost', port: 21111 }] },
    random: seededRandom(),
    nowMs: 1,
    ...options,
  });
}

function levels(fileSystem: SimulatedDisk): Record<string, number> {
  return Object.fromEntries(
    readBootstrapRecords(fileSystem, '/data')
      .map(decodeMetadataRecord)
      .flatMap((record) =>
        record.type === 'FeatureLevelRecord' ? [[record.value.name, record.value.featureLevel]] : [],
      ),
  );
}

/** Kafka stamps each batch when it writes it; here one time serves for all. */
function withTimesOf(official: Buffer, ours: Buffer): Buffer {
  const patched = Buffer.from(ours);
  const positions = [...batches(official)].map(({ position }) => position);
  for (const [index, { position }] of [...batches(patched)].entries()) {
    header.setBaseTimestamp(patched, position, header.baseTimestamp(official, positions[index]!));
    header.setMaxTimestamp(patched, position, header.maxTimestamp(official, positions[index]!));
    header.updateCrc(patched, position);
  }
  return patched;
}

describe('a directory formatted as standalone', () => {
  test('is the one that kafka-storage.sh makes, byte for byte but for times', () => {
    const golden = unpackDataDirectory('main', '/data');
    const { directoryId, clusterId } = readMetaProperties(golden, '/data')!;
    // The directory id is the only chance in it, as the cluster id is given.
    const random: Random = { nextInt: () => 0, bytes: () => Buffer.from(directoryId!, 'base64url') };
    const fileSystem = new SimulatedDisk();
    format(fileSystem, { random, clusterId, nowMs: 1795241354564 });
    expect(readMetaProperties(fileSystem, '/data')).toEqual(readMetaProperties(golden, '/data'));
    for (const path of [BOOTSTRAP, SNAPSHOT]) {
      const official = golden.readFile(path);
      expect(withTimesOf(official, fileSystem.readFile(path)).toString('hex'), path).toBe(official.toString('hex'));
    }
  });

  test('gets a cluster id and ids for its directories, and only one of them the voters', () => {
    const fileSystem = new SimulatedDisk();
    const { clusterId, directoryIds } = formatStorage({
      fileSystem,
      nodeId: 3,
      directories: ['/a', '/b'],
      metadataDirectory: '/b',
      quorum: { kind: 'standalone', endpoints: [{ name: 'CONTROLLER', host: 'localhost', port: 1 }] },
      random: seededRandom(),
      nowMs: 1,
    });
    expect(clusterId).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(new Set(directoryIds.values()).size).toBe(2);
    expect(fileSystem.list('/a')).toEqual(['bootstrap.checkpoint', 'meta.properties']);
    expect(fileSystem.list('/b')).toEqual(['__cluster_metadata-0', 'bootstrap.checkpoint', 'meta.properties']);
    expect(readFormattedDirectories(fileSystem, ['/a', '/b', '/c'], { nodeId: 3 }, seededRandom())).toEqual([
      { directory: '/a', clusterId, directoryId: directoryIds.get('/a') },
      { directory: '/b', clusterId, directoryId: directoryIds.get('/b') },
      null,
    ]);
  });

  test('survives a power loss', () => {
    const fileSystem = new SimulatedDisk();
    format(fileSystem);
    const disk = fileSystem.crashClone('power-loss');
    expect(disk.readFile(SNAPSHOT)).toEqual(fileSystem.readFile(SNAPSHOT));
    expect(disk.readFile('/data/meta.properties')).toEqual(fileSystem.readFile('/data/meta.properties'));
  });
});

describe('levels', () => {
  test.each([
    ['4.3-IV0', { 'metadata.version': 30, 'streams.version': 1, 'share.version': 1, 'transaction.version': 2 }],
    ['4.1', { 'metadata.version': 27, 'eligible.leader.replicas.version': 1, 'group.version': 1 }],
    ['3.9', { 'metadata.version': 21 }],
  ])('of release %s', (releaseVersion, expected) => {
    const fileSystem = new SimulatedDisk();
    format(fileSystem, { releaseVersion });
    expect(levels(fileSystem)).toMatchObject(expected);
    if (releaseVersion === '3.9') expect(levels(fileSystem)).toEqual(expected);
  });

  test('that are asked for replace those of the release; 0 leaves a feature out', () => {
    const fileSystem = new SimulatedDisk();
    format(fileSystem, {
      features: new Map([
        ['transaction.version', 1],
        ['share.version', 0],
      ]),
    });
    expect(levels(fileSystem)).toMatchObject({ 'transaction.version': 1 });
    expect(levels(fileSystem)).not.toHaveProperty('share.version');
  });

  test.each([
    [{ releaseVersion: '9.9' }, 'There is no release version 9.9.'],
    [{ releaseVersion: '3.8' }, 'A dynamic quorum needs metadata.version 3.9-IV0 or newer, not 3.8-IV0.'],
    [{ features: new Map([['x', 1]]) }, 'Unsupported feature: x. Supported features are: '],
    [{ features: new Map([['group.version', 2]]) }, 'The feature group.version has no level 2: the levels are 0 to 1.'],
  ])('that do not exist are refused: %o', (options, message) => {
    expect(() => format(new SimulatedDisk(), options)).toThrow(message);
  });
});

describe('a directory that is formatted already', () => {
  test('is not formatted again', () => {
    const fileSystem = new SimulatedDisk();
    format(fileSystem);
    expect(() => format(fileSystem)).toThrow('Log directory /data is already formatted.');
  });

  test('is left alone when asked for, and its cluster id goes to the new ones beside it', () => {
    const fileSystem = new SimulatedDisk();
    const first = format(fileSystem);
    const second = formatStorage({
      fileSystem,
      nodeId: 1,
      directories: ['/data', '/more'],
      quorum: { kind: 'static' as const },
      random: seededRandom(9),
      nowMs: 2,
      ignoreFormatted: true,
    });

    expect(second.clusterId).toBe(first.clusterId);
    expect(second.directoryIds.get('/data')).toBe(first.directoryIds.get('/data'));
    expect(readMetaProperties(fileSystem, '/more')).toMatchObject({ clusterId: first.clusterId, nodeId: 1 });
  });

  test('belongs to one node and one cluster', () => {
    const fileSystem = new SimulatedDisk();
    format(fileSystem);
    const read = (expected: { nodeId: number; clusterId?: string }) =>
      readFormattedDirectories(fileSystem, ['/data'], expected, seededRandom());
    expect(() => read({ nodeId: 2 })).toThrow('The directory /data belongs to node 1, but node.id is 2.');
    expect(() => read({ nodeId: 1, clusterId: 'other' })).toThrow(
      `The directory /data belongs to cluster ${CLUSTER_ID}, but cluster other is expected.`,
    );
    expect(read({ nodeId: 1, clusterId: CLUSTER_ID })).toHaveLength(1);
  });
});
