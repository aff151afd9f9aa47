import { describe, expect, test } from 'vitest';
import {
  type InvalidBatch,
  type ValidationOptions,
  validateAndAssignOffsets,
  validateProduceRecords,
} from '../../../src/log/log-validator.ts';
import { buildControlBatch } from '../../../src/wire/records/control-batch.ts';
import * as header from '../../../src/wire/records/record-batch.ts';
import { buildBatch, ensureValidBatch, readRecords } from '../../../src/wire/records/records.ts';
import { readGoldenBatches } from '../../support/golden-batches.ts';
import {
  type AppendAnswer,
  type AppendRequest,
  compareStored,
  readValidationCases,
  runProduceCase,
} from '../../support/produce-cases.ts';

const HOUR_MS = 3_600_000;
const nowMs = 1_760_000_000_000;

function options(overrides: Partial<ValidationOptions> = {}): ValidationOptions {
  return {
    topic: 'T',
    partition: 0,
    compactedTopic: false,
    compressionType: 'producer',
    compressionLevels: { gzip: -1, lz4: 9, zstd: 3 },
    timestampType: 'CreateTime',
    timestampBeforeMaxMs: 2 ** 63,
    timestampAfterMaxMs: HOUR_MS,
    maxMessageBytes: 1_048_588,
    partitionLeaderEpoch: 0,
    origin: 'client',
    ...overrides,
  };
}

/** Answers as Produce does, with nothing but the validator behind it. */
class ValidatorLog {
  #stored: Buffer[] = [];
  #endOffset = 0;

