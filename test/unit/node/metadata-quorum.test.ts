import { expect, test } from 'vitest';
import { readSnapshotFile } from '../../../src/raft/snapshot-file.ts';
import { decodeMetadataRecord } from '../../../src/wire/record-framing.ts';
import * as header from '../../../src/wire/records/record-batch.ts';
import { batches, readRecords } from '../../../src/wire/records/records.ts';
import { readDumps, readExpectedDirectory, unpackDataDirectory } from '../../support/data-directory.ts';
import { SimulatedDisk } from '../../support/simulated-disk.ts';
import { format, openQuorum, startBroker } from './quorum-fixture.ts';

const LOG = '/data/__cluster_metadata-0/00000000000000000000.log';

function newTopic(name: string, partitions = 1) {
  return { name, numPartitions: partitions, replicationFactor: 1, assignments: [], configs: [] };
}

/** Batches as [control, records], metadata records by their type. */
function readLog(fileSystem: SimulatedDisk) {
  const data = fileSystem.readFile(LOG);
  return [...batches(data)].map(({ position, sizeInBytes }) => {
    const records = readRecords(data.subarray(position, position + sizeInBytes));
    if (header.isControl(header.attributes(data, position)))
      return ['control', records.map(({ key }) => key!.readInt16BE(2))];
    return ['records', records.map(({ value }) => decodeMetadataRecord(value!).type)];
  });
}

test('the first start writes the batches that Apache Kafka writes', async () => {
  const fileSystem = new SimulatedDisk();
  format(fileSystem);
  const running = await openQuorum(fileSystem);
  await startBroker(running);
  expect(readLog(fileSystem)).toEqual([
    ['control', [2, 5, 6]],
    [
      'records',
      [
        'BeginTransactionRecord',
        ...Array.from({ length: 6 }, () => 'FeatureLevelRecord'),
        'ConfigRecord',
        'EndTransactionRecord',
      ],
    ],
    ['records', ['RegisterControllerRecord']],
    ['records', ['RegisterBrokerRecord']],
    ['records', ['BrokerRegistrationChangeRecord', 'BrokerRegistrationChangeRecord']],
  ]);
  // The broker's epoch is the offset of its registration.
  expect(running.broker.brokerEpoch).toBe(13);
  expect(fileSystem.readFile('/data/__cluster_metadata-0/quorum-state').toString()).toBe(
    '{"leaderId":1,"leaderEpoch":1,"votedId":-1,"votedDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA","data_version":1}',
  );
  const { image } = running.quorum;
  expect(Object.fromEntries(image.features)).toEqual({
    'metadata.version': 30,
    'eligible.leader.replicas.version': 1,
    'group.version': 1,
    'share.version': 1,
    'streams.version': 1,
    'transaction.version': 2,
    'kraft.version': 1,
  });
  expect(Object.fromEntries(image.configs.clusterDefault)).toEqual({ 'min.insync.replicas': '1' });
  expect(image.brokers.get(1)).toMatchObject({ brokerEpoch: 13, fenced: false, inControlledShutdown: false });
  await running.close();
});

test('a command resolves when the image shows its effect and listeners have run', async () => {
  const fileSystem = new SimulatedDisk();
  format(fileSystem);
  const running = await openQuorum(fileSystem);
  await startBroker(running);
  const told: string[] = [];
  running.quorum.onImage(async (changes) => {
    await Promise.resolve();
    for (const { topic, partition, current } of changes.changedPartitions) {
      told.push(`${topic.name}-${partition} led by ${current.leader}`);
    }
    for (const topic of changes.deletedTopics) told.push(`${topic.name} gone`);
  });
  const [created] = await running.quorum.controller.createTopics({ topics: [newTopic('t', 2)], validateOnly: false });
  expect(told).toEqual(['t-0 led by 1', 't-1 led by 1']);
  expect(running.quorum.image.topicsByName.get('t')?.topicId).toBe(created!.topicId);
  await running.quorum.controller.deleteTopics({ topicIds: [created!.topicId!] });
  expect(told.at(-1)).toBe('t gone');
  expect(running.quorum.image.topicsById.size).toBe(0);
  await running.close();
});

