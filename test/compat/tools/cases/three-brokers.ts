// The tools that are about several brokers and controllers, against a cluster of three.

import { prepare, produce, startNode, step, stopNode, type ToolScript, type ToolStep } from '../tool-script.ts';

const assigned = (topic: string, assignment: string, more = ''): ToolStep =>
  prepare('kafka-topics', `--create --topic ${topic} --replica-assignment ${assignment} ${more}`);

/** Waits until the topic looks so, and compares how it looks then. */
const described = (topic: string, until: RegExp, more: Partial<ToolStep> = {}): ToolStep =>
  step(`--describe --topic ${topic}`, { run: 'kafka-topics', until, normalise: ['words'], ...more });

/** The replicas of partition 0 of each topic. */
const reassignment = (topics: Readonly<Record<string, readonly number[]>>): string =>
  JSON.stringify({
    version: 1,
    partitions: Object.entries(topics).map(([topic, replicas]) => ({ topic, partition: 0, replicas })),
  });

/** The shell sometimes misses that it has read everything, and waits for ever: it is run again. */
const inShell = (command: string, until: RegExp): ToolStep =>
  step(`--snapshot "{snapshot}" ${command}`, { server: 'none', timeoutMs: 8000, until, normalise: ['lines'] });

const status = (until: RegExp): ToolStep => step('describe --status', { until, normalise: ['quorum', 'ids'] });

const REMOVE_3 = 'remove-controller --controller-id 3 --controller-directory-id "{directory 3}"';
const withController = { server: 'none' } as const;

