// What nodes ask a controller, asked wrongly: on the controller listener, by a broker that registers, and by nobody in particular. What would
// end the epoch of the one controller is not asked.

import { ask, createTopic, eachVersion, type RequestStep, type Script } from '../script.ts';

const UNKNOWN_ID = 'hloYyovRSj-Y0Z7LtQuJ3A';
const ZERO_ID = 'AAAAAAAAAAAAAAAAAAAAAA';
const UNASSIGNED_ID = 'AAAAAAAAAAAAAAAAAAAAAQ';
const DIRECTORY_ID = 'SYRGBGvEQQWcX-hKsXw3Dg';
const INCARNATION_ID = 'wPWPqEZTTOaG2zQXqnLzRw';
const METADATA = '__cluster_metadata';
/** Not of the cluster before. */
const STRANGER = 7;

const ofController = (step: RequestStep): RequestStep => ({ ...step, listener: 'controller' });
const askController = (name: string, api: string, body: object, more: Partial<RequestStep> = {}): RequestStep =>
  ofController(ask(name, api, body as NonNullable<RequestStep['body']>, more));
const eachOfController = (name: string, api: string, body: object): RequestStep[] =>
  eachVersion(api, () => ({ name, body: body as NonNullable<RequestStep['body']> })).map(ofController);

const clusterId: RequestStep = {
  api: 'DescribeCluster',
  version: 1,
  setup: true,
  save: { clusterId: 'clusterId' },
};

const features = Object.entries({
  'eligible.leader.replicas.version': 1,
  'group.version': 1,
  'kraft.version': 1,
  'metadata.version': 30,
  'share.version': 1,
  'streams.version': 1,
  'transaction.version': 2,
}).map(([name, maxSupportedVersion]) => ({
  name,
  minSupportedVersion: name === 'metadata.version' ? 7 : 0,
  maxSupportedVersion,
}));

const registration = {
  brokerId: STRANGER,
  clusterId: '$clusterId',
  incarnationId: INCARNATION_ID,
  listeners: [{ name: 'PLAINTEXT', host: 'localhost', port: 1, securityProtocol: 0 }],
  features,
  rack: null,
  logDirs: [DIRECTORY_ID],
  previousBrokerEpoch: -1,
};

const heartbeat = {
  brokerId: STRANGER,
  brokerEpoch: '$epoch',
  currentMetadataOffset: -1,
  wantFence: true,
  wantShutDown: false,
};

const ofPartition = (change: object, topicId = '$tId') => ({
  brokerId: STRANGER,
  brokerEpoch: '$epoch',
  topics: [
    {
      topicId,
      partitions: [
        {
          partitionIndex: 0,
          leaderEpoch: 0,
          partitionEpoch: 0,
          newIsr: [STRANGER],
          newIsrWithEpochs: [{ brokerId: STRANGER, brokerEpoch: '$epoch' }],
          ...change,
        },
      ],
    },
  ],
});

const inDirectory = (directoryId: string, topicId: string, partitionIndex: number) => ({
  brokerId: STRANGER,
  brokerEpoch: '$epoch',
  directories: [{ id: directoryId, topics: [{ topicId, partitions: [{ partitionIndex }] }] }],
});

const strangeBroker: Script = {
  name: 'controller-strange-broker',
  // A fenced broker counts where replicas are placed.
  alone: true,
  steps: [
    clusterId,
    createTopic('@t'),
    ...eachOfController('of another cluster', 'BrokerRegistration', { ...registration, clusterId: UNKNOWN_ID }),
    askController('without directories', 'BrokerRegistration', { ...registration, logDirs: [] }),
    askController('with a reserved directory', 'BrokerRegistration', { ...registration, logDirs: [UNASSIGNED_ID] }),
    askController('with a directory twice', 'BrokerRegistration', {
      ...registration,
      logDirs: [DIRECTORY_ID, DIRECTORY_ID],
    }),
    askController('without features', 'BrokerRegistration', { ...registration, features: [] }),
    askController('too old', 'BrokerRegistration', {
      ...registration,
      features: features.map((each) =>
        each.name === 'metadata.version' ? { ...each, minSupportedVersion: 1, maxSupportedVersion: 20 } : each,
      ),
    }),
    askController('too old for a feature', 'BrokerRegistration', {
      ...registration,
      features: features.filter(({ name }) => name !== 'group.version'),
    }),
    askController('before it registers', 'BrokerHeartbeat', { ...heartbeat, brokerEpoch: 5 }),
    askController('registers', 'BrokerRegistration', registration, { setup: true, save: { epoch: 'brokerEpoch' } }),
    ...eachOfController('fenced', 'BrokerHeartbeat', heartbeat),
    ...eachOfController('of an earlier run', 'BrokerHeartbeat', { ...heartbeat, brokerEpoch: 0 }),
    askController('of another one that lives', 'BrokerRegistration', { ...registration, incarnationId: UNKNOWN_ID }),
    askController('unknown directories have failed', 'BrokerHeartbeat', { ...heartbeat, offlineLogDirs: [UNKNOWN_ID] }),
    askController('wants to serve and is behind', 'BrokerHeartbeat', { ...heartbeat, wantFence: false }),
    ...eachOfController('of a partition that it does not lead', 'AlterPartition', ofPartition({})),
    askController('unknown topic', 'AlterPartition', ofPartition({}, UNKNOWN_ID)),
    askController('no topic', 'AlterPartition', ofPartition({}, ZERO_ID)),
    askController('unknown partition', 'AlterPartition', ofPartition({ partitionIndex: 5 })),
    askController('a leader epoch to come', 'AlterPartition', ofPartition({ leaderEpoch: 9 })),
    askController('a leader epoch of old', 'AlterPartition', ofPartition({ leaderEpoch: -1 })),
    askController('a partition epoch to come', 'AlterPartition', ofPartition({ partitionEpoch: 9 })),
    askController('a partition epoch of old', 'AlterPartition', ofPartition({ partitionEpoch: -1 })),
    askController('nobody in sync', 'AlterPartition', ofPartition({ newIsr: [], newIsrWithEpochs: [] })),
    askController('a broker epoch of old', 'AlterPartition', { ...ofPartition({}), brokerEpoch: 0 }),
    askController('an unknown broker', 'AlterPartition', { ...ofPartition({}), brokerId: 99 }),
    askController('nothing', 'AlterPartition', { ...ofPartition({}), topics: [] }),
    ...eachOfController('not its replica', 'AssignReplicasToDirs', inDirectory(DIRECTORY_ID, '$tId', 0)),
    askController('unknown topic', 'AssignReplicasToDirs', inDirectory(DIRECTORY_ID, UNKNOWN_ID, 0)),
    askController('unknown partition', 'AssignReplicasToDirs', inDirectory(DIRECTORY_ID, '$tId', 5)),
    askController('a broker epoch of old', 'AssignReplicasToDirs', {
      ...inDirectory(DIRECTORY_ID, '$tId', 0),
      brokerEpoch: 0,
    }),
    askController('an unknown broker', 'AssignReplicasToDirs', {
      ...inDirectory(DIRECTORY_ID, '$tId', 0),
      brokerId: 99,
    }),
    ...eachOfController('of an earlier run', 'AllocateProducerIds', { brokerId: STRANGER, brokerEpoch: 0 }),
    askController('an unknown broker', 'AllocateProducerIds', { brokerId: 99, brokerEpoch: 0 }),
    askController('wants to stop', 'BrokerHeartbeat', { ...heartbeat, wantShutDown: true }),
    askController('cut', 'BrokerHeartbeat', heartbeat, { cut: 3 }),
    ...eachOfController('leaves for good', 'UnregisterBroker', { brokerId: STRANGER }),
    askController('leaves again', 'UnregisterBroker', { brokerId: STRANGER }),
    askController('when it has left', 'BrokerHeartbeat', heartbeat),
  ],
};

