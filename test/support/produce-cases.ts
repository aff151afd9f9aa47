import { crc32c } from '../../src/wire/crc32c.ts';
import { type ErrorName, errorCode } from '../../src/wire/errors.ts';
import * as header from '../../src/wire/records/record-batch.ts';
import { batches, ensureValidBatch, recordBytes } from '../../src/wire/records/records.ts';
import { type GoldenAnswer, type GoldenBatch, readGoldenLines } from './golden-batches.ts';

/**
 * The official broker's answers to Produce requests (`test/golden/produce-cases.jsonl.gz`), run against anything that
 * appends: a validator with a list behind it, or a whole broker.
 */
export interface ProduceStep {
  readonly do: 'Produce' | 'InitProducerId';
  readonly version: number;
  readonly acks?: number;
  /** `T` stands for the fresh topic. */
  readonly topic?: string;
  readonly partition?: number;
  readonly hex?: string | null;
  readonly transactionalId?: string;
  readonly answer?: GoldenAnswer | { readonly noAnswer: true } | { readonly connectionClosed: true };
}

export interface ProduceCase {
  readonly name: string;
  readonly topics: { readonly [topic: string]: { readonly [config: string]: string } };
  readonly steps: readonly ProduceStep[];
  /** What a fetch from offset 0 returns after the last step. */
  readonly stored: readonly GoldenBatch[];
  readonly storedHex?: string;
}

/** They need a transaction coordinator. */
export const transactionCases = [
  'transactional-batch-without-transactional-id',
  'transactional-unknown-transactional-id-v8',
  'transactional-unknown-transactional-id-v11',
  'transactional-unknown-transactional-id-v12',
  'transactional-not-added-partition-v11',
  'transactional-not-added-partition-v12',
] as const;

/** They need the state of producers. */
export const idempotentCases = [
  'idempotent-in-order',
  'idempotent-duplicate-of-last',
  'idempotent-duplicate-of-fifth-last-and-older',
  'idempotent-gap',
  'idempotent-first-sequence-not-0-empty-log',
  'idempotent-epoch-bump',
  'idempotent-epoch-bump-sequence-not-0',
  'idempotent-sequence-wrap',
  'idempotent-sequence-wrap-inside-a-batch',
  'idempotent-acks-1',
] as const;

/** They need a broker: topics that are not there, acks, connections. */
export const brokerCases = [
  'acks-0',
  'acks-2',
  'acks--2',
  'acks-0-with-a-bad-batch-closes-the-connection',
  'acks-0-unknown-topic',
  'unknown-topic-v3',
  'unknown-topic-v12',
  'unknown-topic-v13',
  'unknown-partition',
  'negative-partition',
  'invalid-topic-name',
  'internal-topic',
  'metadata-topic',
] as const;

/** The official broker never answers null records; Ottla does. */
export const deviatingCases = ['null-records-v3', 'null-records-v8', 'null-records-v12'] as const;

export function readProduceCases(): ProduceCase[] {
  return readGoldenLines<ProduceCase>('produce-cases.jsonl.gz');
}

/** All that are not in one of the lists above: batch validation and topic configs. */
export function readValidationCases(): ProduceCase[] {
  const others: readonly string[] = [...transactionCases, ...idempotentCases, ...brokerCases, ...deviatingCases];
  return readProduceCases().filter(({ name }) => !others.includes(name));
}

export interface AppendRequest {
  readonly topicConfig: { readonly [config: string]: string };
  readonly version: number;
  readonly acks: number;
  readonly topic: string;
  readonly partition: number;
  readonly transactionalId: string | null;
  /** Null: the request has null records. */
  readonly records: Buffer | null;
}

/** One partition's answer, or what the connection does instead. */
export type AppendAnswer =
  | {
      readonly error: ErrorName;
      readonly baseOffset: number;
      readonly logAppendTimeMs: number;
      /** Undefined where it is not known at this level. */
      readonly logStartOffset?: number;
      readonly recordErrors: readonly { readonly batchIndex: number; readonly message: string | null }[];
      readonly message: string | null;
    }
  | 'noAnswer'
  | 'connectionClosed';

export interface CaseTarget {
  append(request: AppendRequest): AppendAnswer | Promise<AppendAnswer>;
  /** All batches of the fresh topic's partition 0, from offset 0. */
  stored(): Buffer | Promise<Buffer>;
}

/** Runs the steps of one case against a target made for it. Returns what is not as the official broker has it. */
export async function runProduceCase(produceCase: ProduceCase, target: CaseTarget): Promise<string[]> {
  const mismatches: string[] = [];
  for (const [index, step] of produceCase.steps.entries()) {
    if (step.do !== 'Produce' || step.answer === undefined) {
      mismatches.push(`step ${index}: ${step.do} cannot be run here`);
      continue;
    }
    const topic = step.topic ?? 'T';
    const answer = await target.append({
      topicConfig: produceCase.topics[topic] ?? {},
      version: step.version,
      acks: step.acks ?? -1,
      topic,
      partition: step.partition ?? 0,
      transactionalId: step.transactionalId ?? null,
      records: step.hex === undefined || step.hex === null ? null : Buffer.from(step.hex, 'hex'),
    });
    for (const mismatch of compareAnswer(answer, step.answer)) mismatches.push(`step ${index}: ${mismatch}`);
  }
  mismatches.push(...compareStored(await target.stored(), produceCase.stored, produceCase.storedHex));
  return mismatches;
}

