// kafka-broker-api-versions, kafka-cluster, kafka-features, kafka-metadata-quorum, kafka-log-dirs, kafka-leader-election,
// kafka-reassign-partitions, kafka-transactions.

import { createTopic, prepare, produce, SLOWLY, step, type ToolScript, type ToolStep } from '../tool-script.ts';

const cluster: ToolScript[] = [
  {
    name: 'broker-api-versions',
    tool: 'kafka-broker-api-versions',
    extended: true,
    steps: [step('', { server: 'none' }), step('--nonsense'), step('--version')],
  },
  {
    name: 'cluster',
    tool: 'kafka-cluster',
    steps: [
      step('cluster-id --bootstrap-server {bootstrap}', { normalise: ['ids'] }),
      step('list-endpoints --bootstrap-server {bootstrap}', { normalise: ['words'] }),
      step('list-endpoints --bootstrap-server {bootstrap} --include-fenced-brokers', { normalise: ['words'] }),
      step('cluster-id --bootstrap-server {bootstrap} --command-config {file}', {
        file: 'client.id=a\n',
        normalise: ['ids'],
      }),
      step('cluster-id', { server: 'none' }),
      step('nonsense', { server: 'none' }),
    ],
  },
  {
    name: 'cluster-controllers',
    tool: 'kafka-cluster',
    waits: 'several brokers',
    steps: [
      step('unregister --bootstrap-server {bootstrap} --id 77'),
      step('list-endpoints --bootstrap-controller {bootstrap}', { normalise: ['summary'] }),
    ],
  },
  {
    name: 'features',
    tool: 'kafka-features',
    steps: [
      step('describe', { normalise: ['words', 'numbers'] }),
      step('version-mapping'),
      step('version-mapping --release-version 3.9-IV0'),
      step('version-mapping --release-version nonsense'),
      step('feature-dependencies --feature group.version=1'),
      step('feature-dependencies --feature nonsense=1'),
      step('upgrade'),
      step('nonsense'),
    ],
  },
  {
    name: 'features-changed',
    tool: 'kafka-features',
    waits: 'feature levels',
    steps: [
      step('downgrade --feature transaction.version=1 --dry-run'),
      step('downgrade --feature transaction.version=1'),
      step('describe', { normalise: ['words', 'numbers'] }),
      step('upgrade --feature transaction.version=2'),
      step('upgrade --feature transaction.version=2'),
      step('upgrade --feature transaction.version=9'),
      step('upgrade --feature nonsense=1'),
      step('upgrade --release-version 4.3-IV0 --dry-run'),
      step('downgrade --metadata 3.3-IV3 --dry-run'),
      step('downgrade --release-version 3.9-IV0 --unsafe --dry-run'),
      step('disable --feature group.version --dry-run'),
      step('disable --feature nonsense'),
      step('describe', { normalise: ['words', 'numbers'] }),
    ],
  },
  {
    name: 'quorum',
    tool: 'kafka-metadata-quorum',
    waits: 'quorum changes',
    steps: [
      step('describe --status', { normalise: ['ids', 'numbers'] }),
      step('describe --replication', { normalise: ['ids', 'words', 'numbers'] }),
      step('describe --replication --human-readable', { normalise: ['exit'] }),
      step('describe'),
      step('nonsense'),
    ],
  },
  {
    name: 'quorum-changed',
    tool: 'kafka-metadata-quorum',
    waits: 'quorum changes',
    steps: [
      step('remove-controller --controller-id 9 --controller-directory-id hloYyovRSj-Y0Z7LtQuJ3A', {
        normalise: ['ids'],
      }),
      step('remove-controller --controller-id 9 --controller-directory-id nonsense'),
      step('add-controller --dry-run'),
    ],
  },
  {
    name: 'log-dirs',
    tool: 'kafka-log-dirs',
    waits: 'log directories',
    steps: [
      createTopic('@t', 2),
      produce('@t', 1),
      step('--describe --topic-list @t'),
      step('--describe --topic-list @none'),
      step('--describe --broker-list 1 --topic-list @t'),
      step('--describe --broker-list 1,7 --topic-list @t'),
      step('--describe --broker-list nonsense'),
      step('--broker-list 1'),
    ].map((each) => (each.setup ? each : { ...each, normalise: ['lines' as const] })),
  },
  {
    name: 'leader-election',
    tool: 'kafka-leader-election',
    waits: 'several brokers',
    steps: [
      createTopic('@t', 2),
      step('--election-type preferred --topic @t --partition 0'),
      step('--election-type unclean --topic @t --partition 1'),
      step('--election-type preferred --topic @none --partition 0'),
      step('--election-type preferred --topic @t --partition 9'),
      step('--election-type preferred --path-to-json-file {file}', {
        file: '{"partitions": [{"topic": "@t", "partition": 0}, {"topic": "@t", "partition": 1}]}',
      }),
      step('--election-type preferred --path-to-json-file {file}', { file: 'nonsense' }),
      step('--election-type nonsense --all-topic-partitions'),
      step('--election-type preferred --topic @t'),
      step('--election-type preferred'),
    ],
  },
  {
    name: 'reassign',
    tool: 'kafka-reassign-partitions',
    waits: 'several brokers',
    steps: [
      createTopic('@t', 2),
      step('--list'),
      step('--generate --broker-list 1 --topics-to-move-json-file {file}', {
        file: '{"topics": [{"topic": "@t"}], "version": 1}',
      }),
      step('--generate --broker-list 1,2 --topics-to-move-json-file {file}', {
        file: '{"topics": [{"topic": "@t"}], "version": 1}',
        normalise: ['summary'],
      }),
      step('--execute --reassignment-json-file {file}', {
        file: '{"version": 1, "partitions": [{"topic": "@t", "partition": 0, "replicas": [1]}]}',
      }),
      step('--verify --reassignment-json-file {file}', {
        file: '{"version": 1, "partitions": [{"topic": "@t", "partition": 0, "replicas": [1]}]}',
      }),
      step('--execute --reassignment-json-file {file}', {
        file: '{"version": 1, "partitions": [{"topic": "@t", "partition": 0, "replicas": [7]}]}',
        normalise: ['summary'],
      }),
      step('--execute --reassignment-json-file {file}', {
        file: '{"version": 1, "partitions": [{"topic": "@none", "partition": 0, "replicas": [1]}]}',
        normalise: ['summary'],
      }),
      step('--cancel --reassignment-json-file {file}', {
        file: '{"version": 1, "partitions": [{"topic": "@t", "partition": 0, "replicas": [1]}]}',
      }),
      step('--execute --reassignment-json-file {file}', { file: 'nonsense', normalise: ['summary'] }),
      step('--execute'),
      step(''),
    ],
  },
  {
    name: 'reassign-log-dirs',
    tool: 'kafka-reassign-partitions',
    waits: 'log directories',
    steps: [
      createTopic('@t'),
      step('--execute --reassignment-json-file {file}', {
        file: '{"version": 1, "partitions": [{"topic": "@t", "partition": 0, "replicas": [1], "log_dirs": ["{data}"]}]}',
        normalise: ['lines'],
      }),
      step('--execute --reassignment-json-file {file}', {
        file: '{"version": 1, "partitions": [{"topic": "@t", "partition": 0, "replicas": [1], "log_dirs": ["/no/such/directory"]}]}',
        normalise: ['summary'],
      }),
    ],
  },
];

