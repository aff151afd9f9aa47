import { array, field, int16, int32, int64, message, struct, uint32, type ValueOf } from '../schema.ts';

export const producerSnapshot = message({
  name: 'ProducerSnapshot',
  kind: 'data',
  versions: '1',
  flexibleVersions: 'none',
  fields: () => ({
    crc: field(uint32, '1'),
    producerEntries: field(
      array(
        struct('ProducerEntry', {
          producerId: field(int64, '1'),
          epoch: field(int16, '1'),
          lastSequence: field(int32, '1'),
          lastOffset: field(int64, '1'),
          offsetDelta: field(int32, '1'),
          timestamp: field(int64, '1'),
          coordinatorEpoch: field(int32, '1'),
          currentTxnFirstOffset: field(int64, '1'),
        }),
      ),
      '1',
    ),
  }),
});

export type ProducerSnapshot = ValueOf<typeof producerSnapshot>;
