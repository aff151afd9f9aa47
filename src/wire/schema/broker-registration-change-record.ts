import { array, field, int8, int32, int64, message, uuid, type ValueOf } from '../schema.ts';

export const brokerRegistrationChangeRecord = message({
  name: 'BrokerRegistrationChangeRecord',
  kind: 'metadata',
  apiKey: 17,
  versions: '0-3',
  flexibleVersions: '0+',
  fields: () => ({
    brokerId: field(int32, '0+', { entityType: 'brokerId' }),
    brokerEpoch: field(int64, '0+'),
    fenced: field(int8, '0+', { tag: 0, tagged: '0+' }),
    inControlledShutdown: field(int8, '1+', { tag: 1, tagged: '1+' }),
    logDirs: field(array(uuid), '2+', { tag: 2, tagged: '2+' }),
    cordonedLogDirs: field(array(uuid), '3+', { nullable: '3+', tag: 3, tagged: '3+', default: null }),
  }),
});

export type BrokerRegistrationChangeRecord = ValueOf<typeof brokerRegistrationChangeRecord>;