/** Asks again and again for what is not there, but not for a minute. */
const impatient = (args: string): ToolStep =>
  step(`--command-config {file} ${args}`, {
    file: 'default.api.timeout.ms=1500\nrequest.timeout.ms=1000\n',
    normalise: ['summary'],
  });

const transactions: ToolScript[] = [
  {
    name: 'transactions',
    tool: 'kafka-transactions',
    steps: [
      createTopic('@t'),
      prepare(
        'kafka-producer-perf-test',
        `--topic @t --num-records 10 --record-size 10 ${SLOWLY} --transactional-id @tx`,
      ),
      step('describe --transactional-id @tx', { normalise: ['words', 'numbers'] }),
      step('list --transactional-id-pattern @.*', { normalise: ['words', 'numbers'] }),
      step('list --duration-filter 1000000000', { normalise: ['words'] }),
      step('list --transactional-id-pattern (', { normalise: ['summary'] }),
      step('describe --transactional-id @none', { normalise: ['summary'] }),
      step('describe-producers --topic @t --partition 0', { normalise: ['words', 'numbers'] }),
      step('describe-producers --topic @t --partition 0 --broker-id 1', { normalise: ['words', 'numbers'] }),
      impatient('describe-producers --topic @t --partition 5'),
      step('find-hanging --topic @t', { normalise: ['words'] }),
      step('find-hanging --broker-id 1 --max-transaction-timeout 1', { normalise: ['words'] }),
      step('abort --topic @t --partition 0 --start-offset 5', { normalise: ['summary'] }),
      step('abort --topic @t --partition 0 --producer-id 99999 --producer-epoch 0 --coordinator-epoch 0'),
      impatient('abort --topic @none --partition 0 --producer-id 99999 --producer-epoch 0 --coordinator-epoch 0'),
      step('abort --topic @t --partition 0', { normalise: ['summary'] }),
      step('forceTerminateTransaction --transactionalId @tx', { normalise: ['summary'] }),
      impatient('forceTerminateTransaction --transactionalId @none'),
      step('nonsense', { normalise: ['summary'] }),
    ],
  },
];

export const clusterScripts: readonly ToolScript[] = [...cluster, ...transactions];
