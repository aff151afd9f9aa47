// DescribeQuorum, AddRaftVoter, RemoveRaftVoter, as far as a lone voter shows them.

import { eachVersion, type RequestStep, type Script } from '../script.ts';

const UNKNOWN_ID = 'hloYyovRSj-Y0Z7LtQuJ3A';
const METADATA = '__cluster_metadata';

const asked = (topicName: string, ...partitions: number[]) => ({
  topicName,
  partitions: partitions.map((partitionIndex) => ({ partitionIndex })),
});

const describeQuorum: Script = {
  name: 'describe-quorum',
  steps: (
    [
      ['the quorum', [asked(METADATA, 0)]],
      ['another partition', [asked(METADATA, 1)]],
      ['two partitions', [asked(METADATA, 0, 1)]],
      ['another topic', [asked('@t', 0)]],
      ['two topics', [asked(METADATA, 0), asked('@t', 0)]],
      ['no partitions', [asked(METADATA)]],
      ['nothing', []],
    ] as const
  ).flatMap(([name, topics]) => eachVersion('DescribeQuorum', () => ({ name, body: { topics } }))),
};

const voter = (api: string, name: string, body: object): RequestStep[] =>
  eachVersion(api, () => ({
    name,
    body: { clusterId: null, voterId: 9, voterDirectoryId: UNKNOWN_ID, timeoutMs: 1000, ...body },
  }));

const raftVoters: Script = {
  name: 'raft-voters',
  steps: [
    ...voter('AddRaftVoter', 'of another cluster', { clusterId: 'another' }),
    ...voter('AddRaftVoter', 'with a negative id', {
      voterId: -1,
      listeners: [{ name: 'CONTROLLER', host: 'a', port: 1 }],
    }),
    ...voter('AddRaftVoter', 'without listeners', {}),
    ...voter('AddRaftVoter', 'with another listener', { listeners: [{ name: 'OTHER', host: 'a', port: 1 }] }),
    ...voter('AddRaftVoter', 'that is there', { voterId: 1, listeners: [{ name: 'CONTROLLER', host: 'a', port: 1 }] }),
    ...eachVersion('RemoveRaftVoter', () => ({
      name: 'of another cluster',
      body: { clusterId: 'another', voterId: 9, voterDirectoryId: UNKNOWN_ID },
    })),
    ...eachVersion('RemoveRaftVoter', () => ({
      name: 'that is not there',
      body: { clusterId: null, voterId: 9, voterDirectoryId: UNKNOWN_ID },
    })),
    ...eachVersion('RemoveRaftVoter', () => ({
      name: 'with another directory',
      body: { clusterId: null, voterId: 1, voterDirectoryId: UNKNOWN_ID },
    })),
  ],
};

export const quorumScripts: readonly Script[] = [describeQuorum, raftVoters];
