// `ottla format` on a file system in memory: what it writes, and what it refuses, in Kafka's words.
import { expect, test } from 'vitest';
import { loadNodeConfig } from '../../../src/config/node-config.ts';
import { MemoryFileSystem } from '../../../src/io/memory-file-system.ts';
import { readMetaProperties } from '../../../src/log/directory-files.ts';
import { type FormatArguments, formatNode, parseInitialControllers } from '../../../src/node/format-command.ts';
import { readSnapshotFile } from '../../../src/raft/snapshot-file.ts';
import { seededRandom } from '../../support/logs.ts';

const clusterId = 'hloYyovRSj-Y0Z7LtQuJ3A';
const [first, second] = ['J8aAPcfLQt2bqs1JT_rMgQ', 'XAu5Std5QOyXTW_ObmDuyw'];
const file = `
  process.roles=broker,controller
  node.id=2
  listeners=PLAINTEXT://h2:9092,CTRL://h2:9093
  controller.listener.names=CTRL
  controller.quorum.bootstrap.servers=h1:9093
  log.dirs=/a,/b
  metadata.log.dir=/b
`;

function format(change: Partial<FormatArguments>, fileSystem = new MemoryFileSystem(), settings = file) {
  const lines = formatNode(
    {
      clusterId,
      standalone: false,
      initialControllers: null,
      noInitialControllers: false,
      releaseVersion: null,
      features: [],
      ignoreFormatted: false,
      ...change,
    },
    { config: loadNodeConfig({ file: settings }), fileSystem, random: seededRandom(3), nowMs: 1 },
  );
  return { lines, fileSystem };
}

const checkpoint = '/b/__cluster_metadata-0/00000000000000000000-0000000000.checkpoint';

test('the first voters are in the snapshot, and this one has the directory id that the list gives it', () => {
  const { lines, fileSystem } = format({ initialControllers: `1@h1:9093:${first}, 2@[::1]:9093:${second}` });
  expect(lines).toEqual([
    'Formatting data directory /a with metadata.version 4.3-IV0.',
    'Formatting dynamic metadata voter directory /b with metadata.version 4.3-IV0.',
  ]);
  expect(readMetaProperties(fileSystem, '/b')).toMatchObject({ clusterId, nodeId: 2, directoryId: second });
  expect(readMetaProperties(fileSystem, '/a')?.directoryId).not.toBe(second);
  const { quorum } = readSnapshotFile(fileSystem.readFile(checkpoint));
  expect(quorum.kraftVersion).toBe(1);
  expect(quorum.voters?.voters.map(({ voterId, directoryId, endpoints }) => [voterId, directoryId, endpoints])).toEqual(
    [
      [1, first, [{ name: 'CTRL', host: 'h1', port: 9093 }]],
      [2, second, [{ name: 'CTRL', host: '::1', port: 9093 }]],
    ],
  );
});

test('a controller that joins later, and a broker, have no voters', () => {
  const { lines, fileSystem } = format({ noInitialControllers: true, releaseVersion: '4.2' });
  expect(lines[1]).toBe('Formatting metadata directory /b with metadata.version 4.2-IV1.');
  expect(fileSystem.exists(checkpoint)).toBe(false);
});

test('standalone advertises the controller listener', () => {
  const { fileSystem } = format({ standalone: true });
  const { quorum } = readSnapshotFile(fileSystem.readFile(checkpoint));
  expect(quorum.voters?.voters[0]?.endpoints).toEqual([{ name: 'CTRL', host: 'h2', port: 9093 }]);
});

test('what is there already is left alone when asked to', () => {
  const { fileSystem } = format({ standalone: true });
  expect(() => format({ standalone: true }, fileSystem)).toThrow(
    'Log directory /a is already formatted. Use --ignore-formatted to ignore this directory and format the others.',
  );
  const { lines } = format({ standalone: true, ignoreFormatted: true }, fileSystem);
  expect(lines).toEqual(['All of the log directories are already formatted.']);
});

test('a directory of another node or cluster is refused', () => {
  const { fileSystem } = format({ standalone: true });
  const other = file.replace('node.id=2', 'node.id=3');
  expect(() => format({ standalone: true, ignoreFormatted: true }, fileSystem, other)).toThrow(
    'The directory /a belongs to node 2, but node.id is 3.',
  );
  expect(() => format({ standalone: true, ignoreFormatted: true, clusterId: first }, fileSystem)).toThrow(
    `The directory /a belongs to cluster ${clusterId}, but cluster ${first} is expected.`,
  );
});

test.each([
  [{}, 'you must specify one of the following: --standalone, --initial-controllers, or --no-initial-controllers.'],
  [{ noInitialControllers: true, features: ['kraft.version=1'] }, 'unless KIP-853 configuration is present'],
  [{ standalone: true, features: ['kraft.version=0'] }, 'if KIP-853 configuration is present'],
  [{ standalone: true, features: ['no.such=1'] }, 'Unsupported feature: no.such. Supported features are: '],
  [{ standalone: true, features: ['group.version=9'] }, 'has no level 9'],
  [{ standalone: true, features: ['group.version'] }, "Can't parse feature=level string group.version"],
  [{ standalone: true, releaseVersion: '9.9' }, 'There is no release version 9.9.'],
] as const)('%o is refused', (change, message) => {
  expect(() => format(change)).toThrow(message);
});

test.each([
  ['', 'No voters given.'],
  ['1', 'No @ found'],
  ['@h:1:x', 'Invalid @ at beginning'],
  ['a@h:1:x', 'Failed to parse node id'],
  ['-1@h:1:x', 'Invalid negative node id -1'],
  ['1@', 'No hostname found'],
  ['1@h', 'No colon following hostname'],
  ['1@h:1', 'No colon following port'],
  [`1@h:p:${first}`, 'Failed to parse port'],
  [`1@h:70000:${first}`, 'Invalid port 70000'],
  ['1@h:1:short', 'Failed to parse directory ID'],
  [`1@h:1:${first},1@g:1:${second}`, 'Node id 1 was specified more than once.'],
  [`1@h:1:${first},2@g:1:${first}`, 'was specified more than once.'],
  [`1@h:1:${first},2@h:1:${second}`, 'The address h:1 was specified more than once.'],
])('the list of controllers %j is refused', (text, message) => {
  expect(() => parseInitialControllers(text, 'CTRL')).toThrow(message);
});
