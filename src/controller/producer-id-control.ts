/** Blocks of producer ids for brokers (AllocateProducerIds). Ids of a block that its broker lost are never given again. */
import { type SnapshotRegistry, TimelineMap } from '../base/timeline-map.ts';
import { type ProducerIdsRecord, producerIdsRecord } from '../wire/schema/producer-ids-record.ts';
import { type ControlFailure, type ControlResult, newControlRecord } from './control-record.ts';

export const PRODUCER_ID_BLOCK_SIZE = 1000;

export interface ProducerIdBlock {
  readonly firstProducerId: number;
  readonly count: number;
}

export class ProducerIdControl {
  readonly #next: TimelineMap<'nextProducerId', number>;

  constructor(registry: SnapshotRegistry) {
    this.#next = new TimelineMap(registry);
  }

  get nextProducerId(): number {
    return this.#next.get('nextProducerId') ?? 0;
  }

  allocate(brokerId: number, brokerEpoch: number): ControlResult<ProducerIdBlock | ControlFailure> {
    const firstProducerId = this.nextProducerId;
    const nextProducerId = firstProducerId + PRODUCER_ID_BLOCK_SIZE;
    if (!Number.isSafeInteger(nextProducerId)) {
      const response = { error: 'UNKNOWN_SERVER_ERROR', message: 'No producer ids are left.' } as const;
      return { records: [], response, append: 'atomic' };
    }
    return {
      records: [newControlRecord(producerIdsRecord, 0, { brokerId, brokerEpoch, nextProducerId })],
      response: { firstProducerId, count: PRODUCER_ID_BLOCK_SIZE },
      append: 'atomic',
    };
  }

  replay({ nextProducerId }: ProducerIdsRecord): void {
    this.#next.set('nextProducerId', nextProducerId);
  }
}
