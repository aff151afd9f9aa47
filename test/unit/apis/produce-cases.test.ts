/**
 * Produce requests whose answers an official broker gave (test/golden/README.md), through the handler down to a log on
 * the in-memory file system, with a transaction coordinator beside it. Null records are a listed deviation.
 */
import { describe, expect, test } from 'vitest';
import { produceHandler } from '../../../src/apis/produce.ts';
import { ProduceVerification } from '../../../src/apis/produce-verification.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { ZERO_UUID } from '../../../src/base/uuid.ts';
import { MemoryFileSystem } from '../../../src/io/memory-file-system.ts';
import type { LogConfig } from '../../../src/log/log-config.ts';
import { LogDirectories } from '../../../src/log/log-directories.ts';
import { HostedPartitions } from '../../../src/replication/hosted-partitions.ts';
import { decode, encode, type InputOf } from '../../../src/wire/codec.ts';
import { errorName, KafkaError } from '../../../src/wire/errors.ts';
import * as batch from '../../../src/wire/records/record-batch.ts';
import { produceRequest, produceResponse } from '../../../src/wire/schema/produce.ts';
import { readGolden } from '../../support/golden.ts';
import { ServiceFixture as TransactionFixture } from '../coordinator/transaction/service-fixture.ts';
import { aloneReplica, FakeTime, logConfig, topicId } from '../replication/fakes.ts';
import { contextOf, broker as newBroker, noQuotas, partition, topic, view } from './api-fakes.ts';

interface Answer {
  readonly noAnswer?: true;
  readonly connectionClosed?: true;
  readonly error?: string;
  readonly baseOffset?: number;
  /** "set" stands for some time. */
  readonly logAppendTimeMs?: string;
  readonly logStartOffset?: number;
  readonly recordErrors?: readonly { batchIndex: number; message: string | null }[];
  readonly errorMessage?: string | null;
}

interface Step {
  readonly do: string;
  readonly version: number;
  readonly acks: number;
  readonly topic: string;
  readonly partition: number;
  readonly transactionalId?: string;
  readonly hex: string | null;
  readonly answer: Answer;
  /** The batch's producer id and epoch are to be patched: those of InitProducerId's answer and so much more. */
  readonly producerIdRelative?: number;
  readonly producerEpochRelative?: number;
  readonly transactionTimeoutMs?: number;
}

interface StoredBatch {
  readonly size: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly codec: string;
  readonly timestampType: string;
  readonly producerId: number;
  readonly baseSequence: number;
  readonly count: number;
}

interface GoldenBatch {
  readonly name: string;
  readonly hex: string;
  readonly produce: Answer & { readonly version: number };
}

interface Case {
  readonly name: string;
  readonly topics: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly steps: readonly Step[];
  readonly stored: readonly StoredBatch[];
  readonly storedHex?: string;
}

/** Rows of the golden batches that the state of producers refuses, as cases of one step. */
const producerStateCases = readGolden<GoldenBatch>('batches.jsonl.gz')
  .filter(({ name }) => name === 'negative-epoch')
  .map(({ name, hex, produce: { version, ...answer } }): Case => {
    const step = { do: 'Produce', version, acks: -1, topic: 'T', partition: 0, hex, answer };
    return { name, topics: { T: {} }, steps: [step], stored: [] };
  });
const cases = [...readGolden<Case>('produce-cases.jsonl.gz'), ...producerStateCases].filter(
  ({ name }) => !name.startsWith('null-records'),
);
const internalTopicId = 'BbCdEfGhIjKlMnOpQrStUg';
const random = { nextInt: () => 0, bytes: (count: number) => Buffer.alloc(count) };

function configFrom(configs: Readonly<Record<string, string>>): LogConfig {
  const number = (key: string, otherwise: number) => Number(configs[key] ?? otherwise);
  const policies = (configs['cleanup.policy'] ?? 'delete').split(',');
  return {
    ...logConfig,
    cleanupPolicy: { compact: policies.includes('compact'), delete: policies.includes('delete') },
    compressionType: (configs['compression.type'] ?? 'producer') as LogConfig['compressionType'], // from a golden file
    maxMessageBytes: number('max.message.bytes', logConfig.maxMessageBytes),
    messageTimestampType: configs['message.timestamp.type'] === 'LogAppendTime' ? 'LogAppendTime' : 'CreateTime',
    messageTimestampBeforeMaxMs: number('message.timestamp.before.max.ms', logConfig.messageTimestampBeforeMaxMs),
    messageTimestampAfterMaxMs: number('message.timestamp.after.max.ms', logConfig.messageTimestampAfterMaxMs),
    retentionMs: number('retention.ms', logConfig.retentionMs),
  };
}

