import { array, field, int64, message, string, type ValueOf } from '../schema.ts';

export const consumerGroupRegularExpressionKey = message({
  name: 'ConsumerGroupRegularExpressionKey',
  kind: 'coordinator-key',
  apiKey: 16,
  versions: '0',
  flexibleVersions: 'none',
  fields: () => ({
    groupId: field(string, '0'),
    regularExpression: field(string, '0'),
  }),
});

export type ConsumerGroupRegularExpressionKey = ValueOf<typeof consumerGroupRegularExpressionKey>;

export const consumerGroupRegularExpressionValue = message({
  name: 'ConsumerGroupRegularExpressionValue',
  kind: 'coordinator-value',
  apiKey: 16,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    topics: field(array(string), '0+'),
    version: field(int64, '0+'),
    timestamp: field(int64, '0+'),
  }),
});

export type ConsumerGroupRegularExpressionValue = ValueOf<typeof consumerGroupRegularExpressionValue>;