export const threeBrokerScripts: readonly ToolScript[] = [
  {
    name: 'three-quorum',
    tool: 'kafka-metadata-quorum',
    steps: [
      status(/CurrentVoters/),
      step('--bootstrap-controller {controllers} describe --status', {
        ...withController,
        normalise: ['quorum', 'ids'],
      }),
      step('describe --replication', { normalise: ['ids', 'words', 'numbers'] }),
      step('--bootstrap-controller {controllers} describe --replication', {
        ...withController,
        normalise: ['ids', 'words', 'numbers'],
      }),
      step(`${REMOVE_3} --dry-run`),
      step('remove-controller --controller-id 3 --controller-directory-id "{directory 1}"', { normalise: ['words'] }),
      step('--command-config "{config 3}" add-controller'),
      step(REMOVE_3),
      status(/CurrentObservers:.*"id": 3/),
      step(REMOVE_3),
      step('--command-config "{config 3}" add-controller --dry-run'),
      step('--command-config "{config 3}" add-controller', { until: /Added/ }),
      status(/CurrentObservers:\s+\[\]/),
      step('--bootstrap-controller {controllers} --command-config "{config 3}" add-controller', withController),
    ],
  },
  {
    name: 'three-cluster',
    tool: 'kafka-cluster',
    steps: [
      step('cluster-id --bootstrap-server {bootstrap}', { normalise: ['ids'] }),
      step('cluster-id --bootstrap-controller {controllers}', { ...withController, normalise: ['ids'] }),
      step('list-endpoints --bootstrap-server {bootstrap}', { normalise: ['words', 'lines'] }),
      step('list-endpoints --bootstrap-controller {controllers}', { ...withController, normalise: ['words', 'lines'] }),
      step('unregister --bootstrap-server {bootstrap} --id 77'),
      stopNode(3),
      step('list-endpoints --bootstrap-server {bootstrap}', { normalise: ['words', 'lines'] }),
      step('list-endpoints --bootstrap-server {bootstrap} --include-fenced-brokers', {
        until: /\bfenced/,
        normalise: ['words', 'lines'],
      }),
      step('unregister --bootstrap-server {bootstrap} --id 3'),
      step('list-endpoints --bootstrap-server {bootstrap} --include-fenced-brokers', {
        until: /^((?!\bfenced).)*$/s,
        normalise: ['words', 'lines'],
      }),
      step('unregister --bootstrap-controller {controllers} --id 3', withController),
      startNode(3),
      step('list-endpoints --bootstrap-server {bootstrap}', { until: /^3\b/m, normalise: ['words', 'lines'] }),
    ],
  },
  {
    name: 'three-features',
    tool: 'kafka-features',
    steps: [
      step('describe', { normalise: ['words', 'numbers'] }),
      step('--bootstrap-controller {controllers} describe', { ...withController, normalise: ['words', 'numbers'] }),
      step('upgrade --feature kraft.version=1'),
      step('downgrade --feature kraft.version=0'),
      step('downgrade --feature transaction.version=1'),
      step('--bootstrap-controller {controllers} upgrade --feature transaction.version=2', withController),
      step('upgrade --feature kraft.version=2', { normalise: ['numbers'] }),
    ],
  },
  {
    name: 'three-leader-election',
    tool: 'kafka-leader-election',
    steps: [
      assigned('@t', '3:1:2,1:2:3,3:2:1'),
      assigned('@lone', '3'),
      described('@t', /Isr: 3,1,2[\s\S]*Isr: 1,2,3[\s\S]*Isr: 3,2,1/),
      stopNode(3),
      described('@t', /Leader: 1[\s\S]*Leader: 1[\s\S]*Leader: 2/),
      described('@lone', /Leader: none/),
      step('--election-type preferred --topic @t --partition 0', { normalise: ['summary'] }),
      step('--election-type unclean --topic @lone --partition 0', { normalise: ['summary'] }),
      startNode(3),
      described('@lone', /Leader: 3/),
      described('@t', /(Isr: \S*3\S*\s[\s\S]*){3}/, { normalise: ['exit'] }),
      step('--election-type preferred --topic @t --partition 0', { until: /Successfully/ }),
      step('--election-type preferred --topic @t --partition 0'),
      step('--election-type preferred --path-to-json-file "{file}"', {
        file: '{"partitions": [{"topic": "@t", "partition": 1}, {"topic": "@t", "partition": 2}]}',
        normalise: ['sets'],
      }),
      step('--election-type unclean --topic @t --partition 0'),
      step('--election-type preferred --all-topic-partitions'),
      described('@t', /Leader: 3[\s\S]*Leader: 1[\s\S]*Leader: 3/),
    ],
  },
  {
    name: 'three-reassign',
    tool: 'kafka-reassign-partitions',
    steps: [
      assigned('@t', '1:2'),
      assigned('@u', '2:3'),
      step('--generate --broker-list 1,2,3 --topics-to-move-json-file "{file}"', {
        file: '{"topics": [{"topic": "@t"}, {"topic": "@u"}], "version": 1}',
        normalise: ['proposal'],
      }),
      step('--generate --broker-list 1,2,9 --topics-to-move-json-file "{file}"', {
        file: '{"topics": [{"topic": "@t"}], "version": 1}',
        normalise: ['summary'],
      }),
      step('--execute --reassignment-json-file "{file}"', { file: reassignment({ '@t': [3, 2], '@u': [1, 3] }) }),
      step('--verify --reassignment-json-file "{file}"', {
        file: reassignment({ '@t': [3, 2], '@u': [1, 3] }),
        until: /-t-0 is completed[\s\S]*-u-0 is completed/,
      }),
      step('--list'),
      described('@t', /Replicas: 3,2\s/),
      described('@u', /Replicas: 1,3\s/),
      step('--execute --reassignment-json-file "{file}"', {
        file: reassignment({ '@t': [3, 9], '@u': [1, 3] }),
        normalise: ['summary'],
      }),
      step('--execute --disallow-replication-factor-change --reassignment-json-file "{file}"', {
        file: reassignment({ '@t': [1, 2, 3] }),
      }),
    ],
  },
  {
    name: 'three-reassign-under-way',
    tool: 'kafka-reassign-partitions',
    steps: [
      assigned('@t', '1:2'),
      assigned('@u', '2:3'),
      ...['@t', '@u'].map((topic) =>
        // A throttle lets pass what a fetch brings before it notices, which is one batch here.
        prepare(
          'kafka-producer-perf-test',
          `--topic ${topic} --num-records 40 --record-size 1000 --throughput -1 --producer-props batch.size=2000`,
        ),
      ),
      step('--execute --throttle 1 --replica-alter-log-dirs-throttle 1000 --reassignment-json-file "{file}"', {
        file: reassignment({ '@t': [3, 1], '@u': [1, 2] }),
        normalise: ['lines'],
      }),
      step('--verify --reassignment-json-file "{file}"', { file: reassignment({ '@t': [3, 1], '@u': [1, 2] }) }),
      step('--list'),
      step('--describe --entity-type topics --entity-name @t', { run: 'kafka-configs', normalise: ['lines'] }),
      step('--describe --entity-type brokers --entity-name 3', { run: 'kafka-configs', normalise: ['lines'] }),
      step('--execute --reassignment-json-file "{file}"', { file: reassignment({ '@t': [2, 3], '@u': [3, 2] }) }),
      step('--cancel --preserve-throttles --reassignment-json-file "{file}"', {
        file: reassignment({ '@t': [3, 1], '@u': [1, 2] }),
        normalise: ['lines'],
      }),
      step('--cancel --reassignment-json-file "{file}"', {
        file: reassignment({ '@t': [3, 1], '@u': [1, 2] }),
        normalise: ['lines'],
      }),
      step('--list'),
      step('--describe --entity-type topics --entity-name @t', { run: 'kafka-configs', normalise: ['lines'] }),
      step('--describe --entity-type brokers --entity-name 3', { run: 'kafka-configs', normalise: ['lines'] }),
      described('@t', /Replicas: 1,2\s/),
      described('@u', /Replicas: 2,3\s/),
    ],
  },
  {
    name: 'three-replica-verification',
    tool: 'kafka-replica-verification',
    steps: [
      assigned('@t', '1:2:3,2:3:1'),
      produce('@t', 3),
      described('@t', /Isr: 1,2,3[\s\S]*Isr: 2,3,1/),
      step('--broker-list {brokers} --topics-include @t --report-interval-ms 300', {
        server: 'none',
        ownProcess: true,
        until: /max lag is 0/,
        normalise: ['lags', 'lines'],
      }),
    ],
  },
  {
    name: 'three-topics',
    tool: 'kafka-topics',
    steps: [
      assigned('@t', '1:2:3,2:3:1', '--config min.insync.replicas=2'),
      described('@t', /Isr: 1,2,3[\s\S]*Isr: 2,3,1/),
      stopNode(3),
      described('@t', /Isr: 1,2\s[\s\S]*Isr: 2,1\s/),
      step('--describe --topic @t --under-replicated-partitions'),
      step('--describe --topic @t --at-min-isr-partitions'),
      step('--describe --topic @t --under-min-isr-partitions'),
      step('--describe --topic @t --unavailable-partitions'),
      step('--create --topic @u --partitions 1 --replication-factor 4', { normalise: ['summary'] }),
      startNode(3),
      described('@t', /(Isr: \S*3\S*\s[\s\S]*){2}/, { normalise: ['exit'] }),
      step('--describe --topic @t --under-replicated-partitions', { normalise: ['words'] }),
    ],
  },
  {
    name: 'three-log-dirs',
    tool: 'kafka-log-dirs',
    steps: [
      assigned('@t', '1:2,2:3'),
      produce('@t', 1),
      step('--describe --topic-list @t', { normalise: ['lines', 'numbers'] }),
      step('--describe --broker-list 3 --topic-list @t', { normalise: ['lines', 'numbers'] }),
    ],
  },
  {
    name: 'three-storage',
    tool: 'kafka-storage',
    steps: [
      step('info --config "{config 2}"', { server: 'none', normalise: ['ids'] }),
      step('format --cluster-id hloYyovRSj-Y0Z7LtQuJ3A --no-initial-controllers --config "{config 2}"', {
        server: 'none',
        normalise: ['ids'],
      }),
    ],
  },
  {
    name: 'three-metadata-shell',
    tool: 'kafka-metadata-shell',
    steps: [
      assigned('@t', '1:2:3,2:3:1', '--config retention.ms=86400000'),
      // Enough to be worth a snapshot.
      prepare('kafka-topics', '--create --topic @many --partitions 80 --replication-factor 1'),
      inShell('ls /image/topics/byName', /three-metadata-shell-many/),
      inShell('ls /image', /topics/),
      inShell('cat /image/topics/byName/@t/0', /replicas/),
    ],
  },
];