  append({ topicConfig, version, topic, records }: AppendRequest): AppendAnswer {
    if (records === null) throw new Error('null records are not for the validator');
    const refused = validateProduceRecords(records, version);
    if (refused !== null) return answerOf(refused, -1);
    if (header.isTransactional(header.attributes(records, 0))) {
      return answerOf({ error: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED', message: null, recordErrors: [] }, -1);
    }
    const result = validateAndAssignOffsets(records, this.#endOffset, nowMs, optionsOf(topic, topicConfig));
    if (result.kind === 'invalid') {
      const early = result.error === 'CORRUPT_MESSAGE' || result.error === 'MESSAGE_TOO_LARGE';
      return answerOf(result, early ? -1 : 0);
    }
    this.#stored.push(Buffer.from(result.records));
    this.#endOffset = result.lastOffset + 1;
    return {
      error: 'NONE',
      baseOffset: result.baseOffset,
      logAppendTimeMs: result.logAppendTimeMs,
      logStartOffset: 0,
      recordErrors: [],
      message: null,
    };
  }

  stored(): Buffer {
    return Buffer.concat(this.#stored);
  }
}

function answerOf(
  { error, message, recordErrors }: Pick<InvalidBatch, 'error' | 'message' | 'recordErrors'>,
  logStartOffset: number,
): AppendAnswer {
  return { error, message, recordErrors, baseOffset: -1, logAppendTimeMs: -1, logStartOffset };
}

function optionsOf(topic: string, config: { readonly [config: string]: string }): ValidationOptions {
  const number = (name: string, otherwise: number) => Number(config[name] ?? otherwise);
  return options({
    topic,
    compactedTopic: (config['cleanup.policy'] ?? '').includes('compact'),
    // The cases have valid values.
    compressionType: (config['compression.type'] ?? 'producer') as ValidationOptions['compressionType'],
    timestampType: config['message.timestamp.type'] === 'LogAppendTime' ? 'LogAppendTime' : 'CreateTime',
    timestampBeforeMaxMs: number('message.timestamp.before.max.ms', 2 ** 63),
    timestampAfterMaxMs: number('message.timestamp.after.max.ms', HOUR_MS),
    maxMessageBytes: number('max.message.bytes', 1_048_588),
  });
}

/** A clearer error than the official UNKNOWN_SERVER_ERROR: docs/deviations.md. */
const deviations: { readonly [name: string]: string } = {
  'length-field-max': 'CORRUPT_MESSAGE',
  'gzip-record-deltas-0-2-1': 'INVALID_RECORD',
  'gzip-record-deltas-0-0-0': 'INVALID_RECORD',
  'varint-of-6-bytes': 'INVALID_RECORD',
  'codec-5': 'UNSUPPORTED_COMPRESSION_TYPE',
  'codec-7': 'UNSUPPORTED_COMPRESSION_TYPE',
  'labelled-gzip-but-plain': 'INVALID_RECORD',
  'labelled-snappy-but-plain': 'INVALID_RECORD',
  'labelled-lz4-but-plain': 'INVALID_RECORD',
  'labelled-zstd-but-plain': 'INVALID_RECORD',
  'gzip-payload-cut': 'INVALID_RECORD',
  'gzip-empty-payload': 'INVALID_RECORD',
  'snappy-payload-cut': 'INVALID_RECORD',
  'snappy-empty-payload': 'INVALID_RECORD',
  'lz4-payload-cut': 'INVALID_RECORD',
  'lz4-empty-payload': 'INVALID_RECORD',
  'zstd-payload-cut': 'INVALID_RECORD',
  'zstd-payload-flipped': 'INVALID_RECORD',
  'lz4-linked-blocks-flag': 'INVALID_RECORD',
};
/** Refused by the state of producers, not by the validator: test/unit/apis/produce-cases.test.ts has them. */
const producerStateRows = ['negative-epoch'];

describe('answers a Produce request as the official broker does', () => {
  const rows = readGoldenBatches();

  test('each listed deviation is a row with UNKNOWN_SERVER_ERROR, and each such row is listed', () => {
    const unknown = rows.filter(({ produce }) => produce.error === 'UNKNOWN_SERVER_ERROR').map(({ name }) => name);
    expect(Object.keys(deviations).sort()).toEqual(unknown.sort());
  });

  for (const { group, name, hex, produce } of rows.filter((row) => !producerStateRows.includes(row.name))) {
    test(`${group}: ${name}`, async () => {
      const log = new ValidatorLog();
      const answer = log.append({
        topicConfig: {},
        version: produce.version,
        acks: -1,
        topic: 'TOPIC',
        partition: 0,
        transactionalId: null,
        records: Buffer.from(hex, 'hex'),
      });
      const deviation = deviations[name];
      if (deviation !== undefined) {
        expect(answer).toMatchObject({ error: deviation });
        expect(log.stored().length).toBe(0);
        return;
      }
      const mismatches = await runProduceCase(
        {
          name,
          topics: { TOPIC: {} },
          steps: [
            { do: 'Produce', version: produce.version, acks: -1, topic: 'TOPIC', partition: 0, hex, answer: produce },
          ],
          stored: produce.stored ?? [],
          ...(produce.storedHex === undefined ? {} : { storedHex: produce.storedHex }),
        },
        new ValidatorLog(),
      );
      expect(mismatches).toEqual([]);
      if (produce.stored !== undefined)
        expect(compareStored(log.stored(), produce.stored, produce.storedHex)).toEqual([]);
      if (produce.storedHex !== undefined) expect(log.stored().toString('hex')).toBe(produce.storedHex);
    });
  }
});

describe('follows the topic configs as the official broker does', () => {
  const cases = readValidationCases();

  test('the cases are here', () => {
    expect(cases.length).toBe(19);
  });

  for (const produceCase of cases) {
    test(produceCase.name, async () => {
      expect(await runProduceCase(produceCase, new ValidatorLog())).toEqual([]);
    });
  }
});

describe('validateAndAssignOffsets', () => {
  const records = [
    { timestamp: 1000, key: Buffer.from('k'), value: Buffer.from('v') },
    { timestamp: 3000, key: null, value: Buffer.from('w'), headers: [{ key: 'h', value: null }] },
    { timestamp: 2000, key: Buffer.from('x'), value: null },
  ];

  test('patches base offset and leader epoch in the given bytes and leaves the CRC alone', () => {
    const batch = buildBatch({ nowMs, records });
    const crc = header.crc(batch, 0);
    const result = validateAndAssignOffsets(batch, 500, nowMs, options({ partitionLeaderEpoch: 7 }));
    expect(result).toMatchObject({
      kind: 'valid',
      baseOffset: 500,
      lastOffset: 502,
      recordCount: 3,
      maxTimestampMs: 3000,
      recompressed: false,
    });
    expect(header.baseOffset(batch, 0)).toBe(500);
    expect(header.partitionLeaderEpoch(batch, 0)).toBe(7);
    expect(header.crc(batch, 0)).toBe(crc);
    expect(readRecords(batch).map(({ offset }) => offset)).toEqual([500, 501, 502]);
  });

  for (const from of header.compressionTypes) {
    for (const to of header.compressionTypes) {
      test(`recompresses ${from} as ${to}`, () => {
        const batch = buildBatch({
          nowMs,
          records,
          compressionType: from,
          producerId: 9,
          producerEpoch: 1,
          baseSequence: 4,
        });
        const result = validateAndAssignOffsets(
          batch,
          20,
          nowMs,
          options({ compressionType: to === 'none' ? 'uncompressed' : to }),
        );
        if (result.kind === 'invalid') throw new Error(result.reason);
        ensureValidBatch(result.records, 0);
        expect(result).toMatchObject({
          recompressed: from !== to,
          compressionType: to,
          producerId: 9,
          baseSequence: 4,
          lastSequence: 6,
        });
        expect(readRecords(result.records)).toEqual(
          records.map((record, i) => ({ headers: [], ...record, offset: 20 + i })),
        );
      });
    }
  }

  test('the compression level of the topic is used', () => {
    const text = Buffer.from(Array.from({ length: 4000 }, (_, i) => `${(i * 7919) % 1000},${i % 17}`).join(';'));
    const size = (level: number) => {
      const batch = buildBatch({ nowMs, records: [{ timestamp: nowMs, key: null, value: text }] });
      const result = validateAndAssignOffsets(
        batch,
        0,
        nowMs,
        options({ compressionType: 'gzip', compressionLevels: { gzip: level, lz4: 9, zstd: 3 } }),
      );
      if (result.kind === 'invalid') throw new Error(result.reason);
      return result.records.length;
    };
    expect(size(9)).toBeLessThan(size(1));
  });

  test('LogAppendTime gives all records the time of the append, recompressed or not', () => {
    for (const compressionType of ['producer', 'zstd'] as const) {
      const batch = buildBatch({ nowMs, records });
      const result = validateAndAssignOffsets(
        batch,
        0,
        nowMs,
        options({ timestampType: 'LogAppendTime', compressionType }),
      );
      if (result.kind === 'invalid') throw new Error(result.reason);
      ensureValidBatch(result.records, 0);
      expect(result).toMatchObject({ logAppendTimeMs: nowMs, maxTimestampMs: nowMs });
      expect(readRecords(result.records).map(({ timestamp }) => timestamp)).toEqual([nowMs, nowMs, nowMs]);
    }
  });

  test('a topic with LogAppendTime refuses a client that has set it', () => {
    const batch = buildBatch({ nowMs, records, timestampType: 'LogAppendTime' });
    expect(validateAndAssignOffsets(batch, 0, nowMs, options({ timestampType: 'LogAppendTime' }))).toMatchObject({
      error: 'INVALID_TIMESTAMP',
      recordErrors: [
        {
          batchIndex: 0,
          message:
            'Invalid timestamp type in message DefaultRecord(offset=0, timestamp=1760000000000, key=1 bytes, value=1 bytes). ' +
            'Producer should not set timestamp type to LogAppendTime.',
        },
        { batchIndex: 1 },
        { batchIndex: 2 },
      ],
    });
  });

  test('the time span in a message is that of Java, whose default limit overflows', () => {
    const batch = buildBatch({ nowMs, records: [{ timestamp: nowMs + HOUR_MS + 1, key: null, value: null }] });
    expect(validateAndAssignOffsets(batch, 0, nowMs, options())).toMatchObject({
      error: 'INVALID_TIMESTAMP',
      recordErrors: [
        {
          batchIndex: 0,
          message: `Timestamp ${nowMs + HOUR_MS + 1} of message with offset 0 is out of range. The timestamp should be within [${BigInt(nowMs) - (2n ** 63n - 1n)}, ${nowMs + HOUR_MS}]`,
        },
      ],
    });
  });

  test('control batches of a coordinator are not compressed', () => {
    const batch = buildControlBatch({
      partitionLeaderEpoch: 3,
      nowMs,
      records: [{ type: 'leaderChange', value: Buffer.alloc(20) }],
    });
    const result = validateAndAssignOffsets(
      batch,
      9,
      nowMs,
      options({ origin: 'coordinator', compressionType: 'gzip' }),
    );
    expect(result).toMatchObject({
      kind: 'valid',
      control: true,
      compressionType: 'none',
      recompressed: false,
      baseOffset: 9,
    });
  });

  test('a Raft leader must have set its epoch; its batches may be of any size', () => {
    const batch = buildBatch({ baseOffset: 0, partitionLeaderEpoch: 4, nowMs, records });
    const raft = options({ origin: 'raft-leader', maxMessageBytes: 10 });
    expect(validateAndAssignOffsets(Buffer.from(batch), 0, nowMs, { ...raft, partitionLeaderEpoch: 4 }).kind).toBe(
      'valid',
    );
    expect(validateAndAssignOffsets(batch, 0, nowMs, { ...raft, partitionLeaderEpoch: 5 })).toMatchObject({
      error: 'INVALID_RECORD',
    });
  });

  // Three hundred megabytes go through codecs: long on a busy machine.
  test('what decompresses to more than the cap is MESSAGE_TOO_LARGE', { timeout: 120_000 }, () => {
    const zeros = Buffer.alloc(101 * 1024 * 1024);
    for (const compressionType of ['gzip', 'zstd', 'lz4'] as const) {
      const batch = buildBatch({ nowMs, compressionType, records: [{ timestamp: nowMs, key: null, value: zeros }] });
      expect(validateAndAssignOffsets(batch, 0, nowMs, options())).toMatchObject({ error: 'MESSAGE_TOO_LARGE' });
    }
  });
});
