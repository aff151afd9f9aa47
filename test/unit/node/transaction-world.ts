/** Transactions over real logs, with both coordinators, as a broker joins them; on virtual time and a simulated disk. */
import { ProduceVerification } from '../../../src/apis/produce-verification.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { ZERO_UUID } from '../../../src/base/uuid.ts';
import { GROUP_METADATA_TOPIC } from '../../../src/coordinator/group/group-coordinator.ts';
import { GroupCoordinatorService } from '../../../src/coordinator/group/group-coordinator-service.ts';
import { TRANSACTION_STATE_TOPIC } from '../../../src/coordinator/transaction/transaction-coordinator.ts';
import { TransactionCoordinatorService } from '../../../src/coordinator/transaction/transaction-coordinator-service.ts';
import type { FileSystem } from '../../../src/io/file-system.ts';
import { LogDirectories } from '../../../src/log/log-directories.ts';
import { TransactionMarkers } from '../../../src/node/transaction-markers.ts';
import { CoordinatorPartitions } from '../../../src/replication/coordinator-partitions.ts';
import { HostedPartitions } from '../../../src/replication/hosted-partitions.ts';
import type { ErrorName } from '../../../src/wire/errors.ts';
import { attributes, isControl, producerId as producerIdOf } from '../../../src/wire/records/record-batch.ts';
import { batches, buildBatch, readRecords } from '../../../src/wire/records/records.ts';
import type { SimulatedDisk } from '../../support/simulated-disk.ts';
import { broker, image, partition, topic } from '../apis/api-fakes.ts';
import { testConfig as groupConfig } from '../coordinator/group/shard-fixture.ts';
import { countingRandom } from '../coordinator/support.ts';
import { testConfig as transactionConfig } from '../coordinator/transaction/service-fixture.ts';
import { aloneReplica, type FakeTime, logConfig } from '../replication/fakes.ts';

const topicIds = { t: 'TtTtTtTtTtTtTtTtTtTtTg', groups: 'GgGgGgGgGgGgGgGgGgGgGg', state: 'SsSsSsSsSsSsSsSsSsSsSg' };

export interface Producer {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
  /** 2 adds partitions by the way and gets a new epoch with each end; 1 does neither (before KIP-890). */
  readonly version: 1 | 2;
}

/** Lets writes finish and everything that waits for them run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** The same files, telling of each write that has happened. */
export function watched(files: SimulatedDisk, onWrite: () => void): FileSystem {
  return new Proxy(files, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (name !== 'open') return typeof value === 'function' ? value.bind(target) : value;
      return (...args: Parameters<FileSystem['open']>) => {
        const handle = target.open(...args);
        return new Proxy(handle, {
          get(file, method) {
            const action: unknown = Reflect.get(file, method, file);
            if (typeof action !== 'function') return action;
            if (method === 'writevSync') {
              return (...written: Parameters<typeof file.writevSync>) => {
                file.writevSync(...written);
                onWrite();
              };
            }
            if (method === 'writev') {
              return async (...written: Parameters<typeof file.writev>) => {
                await file.writev(...written);
                onWrite();
              };
            }
            return action.bind(file);
          },
        });
      };
    },
  });
}

export class World {
  readonly time: FakeTime;
  readonly partitions: HostedPartitions;
  readonly groups: GroupCoordinatorService;
  readonly transactions: TransactionCoordinatorService;
  readonly #verification: ProduceVerification;
  #timestamp = 0;

