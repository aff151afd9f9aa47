import { ask, batch, createTopic, eachVersion, produce, type RequestStep, type Script } from '../script.ts';

/** The two directories, as `$first` and `$second`. */
const directories: RequestStep = {
  api: 'DescribeLogDirs',
  version: 5,
  setup: true,
  body: { topics: [] },
  save: { first: 'results.0.logDir', second: 'results.1.logDir' },
};

const moving = (path: string, topic: string, ...partitions: readonly number[]) => ({
  dirs: [{ path, topics: [{ name: topic, partitions }] }],
});
const describing = (...topics: readonly string[]) => ({
  topics: topics.map((topic) => ({ topic, partitions: [0, 1, 7] })),
});
const ALTER = 'AlterReplicaLogDirs';
const unordered = ['results', 'results.*.partitions'];
/** Partition 0 lies in the directory of this index, and nowhere else any more. */
const settled = (index: 0 | 1): RequestStep =>
  ask(
    `it lies in directory ${index}`,
    'DescribeLogDirs',
    { topics: [{ topic: '@moved', partitions: [0] }] },
    { until: { path: `results.${1 - index}.topics.length`, is: 0 } },
  );

const describeLogDirs: Script = {
  name: 'describe-log-dirs',
  steps: [
    directories,
    ...eachVersion('DescribeLogDirs', () => ({ name: 'no topics', body: { topics: [] } })),
    ask('unknown topics', 'DescribeLogDirs', describing('@missing', '', 'not/a/name')),
    ask('a topic without partitions', 'DescribeLogDirs', { topics: [{ topic: '@missing', partitions: [] }] }),
    // Where it goes is not left to the number of logs, which other scripts change.
    ask('before it is there', ALTER, moving('$second', '@orders', 0, 1), { unordered }),
    createTopic('@orders', { partitions: 2 }),
    { ready: '@orders' },
    ...produce('@orders', 1, batch({ count: 3 }), batch({ count: 2, compressionType: 'gzip' })),
    ...eachVersion('DescribeLogDirs', () => ({
      body: describing('@orders'),
      unordered: ['results.*.topics', 'results.*.topics.*.partitions'],
    })),
    ask('a partition twice', 'DescribeLogDirs', {
      topics: [
        { topic: '@orders', partitions: [1, 1] },
        { topic: '@orders', partitions: [1] },
      ],
    }),
    ask('a negative partition', 'DescribeLogDirs', { topics: [{ topic: '@orders', partitions: [-1] }] }),
  ],
};

const alterReplicaLogDirs: Script = {
  name: 'alter-replica-log-dirs',
  steps: [
    directories,
    ask('nothing', ALTER, { dirs: [] }),
    ask('a directory without topics', ALTER, { dirs: [{ path: '$first', topics: [] }] }),
    ...eachVersion(ALTER, () => ({ name: 'an unknown topic', body: moving('$first', '@missing', 0, 1), unordered })),
    ask('an unknown topic to an unknown directory', ALTER, moving('/not/there', '@missing', 0)),
    ask('a name that no topic has', ALTER, moving('$first', 'not/a/name', 0)),
    ask('an empty name', ALTER, moving('$first', '', 0)),
    ask('a name that leaves no room', ALTER, moving('$first', 'n'.repeat(249), 0)),
    ask('a name that leaves just room', ALTER, moving('$first', 'n'.repeat(212), 0)),
    ask('a name that just leaves no room', ALTER, moving('$first', 'n'.repeat(214), 0)),
    ask('it will be in the first', ALTER, moving('$first', '@moved', 0, 1)),
    createTopic('@moved', { partitions: 2 }),
    { ready: '@moved' },
    ...produce('@moved', 0, batch({ count: 3 }), batch({ count: 2 })),
    ask('where it is', ALTER, moving('$first', '@moved', 0)),
    ask('an unknown partition', ALTER, moving('$second', '@moved', 7)),
    ask('a negative partition', ALTER, moving('$second', '@moved', -1)),
    ask('an unknown directory', ALTER, moving('/not/there', '@moved', 0)),
    ask('a relative directory', ALTER, moving('data', '@moved', 0)),
    ask('an empty directory', ALTER, moving('', '@moved', 0)),
    settled(0),
    ...eachVersion(ALTER, () => ({ name: 'to the second', body: moving('$second', '@moved', 0) })),
    settled(1),
    ...produce('@moved', 0, batch({ count: 1 })),
    ask('what is read there', 'Fetch', {
      replicaId: -1,
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: 1_000_000,
      isolationLevel: 0,
      sessionId: 0,
      sessionEpoch: -1,
      topics: [
        {
          topicId: '$movedId',
          partitions: [
            {
              partition: 0,
              currentLeaderEpoch: -1,
              fetchOffset: 0,
              lastFetchedEpoch: -1,
              partitionMaxBytes: 1_000_000,
            },
          ],
        },
      ],
    }),
    ask('back', ALTER, moving('$first', '@moved', 0)),
    settled(0),
    ask('two directories at once', ALTER, {
      dirs: [
        { path: '/not/there', topics: [{ name: '@moved', partitions: [0] }] },
        { path: '$first', topics: [{ name: '@moved', partitions: [0] }] },
      ],
    }),
  ],
};

export const logDirScripts: readonly Script[] = [describeLogDirs, alterReplicaLogDirs];