test('a clean restart keeps everything and leads again', async () => {
  const fileSystem = new SimulatedDisk();
  format(fileSystem);
  let running = await openQuorum(fileSystem);
  await startBroker(running);
  await running.quorum.controller.createTopics({ topics: [newTopic('t', 2)], validateOnly: false });
  await running.quorum.controller.allocateProducerIds({ brokerId: 1, brokerEpoch: running.broker.brokerEpoch });
  await running.close();

  running = await openQuorum(fileSystem, { seed: 43 });
  const before = running.quorum.image.topicsByName.get('t')!;
  expect(before.partitions.get(1)).toMatchObject({ leader: -1, isr: [], elr: [1], leaderEpoch: 1 });
  await startBroker(running);
  const { image } = running.quorum;
  expect(image.topicsByName.get('t')!.partitions.get(1)).toMatchObject({
    leader: 1,
    isr: [1],
    elr: [],
    lastKnownElr: [],
    leaderEpoch: 2,
    leaderRecoveryState: 'RECOVERED',
  });
  expect(image.nextProducerId).toBe(1000);
  expect(running.quorum.raft.leaderEpoch).toBe(2);
  await running.close();
});

test('after a kill the broker may have lost records: it leads again, as recovering', async () => {
  const fileSystem = new SimulatedDisk();
  format(fileSystem);
  const first = await openQuorum(fileSystem);
  await startBroker(first);
  await first.quorum.controller.createTopics({ topics: [newTopic('t')], validateOnly: false });
  const disk = fileSystem.crashClone('kill');
  first.kill();

  const running = await openQuorum(disk, { seed: 44 });
  expect(running.quorum.image.topicsByName.get('t')!.partitions.get(0)).toMatchObject({ leader: 1, isr: [1] });
  await startBroker(running);
  expect(running.quorum.image.topicsByName.get('t')!.partitions.get(0)).toMatchObject({
    leader: 1,
    isr: [1],
    elr: [],
    lastKnownElr: [],
    leaderRecoveryState: 'RECOVERING',
  });
  await running.close();
});

test('a directory that starts on another port updates its own voter', async () => {
  const fileSystem = new SimulatedDisk();
  format(fileSystem);
  await (await openQuorum(fileSystem)).close();
  const moved = [{ name: 'CONTROLLER', host: 'localhost', port: 19093, securityProtocol: 0 }];
  let running = await openQuorum(fileSystem, { controllerListeners: moved });
  expect(running.quorum.raft.voters.voter(1)?.endpoints).toEqual([
    { name: 'CONTROLLER', host: 'localhost', port: 19093 },
  ]);
  await running.close();
  const written = readLog(fileSystem).filter(([kind]) => kind === 'control');
  expect(written).toEqual([
    ['control', [2, 5, 6]],
    ['control', [2]],
    ['control', [6]],
  ]);
  running = await openQuorum(fileSystem, { controllerListeners: moved });
  expect(running.quorum.raft.voters.voter(1)?.endpoints[0]?.port).toBe(19093);
  await running.close();
});

test('an append that power loss can undo is never answered', async () => {
  const fileSystem = new SimulatedDisk();
  format(fileSystem);
  const first = await openQuorum(fileSystem);
  await startBroker(first);
  await first.quorum.controller.createTopics({ topics: [newTopic('t')], validateOnly: false });
  const disk = fileSystem.crashClone('power-loss');
  first.kill();
  const running = await openQuorum(disk, { seed: 45 });
  expect([...running.quorum.image.topicsByName.keys()]).toEqual(['t']);
  await running.close();
});

test('ten thousand partitions are created in one command, and gone in one', async () => {
  const fileSystem = new SimulatedDisk();
  format(fileSystem);
  const running = await openQuorum(fileSystem);
  await startBroker(running);
  const [many] = await running.quorum.controller.createTopics({ topics: [newTopic('t', 9_999)], validateOnly: false });
  expect(many).toMatchObject({ errorCode: 0, numPartitions: 9_999 });
  expect(running.quorum.image.topicsByName.get('t')!.partitions.size).toBe(9_999);
  const [tooMany] = await running.quorum.controller.createTopics({
    topics: [newTopic('u', 20_000)],
    validateOnly: false,
  });
  expect(tooMany).toMatchObject({
    errorCode: 44,
    errorMessage: 'Excessively large number of partitions per request.',
  });
  await running.quorum.controller.deleteTopics({ topicIds: [many!.topicId!] });
  expect(running.quorum.image.topicsByName.size).toBe(0);
  await running.close();
});

