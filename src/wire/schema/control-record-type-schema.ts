import { field, int16, message, type ValueOf } from '../schema.ts';

export const controlRecordTypeSchema = message({
  name: 'ControlRecordTypeSchema',
  kind: 'data',
  versions: '0',
  flexibleVersions: 'none',
  fields: () => ({
    type: field(int16, '0+'),
  }),
});

export type ControlRecordTypeSchema = ValueOf<typeof controlRecordTypeSchema>;