async function openBroker(configs: Readonly<Record<string, string>>) {
  const time = new FakeTime();
  const logs = LogDirectories.open({
    paths: ['/logs'],
    fileSystem: new MemoryFileSystem(),
    clock: time,
    timer: time,
    random,
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
  await logs.loadLogs(() => null);
  const partitions = new HostedPartitions({
    brokerId: 1,
    clock: time,
    timer: time,
    logs,
    logger: silentLogger,
    logConfig: () => configFrom(configs),
    minInsyncReplicas: () => Number(configs['min.insync.replicas'] ?? 1),
    highWatermarkCheckpointIntervalMs: 5000,
    waitingFetchesMax: 10,
    ...aloneReplica,
    onLeadershipChange: () => {},
    onMisplaced: () => {},
  });
  const one = () => [partition({ leader: 1, leaderEpoch: 0, replicas: [1], isr: [1] })];
  const topics = [topic('T', topicId, one()), topic('__consumer_offsets', internalTopicId, one())];
  const changedPartitions = topics.flatMap((each) =>
    [...each.partitions].map(([index, current]) => ({ topic: each, partition: index, current })),
  );
  partitions.apply({ changedPartitions, deletedTopics: [] });
  const coordinator = await new TransactionFixture().load();
  const verification = new ProduceVerification({
    transactions: coordinator.service,
    partitions,
    clock: time,
    timer: time,
    transactionSettings: { verificationEnabled: () => true, retryBackoffMs: 20, retryBackoffMaxMs: 100 },
  });
  const handler = produceHandler({
    partitions,
    metadata: view([newBroker(1)], topics),
    verification,
    quotas: noQuotas,
  });
  return { partitions, handler, time, coordinator, producer: { producerId: -1, producerEpoch: -1 } };
}

type Broker = Awaited<ReturnType<typeof openBroker>>;
type Response = InputOf<typeof produceResponse>;

/** The step's bytes, with the producer that InitProducerId gave. */
function recordsOf({ hex, producerIdRelative, producerEpochRelative }: Step, { producer }: Broker): Buffer | null {
  if (hex === null) return null;
  const records = Buffer.from(hex, 'hex');
  if (producerIdRelative === undefined || producerEpochRelative === undefined) return records;
  batch.setProducerId(records, 0, producer.producerId + producerIdRelative);
  batch.setProducerEpoch(records, 0, producer.producerEpoch + producerEpochRelative);
  batch.updateCrc(records, 0);
  return records;
}

async function run(broker: Broker, step: Step): Promise<unknown> {
  if (step.do === 'InitProducerId') {
    const init = { transactionalId: step.transactionalId!, timeoutMs: step.transactionTimeoutMs! };
    broker.producer = await broker.coordinator.service.initProducerId({ ...init, producerId: -1, producerEpoch: -1 });
    return step.answer;
  }
  const id = step.topic === 'T' ? topicId : ZERO_UUID;
  const asked = {
    transactionalId: step.transactionalId ?? null,
    acks: step.acks,
    timeoutMs: 1000,
    topicData: [
      {
        ...(step.version < 13 ? { name: step.topic } : { topicId: id }),
        partitionData: [{ index: step.partition, records: recordsOf(step, broker) }],
      },
    ],
  };
  const request = decode(produceRequest, step.version, encode(produceRequest, step.version, asked));
  const context = { ...contextOf(step.version), receivedAtMs: broker.time.nowMs() };
  let response: Response | null;
  try {
    response = await broker.handler.handle(request, context);
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error;
    const message = error.message === error.error ? null : error.message;
    response = broker.handler.failed(request, error.error, message, context);
    if (response === null) return { connectionClosed: true };
  }
  if (response === null) return { noAnswer: true };
  const { responses } = decode(produceResponse, step.version, encode(produceResponse, step.version, response));
  const partition = responses[0]!.partitionResponses[0]!;
  expect(partition.index).toBe(step.partition);
  return {
    error: errorName(partition.errorCode),
    baseOffset: partition.baseOffset,
    logAppendTimeMs: partition.logAppendTimeMs === -1 ? '-1' : 'set',
    ...(step.version >= 5 && { logStartOffset: partition.logStartOffset }),
    ...(step.version >= 8 && {
      recordErrors: partition.recordErrors.map(({ batchIndex, batchIndexErrorMessage }) => ({
        batchIndex,
        message: placeholders(batchIndexErrorMessage),
      })),
      errorMessage: placeholders(partition.errorMessage),
    }),
  };
}

/** What the golden file leaves open: the topic's name and the times of that day. */
function placeholders(message: string | null): string | null {
  if (message === null) return null;
  return message.replaceAll('partition T-0', 'partition TOPIC-0').replace(/within \[-?\d+, \d+\]/g, 'within [RANGE]');
}

function expectation({ answer }: Step): unknown {
  const { errorCode: _, ...rest } = answer as Answer & { errorCode?: number };
  return rest;
}

async function storedIn(broker: Broker): Promise<Buffer> {
  const fetch = { topic: 'T', topicId: ZERO_UUID, partition: 0, fetchOffset: 0, partitionMaxBytes: 1e8 };
  const [result] = await broker.partitions.fetch({
    replicaId: -1,
    replicaEpoch: -1,
    leaderOnly: true,
    isolation: 'high-watermark',
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 1e8,
    partitions: [{ ...fetch, currentLeaderEpoch: -1, lastFetchedEpoch: -1, fetcherLogStartOffset: -1 }],
  });
  return result!.records;
}

function describeBatches(records: Buffer): Omit<StoredBatch, 'size'>[] {
  const found: Omit<StoredBatch, 'size'>[] = [];
  for (let position = 0; position < records.length; position += batch.sizeInBytes(records, position)) {
    const attributes = batch.attributes(records, position);
    expect(batch.computeCrc(records, position)).toBe(batch.crc(records, position));
    found.push({
      baseOffset: batch.baseOffset(records, position),
      lastOffset: batch.lastOffset(records, position),
      codec: batch.compressionType(attributes) ?? 'unknown',
      timestampType: batch.timestampType(attributes),
      producerId: batch.producerId(records, position),
      baseSequence: batch.baseSequence(records, position),
      count: batch.recordCount(records, position),
    });
  }
  return found;
}

describe('produce cases of the official broker', () => {
  test('are there', () => expect(cases.length).toBeGreaterThan(40));

  test.each(cases.map((row) => [row.name, row] as const))('%s', async (_name, row) => {
    const configs = row.topics['T']!;
    const broker = await openBroker(configs);
    for (const step of row.steps) {
      const actual = await run(broker, step);
      if (step.do === 'Produce') expect(actual).toEqual(expectation(step));
    }
    // acks=0 did not wait for its write.
    await new Promise((resolve) => setImmediate(resolve));
    const records = await storedIn(broker);
    const { stored } = row;
    expect(describeBatches(records)).toEqual(
      stored.map(({ baseOffset, lastOffset, codec, timestampType, producerId, baseSequence, count }) => ({
        baseOffset,
        lastOffset,
        codec,
        timestampType,
        producerId: broker.producer.producerId === -1 ? producerId : broker.producer.producerId,
        baseSequence,
        count,
      })),
    );
    // Another compressor's bytes differ, and so do the times of an appending broker.
    const comparable = stored.every(({ codec, timestampType }) => codec === 'none' && timestampType === 'CreateTime');
    const patched = row.steps.some(({ producerIdRelative }) => producerIdRelative !== undefined);
    if (row.storedHex !== undefined && comparable && !patched) expect(records.toString('hex')).toBe(row.storedHex);
  });
});

test('null records, which the official broker never answers, are an error', async () => {
  for (const version of [3, 8, 12, 13]) {
    const broker = await openBroker({});
    const step: Step = { do: 'Produce', version, acks: -1, topic: 'T', partition: 0, hex: null, answer: {} };
    expect(await run(broker, step)).toMatchObject({ error: 'INVALID_RECORD', baseOffset: -1 });
  }
});