  private constructor(logs: LogDirectories, time: FakeTime, leaderEpoch: number) {
    this.time = time;
    const one = () => [partition({ leader: 1, leaderEpoch, replicas: [1], isr: [1] })];
    const topics = [
      topic('t', topicIds.t, one()),
      topic(GROUP_METADATA_TOPIC, topicIds.groups, one()),
      topic(TRANSACTION_STATE_TOPIC, topicIds.state, one()),
    ];
    const theImage = image([broker(1)], topics);
    this.partitions = new HostedPartitions({
      brokerId: 1,
      clock: time,
      timer: time,
      logs,
      logger: silentLogger,
      logConfig: () => logConfig,
      minInsyncReplicas: () => 1,
      highWatermarkCheckpointIntervalMs: 5000,
      waitingFetchesMax: 10,
      ...aloneReplica,
      onLeadershipChange: ({ topic, partition, leaderEpoch }) => {
        if (topic === GROUP_METADATA_TOPIC) this.groups.elected(partition, leaderEpoch);
        if (topic === TRANSACTION_STATE_TOPIC) this.transactions.elected(partition, leaderEpoch);
      },
      onMisplaced: () => {},
    });
    const common = {
      partitionCount: () => 1,
      writer: new CoordinatorPartitions(this.partitions, time),
      clock: time,
      timer: time,
      logger: silentLogger,
      loadBufferSize: 1 << 20,
      writeTimeoutMs: 5000,
      queueCountMax: 1000,
    };
    this.groups = new GroupCoordinatorService({
      ...common,
      config: groupConfig,
      appendLingerMs: -1,
      random: countingRandom(),
      compression: 'none',
    });
    const { partitions, groups } = this;
    const remote = { endTransaction: () => Promise.reject(new Error('there is one broker')) };
    let nextProducerId = leaderEpoch * 1000;
    this.transactions = new TransactionCoordinatorService({
      ...common,
      config: transactionConfig,
      maxTimeoutMs: 900_000,
      producerIds: { next: async () => nextProducerId++ },
      markers: new TransactionMarkers({
        groupTopic: GROUP_METADATA_TOPIC,
        groups,
        partitions,
        brokerId: 1,
        remote,
        image: () => theImage,
      }),
    });
    this.#verification = new ProduceVerification({
      transactions: this.transactions,
      partitions,
      clock: time,
      timer: time,
      transactionSettings: { verificationEnabled: () => true, retryBackoffMs: 20, retryBackoffMaxMs: 100 },
    });
    const changedPartitions = topics.flatMap((each) =>
      [...each.partitions].map(([index, current]) => ({ topic: each, partition: index, current })),
    );
    partitions.apply({ changedPartitions, deletedTopics: [] });
  }

  static async open(fileSystem: FileSystem, time: FakeTime, leaderEpoch: number): Promise<World> {
    const logs = LogDirectories.open({
      paths: ['/logs'],
      fileSystem,
      clock: time,
      timer: time,
      random: countingRandom(),
      logger: silentLogger,
      producerIdExpirationMs: () => 86_400_000,
      recoveryPointCheckpointIntervalMs: 60_000,
      tailCacheBytesMax: 10_000_000,
      tailCacheBytesMaxPerLog: 1_000_000,
      openFilesMax: 100,
      onOffline: ({ error }) => {
        throw error;
      },
    });
    await logs.loadLogs(() => ({ config: logConfig, directoryId: ZERO_UUID }));
    const world = new World(logs, time, leaderEpoch);
    await settle();
    return world;
  }

  init(transactionalId: string) {
    const expected = { producerId: -1, producerEpoch: -1 };
    return this.transactions.initProducerId({ transactionalId, timeoutMs: 60_000, ...expected });
  }

  async produce(producer: Producer, sequence: number, value: string): Promise<ErrorName> {
    const { transactionalId, producerId, producerEpoch } = producer;
    const produceVersion = producer.version === 2 ? 12 : 11;
    if (producer.version === 1) {
      const added = await this.#add(producer, 't');
      if (added !== 'NONE') return added;
    }
    const records = buildBatch({
      producerId,
      producerEpoch,
      baseSequence: sequence,
      transactional: true,
      nowMs: this.time.nowMs() + this.#timestamp++,
      records: [{ key: null, value: Buffer.from(value) }],
    });
    const entries = [{ topic: 't', topicId: null, partition: 0, records }];
    const verified = await this.#verification.verify(transactionalId, produceVersion, entries);
    const [result] = await this.partitions.append({
      acks: -1,
      produceVersion,
      timeoutMs: 1000,
      internalTopicsAllowed: false,
      nowMs: this.time.nowMs(),
      entries: verified,
    });
    return result!.error;
  }

  #add({ version, ...producer }: Producer, topic: string): Promise<ErrorName> {
    const partitions = [{ topic, partitions: [0] }];
    return this.transactions.addPartitions({ ...producer, partitions, clientTransactionVersion: version });
  }

  async commitOffset(producer: Producer, groupId: string, committedOffset: number): Promise<ErrorName> {
    const added = await this.#add(producer, GROUP_METADATA_TOPIC);
    if (added !== 'NONE') return added;
    const offset = { partition: 0, committedOffset, committedLeaderEpoch: -1, metadata: null };
    const { producerId, producerEpoch } = producer;
    const result = await this.groups.commitTransactionalOffsets({
      groupId,
      producerId,
      producerEpoch,
      generationId: -1,
      memberId: '',
      groupInstanceId: null,
      topics: [{ name: 't', topicId: topicIds.t, partitions: [offset] }],
    });
    if (result.error !== 'NONE') return result.error;
    return result.topics[0]?.partitions[0]?.error ?? 'NONE';
  }

  end({ version, ...producer }: Producer, committed: boolean) {
    return this.transactions.endTransaction({ ...producer, committed, clientTransactionVersion: version });
  }

  /** What a read_committed consumer makes of the log. */
  async readCommitted(): Promise<string[]> {
    const asked = { topic: 't', topicId: topicIds.t, partition: 0, fetchOffset: 0, partitionMaxBytes: 1e7 };
    const [result] = await this.partitions.fetch({
      replicaId: -1,
      replicaEpoch: -1,
      leaderOnly: true,
      isolation: 'transactions-committed',
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: 1e7,
      partitions: [{ ...asked, currentLeaderEpoch: -1, lastFetchedEpoch: -1, fetcherLogStartOffset: -1 }],
    });
    const aborted = [...(result!.abortedTransactions ?? [])];
    const open = new Set<number>();
    const values: string[] = [];
    for (const { position, sizeInBytes } of batches(result!.records)) {
      const batch = result!.records.subarray(position, position + sizeInBytes);
      const id = producerIdOf(batch, 0);
      const records = readRecords(batch);
      while (aborted[0] !== undefined && aborted[0].firstOffset <= records[0]!.offset) {
        open.add(aborted.shift()!.producerId);
      }
      if (isControl(attributes(batch, 0))) open.delete(id);
      else if (!open.has(id)) values.push(...records.map(({ value }) => value!.toString()));
    }
    return values;
  }

  unstable(): number {
    const found = this.partitions.find('t', 0);
    if (typeof found === 'string') throw new Error(found);
    return found.highWatermark - found.lastStableOffset;
  }

  async committedOffset(groupId: string): Promise<number | string> {
    const topics = [{ name: 't', topicId: topicIds.t, partitions: [0] }];
    const asked = { groupId, memberId: null, memberEpoch: -1, topics, requireStable: true };
    const { error, topics: found } = await this.groups.fetchOffsets(asked);
    const fetched = found[0]?.partitions[0];
    if (error !== 'NONE' || fetched === undefined) return error;
    return fetched.error === 'NONE' ? fetched.committedOffset : fetched.error;
  }

  state(transactionalId: string): string {
    return this.transactions.describeTransaction(transactionalId).state;
  }
}