function compareAnswer(answer: AppendAnswer, expected: NonNullable<ProduceStep['answer']>): string[] {
  if ('noAnswer' in expected) return answer === 'noAnswer' ? [] : [`answered: ${JSON.stringify(answer)}`];
  if ('connectionClosed' in expected) {
    return answer === 'connectionClosed' ? [] : [`connection not closed: ${JSON.stringify(answer)}`];
  }
  if (answer === 'noAnswer' || answer === 'connectionClosed') return [`${answer} instead of ${expected.error}`];
  const mismatches: string[] = [];
  const check = (what: string, actual: unknown, wanted: unknown) => {
    if (JSON.stringify(actual) !== JSON.stringify(wanted)) {
      mismatches.push(`${what} ${JSON.stringify(actual)} instead of ${JSON.stringify(wanted)}`);
    }
  };
  check('error', answer.error, expected.error);
  check('error code', errorCode(answer.error), expected.errorCode);
  check('base offset', answer.baseOffset, expected.baseOffset);
  check('log append time', answer.logAppendTimeMs === -1 ? '-1' : 'set', expected.logAppendTimeMs);
  if (answer.logStartOffset !== undefined && expected.logStartOffset !== undefined) {
    check('log start offset', answer.logStartOffset, expected.logStartOffset);
  }
  if (expected.recordErrors !== undefined) {
    const recordErrors = answer.recordErrors.map(({ batchIndex, message }) => ({
      batchIndex,
      message: general(message),
    }));
    check('record errors', recordErrors, expected.recordErrors);
    check('message', general(answer.message), expected.errorMessage);
  }
  return mismatches;
}

/** What the golden material leaves open: a time span of its own day, and the name of the fresh topic. */
function general(message: string | null): string | null {
  if (message === null) return null;
  return message
    .replace(/within \[-?\d+, -?\d+\]/g, 'within [RANGE]')
    .replace(/topic partition [A-Za-z0-9._-]+-0/g, 'topic partition TOPIC-0');
}

/**
 * The stored batches, header field by header field and byte by byte; of compressed records, which another compressor
 * writes differently, the content counts.
 */
export function compareStored(stored: Buffer, expected: readonly GoldenBatch[], expectedHex?: string): string[] {
  const mismatches: string[] = [];
  const actual = [...batches(stored)].map(({ position, sizeInBytes }) =>
    stored.subarray(position, position + sizeInBytes),
  );
  if (actual.length !== expected.length) return [`${actual.length} batches stored instead of ${expected.length}`];
  const expectedBytes = expectedHex === undefined ? null : Buffer.from(expectedHex, 'hex');
  const positions = expectedBytes === null ? [] : [...batches(expectedBytes)];
  for (const [index, batch] of actual.entries()) {
    const wanted = expected[index]!;
    const place = positions[index];
    const wantedBytes =
      place === undefined ? null : expectedBytes!.subarray(place.position, place.position + place.sizeInBytes);
    if (wantedBytes !== null && batch.equals(wantedBytes)) continue;
    const timeOfDay = wanted.timestampType === 'LogAppendTime';
    // A time of another day changes the CRC, and so does another compressor's work.
    const sameContent = wantedBytes === null || recordBytes(batch, 0).equals(recordBytes(wantedBytes, 0));
    if (!sameContent) mismatches.push(`batch ${index}: other records`);
    try {
      ensureValidBatch(batch, 0);
    } catch (error) {
      mismatches.push(`batch ${index}: ${String(error)}`);
    }
    const described: GoldenBatch = describeBatch(batch, 0);
    const compressed = wanted.codec !== 'none';
    for (const key of Object.keys(described) as (keyof GoldenBatch)[]) {
      if (wanted[key] === undefined) continue;
      if ((key === 'crc' || key === 'size') && compressed) continue;
      if ((key === 'crc' || key === 'maxTimestamp') && timeOfDay) continue;
      if (described[key] !== wanted[key]) {
        mismatches.push(`batch ${index}: ${key} ${String(described[key])} instead of ${String(wanted[key])}`);
      }
    }
    if (wantedBytes !== null && !compressed && !timeOfDay) mismatches.push(`batch ${index}: other bytes`);
  }
  return mismatches;
}

/** The header, in the words of the golden material. */
export function describeBatch(buffer: Buffer, position: number): GoldenBatch {
  const attributes = header.attributes(buffer, position);
  const horizon = header.deleteHorizonMs(buffer, position);
  const type = header.compressionType(attributes);
  return {
    magic: header.magic(buffer, position),
    size: header.sizeInBytes(buffer, position),
    crcValid:
      header.crc(buffer, position) ===
      crc32c(buffer, position + header.ATTRIBUTES_POSITION, position + header.sizeInBytes(buffer, position)),
    crc: header.crc(buffer, position),
    attributes,
    baseOffset: header.baseOffset(buffer, position),
    lastOffset: header.lastOffset(buffer, position),
    partitionLeaderEpoch: header.partitionLeaderEpoch(buffer, position),
    ...(type === null ? {} : { codec: type }),
    timestampType: header.timestampType(attributes),
    baseTimestamp: header.baseTimestamp(buffer, position),
    maxTimestamp: header.maxTimestamp(buffer, position),
    producerId: header.producerId(buffer, position),
    producerEpoch: header.producerEpoch(buffer, position),
    baseSequence: header.baseSequence(buffer, position),
    lastSequence: header.lastSequence(buffer, position),
    transactional: header.isTransactional(attributes),
    control: header.isControl(attributes),
    count: header.recordCount(buffer, position),
    ...(horizon === null ? {} : { deleteHorizonMs: horizon }),
  };
}
