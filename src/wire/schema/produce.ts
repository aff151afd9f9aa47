import { array, field, int16, int32, int64, message, records, string, struct, uuid, type ValueOf } from '../schema.ts';

export const produceRequest = message({
  name: 'ProduceRequest',
  kind: 'request',
  apiKey: 0,
  listeners: ['broker'],
  versions: '3-13',
  flexibleVersions: '9+',
  fields: () => ({
    transactionalId: field(string, '3+', { nullable: '3+', default: null, entityType: 'transactionalId' }),
    acks: field(int16, '0+'),
    timeoutMs: field(int32, '0+'),
    topicData: field(
      array(
        struct('TopicProduceData', {
          name: field(string, '0-12', { ignorable: true, mapKey: true, entityType: 'topicName' }),
          topicId: field(uuid, '13+', { ignorable: true, mapKey: true }),
          partitionData: field(
            array(
              struct('PartitionProduceData', {
                index: field(int32, '0+'),
                records: field(records, '0+', { nullable: '0+' }),
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

export type ProduceRequest = ValueOf<typeof produceRequest>;

export const produceResponse = message({
  name: 'ProduceResponse',
  kind: 'response',
  apiKey: 0,
  versions: '3-13',
  flexibleVersions: '9+',
  fields: () => ({
    responses: field(
      array(
        struct('TopicProduceResponse', {
          name: field(string, '0-12', { ignorable: true, mapKey: true, entityType: 'topicName' }),
          topicId: field(uuid, '13+', { ignorable: true, mapKey: true }),
          partitionResponses: field(
            array(
              struct('PartitionProduceResponse', {
                index: field(int32, '0+'),
                errorCode: field(int16, '0+'),
                baseOffset: field(int64, '0+'),
                logAppendTimeMs: field(int64, '2+', { default: -1, ignorable: true }),
                logStartOffset: field(int64, '5+', { default: -1, ignorable: true }),
                recordErrors: field(
                  array(
                    struct('BatchIndexAndErrorMessage', {
                      batchIndex: field(int32, '8+'),
                      batchIndexErrorMessage: field(string, '8+', { nullable: '8+', default: null }),
                    }),
                  ),
                  '8+',
                  { ignorable: true },
                ),
                errorMessage: field(string, '8+', { nullable: '8+', default: null, ignorable: true }),
                currentLeader: field(
                  struct('LeaderIdAndEpoch', {
                    leaderId: field(int32, '10+', { default: -1, entityType: 'brokerId' }),
                    leaderEpoch: field(int32, '10+', { default: -1 }),
                  }),
                  '10+',
                  { tag: 0, tagged: '10+' },
                ),
              }),
            ),
            '0+',
          ),
        }),
      ),
      '0+',
    ),
    throttleTimeMs: field(int32, '1+', { default: 0, ignorable: true }),
    nodeEndpoints: field(
      array(
        struct('NodeEndpoint', {
          nodeId: field(int32, '10+', { mapKey: true, entityType: 'brokerId' }),
          host: field(string, '10+'),
          port: field(int32, '10+'),
          rack: field(string, '10+', { nullable: '10+', default: null }),
        }),
      ),
      '10+',
      { tag: 0, tagged: '10+' },
    ),
  }),
});

export type ProduceResponse = ValueOf<typeof produceResponse>;
