import { array, bool, field, int8, int16, int32, message, string, struct, type ValueOf } from '../schema.ts';

export const describeClusterRequest = message({
  name: 'DescribeClusterRequest',
  kind: 'request',
  apiKey: 60,
  listeners: ['broker', 'controller'],
  versions: '0-2',
  flexibleVersions: '0+',
  fields: () => ({
    includeClusterAuthorizedOperations: field(bool, '0+'),
    endpointType: field(int8, '1+', { default: 1 }),
    includeFencedBrokers: field(bool, '2+'),
  }),
});

export type DescribeClusterRequest = ValueOf<typeof describeClusterRequest>;

export const describeClusterResponse = message({
  name: 'DescribeClusterResponse',
  kind: 'response',
  apiKey: 60,
  versions: '0-2',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    errorCode: field(int16, '0+'),
    errorMessage: field(string, '0+', { nullable: '0+', default: null }),
    endpointType: field(int8, '1+', { default: 1 }),
    clusterId: field(string, '0+'),
    controllerId: field(int32, '0+', { default: -1, entityType: 'brokerId' }),
    brokers: field(
      array(
        struct('DescribeClusterBroker', {
          brokerId: field(int32, '0+', { mapKey: true, entityType: 'brokerId' }),
          host: field(string, '0+'),
          port: field(int32, '0+'),
          rack: field(string, '0+', { nullable: '0+', default: null }),
          isFenced: field(bool, '2+'),
        }),
      ),
      '0+',
    ),
    clusterAuthorizedOperations: field(int32, '0+', { default: -2147483648 }),
  }),
});

export type DescribeClusterResponse = ValueOf<typeof describeClusterResponse>;
