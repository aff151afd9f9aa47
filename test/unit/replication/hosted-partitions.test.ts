import { describe, expect, test } from 'vitest';
import { Partition } from '../../../src/replication/partition.ts';
import { FakeLog, FakeLogs, type FakeTime, Hosted, newPartitionState, settle, topicId } from './fakes.ts';

const otherTopicId = 'BbCdEfGhIjKlMnOpQrStUg';

describe('metadata', () => {
  test('a new partition gets a log and a leader epoch', () => {
    const hosted = new Hosted();
    expect(hosted.log().topicId).toBe(topicId);
    expect(hosted.log().epochs).toEqual([{ epoch: 0, startOffset: 0 }]);
    expect(hosted.leadership).toEqual(['t-0 epoch 0 leads true']);
  });

  test('a new leader epoch begins at the end of the log', async () => {
    const hosted = new Hosted();
    await hosted.produce(1, { records: 4 });
    hosted.setTopic('t', [newPartitionState({ leaderEpoch: 2, partitionEpoch: 1 })]);
    expect(hosted.log().epochs).toEqual([
      { epoch: 0, startOffset: 0 },
      { epoch: 2, startOffset: 4 },
    ]);
    expect(hosted.leadership.at(-1)).toBe('t-0 epoch 2 leads true');
  });

  test('an older state than the known one is ignored', () => {
    const hosted = new Hosted();
    hosted.setTopic('t', [newPartitionState({ leaderEpoch: 2, partitionEpoch: 7 })]);
    hosted.setTopic('t', [newPartitionState({ leader: 3, leaderEpoch: 1, partitionEpoch: 6 })]);
    expect(hosted.partition().leaderEpoch).toBe(2);
  });

  test('partitions of other brokers are known, not held', () => {
    const hosted = new Hosted();
    hosted.setTopic('elsewhere', [newPartitionState({ leader: 2, isr: [2], replicas: [2] })], otherTopicId);
    expect(hosted.partitions.find('elsewhere', 0)).toBe('NOT_LEADER_OR_FOLLOWER');
    expect(hosted.partitions.find('elsewhere', 1)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    expect(hosted.partitions.find('nowhere', 0)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    expect(hosted.logs.log('elsewhere', 0)).toBeUndefined();
  });

  test('a partition that moves away loses its log', () => {
    const hosted = new Hosted();
    hosted.setTopic('t', [
      newPartitionState({ leader: 2, leaderEpoch: 1, partitionEpoch: 1, isr: [2], replicas: [2] }),
    ]);
    expect(hosted.logs.deleted).toEqual(['t-0']);
    expect(hosted.partitions.find('t', 0)).toBe('NOT_LEADER_OR_FOLLOWER');
    expect(hosted.leadership.at(-1)).toBe('t-0 epoch 0 leads false');
  });

  test('a topic that was deleted and made again starts with an empty log', async () => {
    const hosted = new Hosted();
    await hosted.produce(1);
    hosted.setTopic('t', [newPartitionState()], otherTopicId);
    expect(hosted.logs.deleted).toEqual(['t-0']);
    expect(hosted.log()).toMatchObject({ topicId: otherTopicId, logEndOffset: 0 });
    hosted.deleteTopic('t', topicId); // the late deletion of the old topic
    expect(hosted.partition().topicId).toBe(otherTopicId);
  });

  test('a log of an older topic of the name is not reused', () => {
    const logs = new FakeLogs();
    logs.add(new FakeLog('t', 0, otherTopicId));
    const hosted = new Hosted({ logs });
    expect(hosted.logs.deleted).toEqual(['t-0']);
    expect(hosted.log().topicId).toBe(topicId);
  });

  test('a log that cannot be made, because its directory failed, takes what lies there offline', () => {
    const hosted = new Hosted();
    hosted.logs.failure = new Error('EIO');
    hosted.setTopic('other', [newPartitionState()], otherTopicId);
    expect(hosted.partitions.find('other', 0)).toBe('KAFKA_STORAGE_ERROR');
    expect(hosted.partitions.find('t', 0)).toBe('KAFKA_STORAGE_ERROR');
  });

  test('a failed directory leaves the partitions of the others online', () => {
    const hosted = new Hosted();
    hosted.setTopic('other', [newPartitionState()], otherTopicId);
    hosted.log().offline = true;
    hosted.partitions.failStorage(new Error('EIO'));
    expect(hosted.partitions.find('t', 0)).toBe('KAFKA_STORAGE_ERROR');
    expect(hosted.partitions.find('other', 0)).toBeInstanceOf(Partition);
    expect(hosted.leadership.at(-1)).toBe('t-0 epoch 0 leads false');
  });

  test('a log in another directory than the metadata says is reported', () => {
    const hosted = new Hosted();
    const [here, there] = ['aaaaaaaaaaaaaaaaaaaaaA', 'bbbbbbbbbbbbbbbbbbbbbA'];
    hosted.logs.misplaced = here;
    hosted.setTopic('t', [newPartitionState({ partitionEpoch: 1, directories: [there] })]);
    expect(hosted.misplaced).toEqual([{ topicId, partition: 0, directoryId: here }]);
    hosted.setTopic('t', [newPartitionState({ partitionEpoch: 2, directories: [here] })]);
    hosted.setTopic('t', [newPartitionState({ partitionEpoch: 3 })]);
    expect(hosted.misplaced).toHaveLength(1);
  });

  test('new configs reach the logs', () => {
    const hosted = new Hosted();
    const before = hosted.log().config;
    hosted.log().config = { ...before, maxMessageBytes: 1 };
    hosted.partitions.configsChanged('t');
    expect(hosted.log().config).toEqual(before);
  });
});

describe('a change of many partitions', () => {
  /** Making or deleting one takes 5 ms of the event loop. */
  class SlowLogs extends FakeLogs {
    time: FakeTime | null = null;
    override createLog(options: Parameters<FakeLogs['createLog']>[0]): FakeLog {
      this.time?.advance(5);
      return super.createLog(options);
    }
    override deleteLog(topic: string, partition: number): boolean {
      this.time?.advance(5);
      return super.deleteLog(topic, partition);
    }
  }

  const many = { name: 'many', topicId: otherTopicId };

  function newWorld(count: number) {
    const logs = new SlowLogs();
    const hosted = new Hosted({ logs });
    logs.time = hosted.time;
    const changedPartitions = Array.from({ length: count }, (_, partition) => ({
      topic: many,
      partition,
      current: newPartitionState(),
    }));
    const held = () =>
      changedPartitions.filter(({ partition }) => typeof hosted.partitions.find('many', partition) !== 'string').length;
    return { hosted, logs, changedPartitions, held };
  }

  test('that takes no time is made at once', () => {
    const { hosted, changedPartitions, held } = newWorld(3);
    expect(hosted.partitions.apply({ changedPartitions, deletedTopics: [] })).toBeUndefined();
    expect(held()).toBe(3);
  });

  test('gives way to everything else every 20 ms, when topics come and when they go', async () => {
    const { hosted, logs, changedPartitions, held } = newWorld(10);
    const created = hosted.partitions.apply({ changedPartitions, deletedTopics: [] });
    const turns: number[] = [held()];
    while (held() < 10) {
      hosted.time.advance(0);
      await settle();
      turns.push(held());
    }
    expect(turns).toEqual([4, 8, 10]);
    await created;

    const gone = hosted.partitions.apply({ changedPartitions: [], deletedTopics: [many] });
    expect(logs.deleted).toHaveLength(4);
    // Nobody is given one that is about to go.
    expect(held()).toBe(0);
    hosted.time.advance(0);
    await settle();
    expect(logs.deleted).toHaveLength(8);
    hosted.time.advance(0);
    await gone;
    expect(logs.deleted).toHaveLength(10);
  });

  test('ends where the broker stops: no log is made in a directory that may be another one’s by then', async () => {
    const { hosted, changedPartitions, held } = newWorld(10);
    const created = hosted.partitions.apply({ changedPartitions, deletedTopics: [] });
    hosted.partitions.stop();
    hosted.time.advance(0);
    await created;
    expect(held()).toBe(4);
    expect(hosted.time.scheduled).toBe(0);
  });
});

describe('high watermarks', () => {
  test('are checkpointed now and then, and only when they moved', async () => {
    const hosted = new Hosted();
    hosted.partitions.start();
    await hosted.produce(1, { records: 2 });
    await settle();
    hosted.time.advance(5000);
    hosted.time.advance(5000);
    expect(hosted.logs.written).toEqual([new Map([['t-0', 2]])]);
    await hosted.produce(1);
    await settle();
    hosted.partitions.stop();
    expect(hosted.logs.written.at(-1)).toEqual(new Map([['t-0', 3]]));
    expect(hosted.time.scheduled).toBe(0);
  });

  test('a follower starts from the checkpoint, a lone leader from the end of its log', () => {
    const newLogs = () => {
      const logs = new FakeLogs(new Map([['t-0', 3]]));
      const log = logs.add(new FakeLog('t', 0, topicId));
      log.logStartOffset = 1;
      log.foundEndOffset = 5;
      return logs;
    };
    expect(new Hosted({ logs: newLogs() }).partition().highWatermark).toBe(5);
    const follower = new Hosted({ logs: newLogs(), brokerId: 2 });
    expect(follower.partitions.find('t', 0)).toBe('NOT_LEADER_OR_FOLLOWER');
    follower.setTopic('t', [newPartitionState({ partitionEpoch: 1, isr: [1, 2], replicas: [1, 2] })]);
    expect(follower.partition().highWatermark).toBe(3);
  });

  test('a checkpoint ahead of a damaged log is cut to the log', () => {
    const logs = new FakeLogs(new Map([['t-0', 30]]));
    logs.add(new FakeLog('t', 0, topicId));
    const hosted = new Hosted({ logs });
    expect(hosted.partition().highWatermark).toBe(0);
  });

  test('a failed checkpoint takes the partitions of its directory offline', async () => {
    const hosted = new Hosted();
    hosted.partitions.start();
    hosted.logs.failure = new Error('EIO');
    await hosted.produce(1);
    await settle();
    hosted.time.advance(5000);
    expect(hosted.partitions.find('t', 0)).toBe('KAFKA_STORAGE_ERROR');
  });
});

describe('offsets', () => {
  const list = (hosted: Hosted, timestamp: number, changes: object = {}) =>
    hosted.partitions.listOffset({
      topic: 't',
      partition: 0,
      timestamp,
      currentLeaderEpoch: -1,
      visibility: 'uncommitted',
      leaderOnly: true,
      ...changes,
    });

  test('earliest, latest, by time and the places of tiered storage', async () => {
    const hosted = new Hosted();
    await hosted.produce(1, { records: 3 });
    await settle();
    hosted.partitions.deleteRecords([{ topic: 't', partition: 0, beforeOffset: 1 }], 1000);
    expect(list(hosted, -1)).toEqual({ error: 'NONE', timestamp: -1, offset: 3, leaderEpoch: 0 });
    expect(list(hosted, -2)).toEqual({ error: 'NONE', timestamp: -1, offset: 1, leaderEpoch: 0 });
    expect(list(hosted, -4)).toEqual({ error: 'NONE', timestamp: -1, offset: 1, leaderEpoch: 0 });
    for (const tiered of [-5, -6]) {
      expect(list(hosted, tiered)).toEqual({ error: 'NONE', timestamp: -1, offset: -1, leaderEpoch: -1 });
    }
    expect(await list(hosted, 1_700_000_000_000)).toMatchObject({ offset: 0, leaderEpoch: 0 });
    expect(await list(hosted, -3)).toMatchObject({ timestamp: 1_700_000_000_002, error: 'NONE' });
    expect(await list(hosted, 1_800_000_000_000)).toMatchObject({ error: 'NONE', offset: -1 });
  });

  test('read_committed ends at the last stable offset, a replica sees all', async () => {
    const hosted = new Hosted();
    await hosted.produce(1, { records: 3 });
    await settle();
    hosted.log().firstUnstableOffset = 2;
    expect(list(hosted, -1, { visibility: 'committed' })).toMatchObject({ offset: 2 });
    hosted.log().holdWrites = true;
    hosted.produce(0);
    expect(list(hosted, -1)).toMatchObject({ offset: 3 });
    expect(list(hosted, -1, { visibility: 'replica' })).toMatchObject({ offset: 4 });
  });

  test('KIP-207: a new leader that knows too little says so', async () => {
    const hosted = new Hosted();
    hosted.setTopic('t', [newPartitionState({ partitionEpoch: 1, isr: [1, 2], replicas: [1, 2] })]);
    await hosted.produce(1);
    expect(list(hosted, -1)).toMatchObject({ error: 'NONE', offset: 0 });
    hosted.setTopic('t', [newPartitionState({ leaderEpoch: 1, partitionEpoch: 2, isr: [1, 2], replicas: [1, 2] })]);
    expect(list(hosted, -1)).toMatchObject({ error: 'OFFSET_NOT_AVAILABLE', offset: -1 });
    expect(list(hosted, -2)).toMatchObject({ error: 'NONE', offset: 0 });
    expect(list(hosted, -1, { visibility: 'replica' })).toMatchObject({ error: 'NONE', offset: 1 });
    hosted.followerFetched(2, 1);
    expect(list(hosted, -1)).toMatchObject({ error: 'NONE', offset: 1 });
  });

  test('leader epochs end where the next begins', async () => {
    const hosted = new Hosted();
    await hosted.produce(1, { records: 2 });
    hosted.setTopic('t', [newPartitionState({ leaderEpoch: 4, partitionEpoch: 1 })]);
    await hosted.produce(1);
    const end = (leaderEpoch: number, currentLeaderEpoch = -1) =>
      hosted.partitions.endOfLeaderEpoch({ topic: 't', partition: 0, currentLeaderEpoch, leaderEpoch });
    expect(end(0)).toEqual({ error: 'NONE', leaderEpoch: 0, endOffset: 2 });
    expect(end(3)).toEqual({ error: 'NONE', leaderEpoch: 0, endOffset: 2 });
    expect(end(4)).toEqual({ error: 'NONE', leaderEpoch: 4, endOffset: 3 });
    expect(end(5)).toEqual({ error: 'NONE', leaderEpoch: -1, endOffset: -1 });
    expect(end(4, 3)).toMatchObject({ error: 'FENCED_LEADER_EPOCH' });
    expect(end(4, 5)).toMatchObject({ error: 'UNKNOWN_LEADER_EPOCH' });
  });
});

describe('deleting records', () => {
  /** Without other replicas there is nothing to wait for. */
  const deleteBefore = (hosted: Hosted, beforeOffset: number, topic = 't') => {
    const results = hosted.partitions.deleteRecords([{ topic, partition: 0, beforeOffset }], 1000);
    return Array.isArray(results) ? results[0] : results;
  };

  test('moves the log start offset up to the high watermark, never back', async () => {
    const hosted = new Hosted();
    await hosted.produce(1, { records: 5 });
    await settle();
    expect(deleteBefore(hosted, 3)).toEqual({ error: 'NONE', lowWatermark: 3 });
    expect(deleteBefore(hosted, 1)).toEqual({ error: 'NONE', lowWatermark: 3 });
    expect(deleteBefore(hosted, 6)).toEqual({ error: 'OFFSET_OUT_OF_RANGE', lowWatermark: -1 });
    expect(deleteBefore(hosted, -2)).toEqual({ error: 'OFFSET_OUT_OF_RANGE', lowWatermark: -1 });
    expect(deleteBefore(hosted, -1)).toEqual({ error: 'NONE', lowWatermark: 5 });
  });

  test('is refused for compacted and internal topics', () => {
    const hosted = new Hosted();
    hosted.log().config = { ...hosted.log().config, cleanupPolicy: { compact: true, delete: false } };
    expect(deleteBefore(hosted, 0)).toMatchObject({ error: 'POLICY_VIOLATION' });
    expect(deleteBefore(hosted, 0, '__consumer_offsets')).toMatchObject({ error: 'INVALID_TOPIC_EXCEPTION' });
    expect(deleteBefore(hosted, 0, 'nowhere')).toMatchObject({ error: 'UNKNOWN_TOPIC_OR_PARTITION' });
  });
});