/** One topic with one partition, as the messages of the quorum have it. */
const topics = (partition: object, topicName = METADATA) => ({ topics: [{ topicName, partitions: [partition] }] });

const vote = {
  partitionIndex: 0,
  replicaEpoch: 0,
  replicaId: 9,
  replicaDirectoryId: UNKNOWN_ID,
  voterDirectoryId: ZERO_ID,
  lastOffsetEpoch: 0,
  lastOffset: 0,
  preVote: true,
};
const snapshot = {
  topics: [
    {
      name: METADATA,
      partitions: [{ partition: 0, currentLeaderEpoch: 1, snapshotId: { endOffset: 9, epoch: 1 }, position: 0 }],
    },
  ],
};

const strangeVoters: Script = {
  name: 'controller-strange-voters',
  steps: [
    ...eachOfController('of another cluster', 'Vote', { clusterId: UNKNOWN_ID, ...topics(vote) }),
    ...eachOfController('in an epoch of old', 'Vote', topics(vote)),
    askController('a negative end', 'Vote', topics({ ...vote, lastOffset: -1 })),
    askController('another topic', 'Vote', topics(vote, 'other')),
    askController('another partition', 'Vote', topics({ ...vote, partitionIndex: 1 })),
    askController('nothing', 'Vote', { topics: [] }),
    ...eachOfController('of another cluster', 'BeginQuorumEpoch', {
      clusterId: UNKNOWN_ID,
      ...topics({ partitionIndex: 0, leaderId: 9, leaderEpoch: 0 }),
    }),
    ...eachOfController('in an epoch of old', 'BeginQuorumEpoch', {
      ...topics({ partitionIndex: 0, leaderId: 9, leaderEpoch: 0 }),
    }),
    askController('nothing', 'BeginQuorumEpoch', { topics: [] }),
    ...eachOfController('of another cluster', 'EndQuorumEpoch', {
      clusterId: UNKNOWN_ID,
      ...topics({ partitionIndex: 0, leaderId: 9, leaderEpoch: 0 }),
    }),
    ...eachOfController('in an epoch of old', 'EndQuorumEpoch', {
      ...topics({ partitionIndex: 0, leaderId: 9, leaderEpoch: 0 }),
    }),
    askController('nothing', 'EndQuorumEpoch', { topics: [] }),
    ...eachOfController('of another cluster', 'FetchSnapshot', { clusterId: UNKNOWN_ID, replicaId: 9, ...snapshot }),
    ...eachOfController('of another cluster', 'UpdateRaftVoter', {
      clusterId: UNKNOWN_ID,
      currentLeaderEpoch: 1,
      voterId: 9,
      voterDirectoryId: UNKNOWN_ID,
      listeners: [],
      kRaftVersionFeature: { minSupportedVersion: 0, maxSupportedVersion: 1 },
    }),
    ...eachOfController('of another cluster', 'AddRaftVoter', {
      clusterId: UNKNOWN_ID,
      timeoutMs: 1000,
      voterId: 9,
      voterDirectoryId: UNKNOWN_ID,
      listeners: [],
    }),
    askController('empty', 'Envelope', {
      requestData: Buffer.alloc(0),
      requestPrincipal: null,
      clientHostAddress: Buffer.from([127, 0, 0, 1]),
    }),
  ],
};

export const controllerListenerScripts: readonly Script[] = [strangeVoters, strangeBroker];
