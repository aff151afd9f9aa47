import { array, field, int8, int16, int32, int64, message, struct, uuid, type ValueOf } from '../schema.ts';

export const alterPartitionRequest = message({
  name: 'AlterPartitionRequest',
  kind: 'request',
  apiKey: 56,
  listeners: ['controller'],
  versions: '2-3',
  flexibleVersions: '0+',
  fields: () => ({
    brokerId: field(int32, '0+', { entityType: 'brokerId' }),
    brokerEpoch: field(int64, '0+', { default: -1 }),
    topics: field(
      array(
        struct('TopicData', {
          topicId: field(uuid, '2+', { ignorable: true }),
          partitions: field(
            array(
              struct('PartitionData', {
                partitionIndex: field(int32, '0+'),
                leaderEpoch: field(int32, '0+'),
                newIsr: field(array(int32), '0-2', { entityType: 'brokerId' }),
                newIsrWithEpochs: field(
                  array(
                    struct('BrokerState', {
                      brokerId: field(int32, '3+', { entityType: 'brokerId' }),
                      brokerEpoch: field(int64, '3+', { default: -1 }),
                    }),
                  ),
                  '3+',
                ),
                leaderRecoveryState: field(int8, '1+', { default: 0 }),
                partitionEpoch: field(int32, '0+'),
              }),
            ),
            '0+',
          ),
        }),
      ),
      '0+',
    ),
  }),
});

export type AlterPartitionRequest = ValueOf<typeof alterPartitionRequest>;

export const alterPartitionResponse = message({
  name: 'AlterPartitionResponse',
  kind: 'response',
  apiKey: 56,
  versions: '2-3',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    errorCode: field(int16, '0+'),
    topics: field(
      array(
        struct('TopicData', {
          topicId: field(uuid, '2+', { ignorable: true }),
          partitions: field(
            array(
              struct('PartitionData', {
                partitionIndex: field(int32, '0+'),
                errorCode: field(int16, '0+'),
                leaderId: field(int32, '0+', { entityType: 'brokerId' }),
                leaderEpoch: field(int32, '0+'),
                isr: field(array(int32), '0+', { entityType: 'brokerId' }),
                leaderRecoveryState: field(int8, '1+', { default: 0, ignorable: true }),
                partitionEpoch: field(int32, '0+'),
              }),
            ),
            '0+',
          ),
        }),
      ),
      '0+',
    ),
  }),
});

export type AlterPartitionResponse = ValueOf<typeof alterPartitionResponse>;
