import { array, field, int8, int32, message, uuid, type ValueOf } from '../schema.ts';

export const partitionRecord = message({
  name: 'PartitionRecord',
  kind: 'metadata',
  apiKey: 3,
  versions: '0-2',
  flexibleVersions: '0+',
  fields: () => ({
    partitionId: field(int32, '0+', { default: -1 }),
    topicId: field(uuid, '0+'),
    replicas: field(array(int32), '0+', { entityType: 'brokerId' }),
    isr: field(array(int32), '0+'),
    removingReplicas: field(array(int32), '0+', { entityType: 'brokerId' }),
    addingReplicas: field(array(int32), '0+', { entityType: 'brokerId' }),
    leader: field(int32, '0+', { default: -1, entityType: 'brokerId' }),
    leaderRecoveryState: field(int8, '0+', { tag: 0, tagged: '0+', default: 0 }),
    leaderEpoch: field(int32, '0+', { default: -1 }),
    partitionEpoch: field(int32, '0+', { default: -1 }),
    directories: field(array(uuid), '1+'),
    eligibleLeaderReplicas: field(array(int32), '2+', {
      nullable: '2+',
      tag: 1,
      tagged: '2+',
      default: null,
      entityType: 'brokerId',
    }),
    lastKnownElr: field(array(int32), '2+', {
      nullable: '2+',
      tag: 2,
      tagged: '2+',
      default: null,
      entityType: 'brokerId',
    }),
  }),
});

export type PartitionRecord = ValueOf<typeof partitionRecord>;
