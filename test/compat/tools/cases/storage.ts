// kafka-storage, kafka-metadata-shell, kafka-dump-log: the tools that read a data directory.

import { step, type ToolScript, type ToolStep } from '../tool-script.ts';

const properties = (folder: string): string =>
  [
    'process.roles=broker,controller',
    'node.id=1',
    'controller.quorum.bootstrap.servers=127.0.0.1:9093',
    'listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093',
    'controller.listener.names=CONTROLLER',
    `log.dirs=${folder}`,
    '',
  ].join('\n');

/** The shell sometimes misses that it has read everything, and waits for ever: it is run again. */
const inShell = (command: string): ToolStep =>
  step(`--snapshot {data}/bootstrap.checkpoint ${command}`, {
    server: 'none',
    timeoutMs: 3000,
    until: /\S/,
    normalise: ['lines'],
  });

const CLUSTER_ID = 'hloYyovRSj-Y0Z7LtQuJ3A';

export const storageScripts: readonly ToolScript[] = [
  {
    name: 'storage-info',
    tool: 'kafka-storage',
    stopped: true,
    steps: [
      step('info --config {file}', { server: 'none', file: properties('{data}'), normalise: ['ids'] }),
      step(`format --cluster-id ${CLUSTER_ID} --standalone --config {file}`, {
        server: 'none',
        file: properties('{data}'),
        normalise: ['ids'],
      }),
      step(`format --cluster-id ${CLUSTER_ID} --standalone --ignore-formatted --config {file}`, {
        server: 'none',
        file: properties('{data}'),
        normalise: ['ids'],
      }),
    ],
  },
  {
    name: 'storage-without-broker',
    tool: 'kafka-storage',
    extended: true,
    steps: [
      step('random-uuid', { server: 'none', normalise: ['ids'] }),
      step('version-mapping', { server: 'none' }),
      step('feature-dependencies --feature transaction.version=2', { server: 'none' }),
      step('info --config {file}', { server: 'none', file: properties('{folder}') }),
      step('info', { server: 'none' }),
    ],
  },
  {
    name: 'dump-log-metadata',
    tool: 'kafka-dump-log',
    stopped: true,
    steps: [
      step('--files {data}/bootstrap.checkpoint --cluster-metadata-decoder --skip-record-metadata', {
        server: 'none',
        normalise: ['numbers'],
      }),
      step('--files {data}/meta.properties', { server: 'none', normalise: ['summary'] }),
      step('--files {data}/no-such-file.log', { server: 'none', normalise: ['summary'] }),
      step('', { server: 'none' }),
    ],
  },
  {
    name: 'metadata-shell',
    tool: 'kafka-metadata-shell',
    stopped: true,
    extended: true,
    steps: [
      inShell('ls /'),
      inShell('ls /image/features'),
      inShell('tree /image/features'),
      inShell('cat /image/features/finalizedVersions/group.version'),
      inShell('cat /nonsense'),
      step('--snapshot {data}/no-such-file ls /', { server: 'none', normalise: ['summary'] }),
    ],
  },
];
