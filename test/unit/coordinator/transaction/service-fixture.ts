// A transaction coordinator over one partition in memory, on virtual time, with partitions that only note their markers.
import { silentLogger } from '../../../../src/base/logger.ts';
import type { MarkerResult } from '../../../../src/coordinator/transaction/transaction-coordinator.ts';
import { TransactionCoordinatorService } from '../../../../src/coordinator/transaction/transaction-coordinator-service.ts';
import type { TopicPartitions } from '../../../../src/coordinator/transaction/transaction-metadata.ts';
import type { TransactionConfig } from '../../../../src/coordinator/transaction/transaction-shard.ts';
import { MemoryPartitions, VirtualTime } from '../support.ts';

export const testConfig: TransactionConfig = {
  abortTimedOutIntervalMs: 10_000,
  transactionalIdExpirationMs: 604_800_000,
  removeExpiredIntervalMs: 3_600_000,
  transactionVersion: () => 2,
};

export class ServiceFixture {
  readonly time: VirtualTime;
  readonly log: MemoryPartitions;
  readonly service: TransactionCoordinatorService;
  /** 'commit t-0 7/1 @0': decision, partition, producer id and epoch, coordinator epoch. */
  readonly markers: string[] = [];
  /** What partitions answer; 'written' when nothing is said. */
  readonly markerResults = new Map<string, MarkerResult>();
  nextProducerId: number | 'COORDINATOR_LOAD_IN_PROGRESS' = 100;

  constructor(
    options: {
      readonly config?: Partial<TransactionConfig>;
      readonly log?: MemoryPartitions;
      readonly time?: VirtualTime;
      readonly firstProducerId?: number;
    } = {},
  ) {
    this.time = options.time ?? new VirtualTime();
    this.log = options.log ?? new MemoryPartitions();
    this.nextProducerId = options.firstProducerId ?? 100;
    this.service = new TransactionCoordinatorService({
      config: { ...testConfig, ...options.config },
      maxTimeoutMs: 900_000,
      partitionCount: () => 1,
      producerIds: {
        next: async () => (typeof this.nextProducerId === 'number' ? this.nextProducerId++ : this.nextProducerId),
      },
      markers: {
        write: async ({ topic, partition }, end) => {
          const result = this.markerResults.get(`${topic}-${partition}`) ?? 'written';
          const decision = end.committed ? 'commit' : 'abort';
          const text = `${decision} ${topic}-${partition} ${end.producerId}/${end.producerEpoch} @${end.coordinatorEpoch}`;
          this.markers.push(result === 'written' ? text : `${text} ${result}`);
          return result;
        },
      },
      writer: this.log,
      clock: this.time,
      timer: this.time,
      logger: silentLogger,
      loadBufferSize: 1 << 20,
      writeTimeoutMs: 5000,
      queueCountMax: 1000,
    });
  }

  async load(leaderEpoch = 0): Promise<this> {
    await this.service.load(0, leaderEpoch);
    return this;
  }

  async init(
    expected: { readonly producerId?: number; readonly producerEpoch?: number } = {},
    transactionalId: string | null = 'x',
    timeoutMs = 60_000,
  ): Promise<string> {
    const { error, producerId, producerEpoch } = await this.service.initProducerId({
      transactionalId,
      timeoutMs,
      producerId: expected.producerId ?? -1,
      producerEpoch: expected.producerEpoch ?? -1,
    });
    return error === 'NONE' ? `${producerId}/${producerEpoch}` : error;
  }

  add(
    producerId: number,
    producerEpoch: number,
    partitions: TopicPartitions[] = [{ topic: 't', partitions: [0] }],
    version = 2,
  ) {
    return this.service.addPartitions({
      transactionalId: 'x',
      producerId,
      producerEpoch,
      partitions,
      clientTransactionVersion: version,
    });
  }

  async verify(producerId: number, producerEpoch: number, partition = 0): Promise<string> {
    const partitions = [{ topic: 't', partitions: [partition] }];
    const verified = await this.service.verifyPartitions({
      transactionalId: 'x',
      producerId,
      producerEpoch,
      partitions,
    });
    return verified.map(({ error }) => error).join();
  }

  async end(committed: boolean, producerId: number, producerEpoch: number, version = 2): Promise<string> {
    const result = await this.service.endTransaction({
      transactionalId: 'x',
      producerId,
      producerEpoch,
      committed,
      clientTransactionVersion: version,
    });
    return result.error === 'NONE' ? `${result.producerId}/${result.producerEpoch}` : result.error;
  }

  /** 'Ongoing 7/1 t-0,1', of the committed state. */
  state(transactionalId = 'x'): string {
    const { error, state, producerId, producerEpoch, partitions } = this.service.describeTransaction(transactionalId);
    if (error !== 'NONE') return error;
    const topics = partitions.map(({ topic, partitions }) => `${topic}-${partitions.join()}`);
    return [state, `${producerId}/${producerEpoch}`, ...topics].join(' ');
  }
}