test.each(['main', 'secure'])(
  'the metadata log of the %s data directory gives what official clients saw',
  async (name) => {
    const fileSystem = unpackDataDirectory(name, '/data');
    const staticVoters = [{ voterId: 1, name: 'CONTROLLER', host: 'localhost', port: 21121 }];
    const running = await openQuorum(fileSystem, name === 'secure' ? { staticVoters } : {});
    const { image } = running.quorum;
    const expected = readExpectedDirectory(name);
    const topics = [...image.topicsByName.values()].map((topic) => ({
      name: topic.name,
      id: topic.topicId,
      partitions: topic.partitions.size,
    }));
    const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
    expect(topics.sort(byName)).toEqual(
      expected.topics.map((topic) => ({ name: topic.name, id: topic.id, partitions: topic.partitions })).sort(byName),
    );
    for (const topic of expected.topics) {
      expect(Object.fromEntries(image.configs.topic(topic.name)), topic.name).toMatchObject({});
      for (const [key, value] of image.configs.topic(topic.name)) expect(topic.configs[key], key).toBe(value);
    }
    expect(image.nextProducerId).toBe(1000);
    expect(image.unknownRecords).toEqual([]);
    await startBroker(running);
    for (const topic of running.quorum.image.topicsById.values()) {
      for (const partition of topic.partitions.values()) {
        expect(partition).toMatchObject({ leader: 1, isr: [1], leaderRecoveryState: 'RECOVERED' });
      }
    }
    await running.close();
  },
);

test('quorum-state with kraft.version 0 is as Apache Kafka writes it', async () => {
  const fileSystem = unpackDataDirectory('secure', '/data');
  const path = '/data/__cluster_metadata-0/quorum-state';
  const official = fileSystem.readFile(path).toString();
  const staticVoters = [{ voterId: 1, name: 'CONTROLLER', host: 'localhost', port: 21121 }];
  const running = await openQuorum(fileSystem, { staticVoters });
  expect(fileSystem.readFile(path).toString()).toBe(official.replace('"leaderEpoch":1', '"leaderEpoch":2'));
  await running.close();
});

test('snapshots of Apache Kafka are read whole', () => {
  const fileSystem = unpackDataDirectory('main', '/data');
  const dump = readDumps('main').find(({ file }) => file.endsWith('0309-0000000001.checkpoint'))!;
  const snapshot = readSnapshotFile(fileSystem.readFile(`/data/${dump.file}`));
  expect(snapshot.records.length).toBe(211);
  expect(snapshot.quorum).toMatchObject({ kraftVersion: 1 });
  expect(snapshot.quorum.voters?.voterIds).toEqual([1]);
});

test('snapshots are written by bytes, and what is below them leaves the log; a restart loads them', async () => {
  const fileSystem = new SimulatedDisk();
  format(fileSystem);
  const snapshots = { maxBytesBetween: 2000, maxIntervalMs: 0, retention: { maxBytes: 0, maxMs: -1 } };
  let running = await openQuorum(fileSystem, { snapshots });
  await startBroker(running);
  for (let i = 0; i < 40; i++) {
    await running.quorum.controller.createTopics({ topics: [newTopic(`t${i}`, 3)], validateOnly: false });
  }
  const checkpoints = (): string[] =>
    fileSystem.list('/data/__cluster_metadata-0').filter((name) => name.endsWith('.checkpoint'));
  expect(checkpoints()).toHaveLength(1);
  expect(checkpoints()[0]).not.toBe('00000000000000000000-0000000000.checkpoint');
  const snapshot = readSnapshotFile(fileSystem.readFile(`/data/__cluster_metadata-0/${checkpoints()[0]}`));
  expect(snapshot.quorum).toMatchObject({ kraftVersion: 1 });
  const before = [...running.quorum.image.topicsByName.keys()].sort();
  await running.close();

  running = await openQuorum(fileSystem, { snapshots, seed: 46 });
  expect([...running.quorum.image.topicsByName.keys()].sort()).toEqual(before);
  expect(running.quorum.image.features.get('kraft.version')).toBe(1);
  await startBroker(running);
  for (const topic of running.quorum.image.topicsById.values()) {
    for (const partition of topic.partitions.values()) expect(partition).toMatchObject({ leader: 1, isr: [1] });
  }
  await running.quorum.controller.createTopics({ topics: [newTopic('after')], validateOnly: false });
  expect(running.quorum.image.topicsByName.has('after')).toBe(true);
  await running.close();
});

test('a snapshot is written some time after a change, and none where nothing changes', async () => {
  const fileSystem = new SimulatedDisk();
  format(fileSystem);
  const snapshots = { maxBytesBetween: 1 << 30, maxIntervalMs: 60_000, retention: { maxBytes: -1, maxMs: -1 } };
  const running = await openQuorum(fileSystem, { snapshots });
  await startBroker(running);
  const count = (): number =>
    fileSystem.list('/data/__cluster_metadata-0').filter((name) => name.endsWith('.checkpoint')).length;
  running.time.advance(59_000);
  expect(count()).toBe(1);
  running.time.advance(1000);
  expect(count()).toBe(2);
  running.time.advance(600_000);
  expect(count()).toBe(2);
  await running.close();
});
