import { array, field, int8, int32, message, uuid, type ValueOf } from '../schema.ts';

export const partitionChangeRecord = message({
  name: 'PartitionChangeRecord',
  kind: 'metadata',
  apiKey: 5,
  versions: '0-2',
  flexibleVersions: '0+',
  fields: () => ({
    partitionId: field(int32, '0+', { default: -1 }),
    topicId: field(uuid, '0+'),
    isr: field(array(int32), '0+', { nullable: '0+', tag: 0, tagged: '0+', default: null, entityType: 'brokerId' }),
    leader: field(int32, '0+', { tag: 1, tagged: '0+', default: -2, entityType: 'brokerId' }),
    replicas: field(array(int32), '0+', {
      nullable: '0+',
      tag: 2,
      tagged: '0+',
      default: null,
      entityType: 'brokerId',
    }),
    removingReplicas: field(array(int32), '0+', {
      nullable: '0+',
      tag: 3,
      tagged: '0+',
      default: null,
      entityType: 'brokerId',
    }),
    addingReplicas: field(array(int32), '0+', {
      nullable: '0+',
      tag: 4,
      tagged: '0+',
      default: null,
      entityType: 'brokerId',
    }),
    leaderRecoveryState: field(int8, '0+', { tag: 5, tagged: '0+', default: -1 }),
    directories: field(array(uuid), '1+', { nullable: '1+', tag: 8, tagged: '1+', default: null }),
    eligibleLeaderReplicas: field(array(int32), '2+', {
      nullable: '2+',
      tag: 6,
      tagged: '2+',
      default: null,
      entityType: 'brokerId',
    }),
    lastKnownElr: field(array(int32), '2+', {
      nullable: '2+',
      tag: 7,
      tagged: '2+',
      default: null,
      entityType: 'brokerId',
    }),
  }),
});

export type PartitionChangeRecord = ValueOf<typeof partitionChangeRecord>;
