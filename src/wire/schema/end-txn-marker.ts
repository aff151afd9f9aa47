import { field, int32, message, type ValueOf } from '../schema.ts';

export const endTxnMarker = message({
  name: 'EndTxnMarker',
  kind: 'data',
  versions: '0',
  flexibleVersions: 'none',
  fields: () => ({
    coordinatorEpoch: field(int32, '0+'),
  }),
});

export type EndTxnMarker = ValueOf<typeof endTxnMarker>;
