import { decode, encode, encodeInto } from '../src/wire/codec.ts';
import { fetchRequest, fetchResponse } from '../src/wire/schema/fetch.ts';
import { metadataResponse } from '../src/wire/schema/metadata.ts';
import { produceRequest, produceResponse } from '../src/wire/schema/produce.ts';
import { Writer } from '../src/wire/writer.ts';
import { type BenchRow, measureMicroseconds } from './bench.ts';

const TOPIC_ID = 'zD7KWNgcH1HmqymZmngayg';

function produceBytes(version: number): Buffer {
  return encode(produceRequest, version, {
    acks: -1,
    timeoutMs: 30_000,
    topicData: [
      {
        ...(version >= 13 ? { topicId: TOPIC_ID } : { name: 'orders' }),
        partitionData: [{ index: 0, records: Buffer.alloc(16_384) }],
      },
    ],
  });
}

function fetchBytes(partitions: number): Buffer {
  return encode(fetchRequest, 17, {
    maxWaitMs: 500,
    minBytes: 1,
    topics: [
      {
        topicId: TOPIC_ID,
        partitions: Array.from({ length: partitions }, (_, partition) => ({
          partition,
          currentLeaderEpoch: 3,
          fetchOffset: 1_000_000 + partition,
          logStartOffset: -1,
          partitionMaxBytes: 1_048_576,
        })),
      },
    ],
  });
}

/** Encoding and decoding of the messages of the hot path. */
export function benchCodec(): BenchRow[] {
  const produce12 = produceBytes(12);
  const produce13 = produceBytes(13);
  const fetch1000 = fetchBytes(1000);
  const fetched = Buffer.alloc(100_000);
  const produceAnswer = { responses: [{ topicId: TOPIC_ID, partitionResponses: [{ index: 0, baseOffset: 17 }] }] };
  const fetchAnswer = {
    responses: [{ topicId: TOPIC_ID, partitions: [{ partitionIndex: 0, highWatermark: 9, records: fetched }] }],
  };
  const metadataAnswer = {
    topics: Array.from({ length: 100 }, (_, topic) => ({
      name: `topic-${topic}`,
      topicId: TOPIC_ID,
      partitions: Array.from({ length: 10 }, (_, partitionIndex) => ({
        partitionIndex,
        leaderId: 1,
        replicaNodes: [1],
        isrNodes: [1],
      })),
    })),
  };
  return [
    row('decode Produce v12, 1 partition', () => decode(produceRequest, 12, produce12), 2),
    row('decode Produce v13, 1 partition', () => decode(produceRequest, 13, produce13), 2),
    row('decode Fetch v17, 1000 partitions', () => decode(fetchRequest, 17, fetch1000), 500),
    row('encode Produce response v13, 1 partition', () => encode(produceResponse, 13, produceAnswer)),
    row('encode Fetch response v17, 1 partition, 100 kB by reference', () => {
      const writer = new Writer();
      encodeInto(fetchResponse, 17, fetchAnswer, writer);
      return writer.chunks();
    }),
    row('encode Metadata response v13, 100 topics of 10 partitions', () =>
      encode(metadataResponse, 13, metadataAnswer),
    ),
  ];
}

function row(name: string, action: () => unknown, target?: number): BenchRow {
  const value = measureMicroseconds(action);
  return target === undefined ? { name, value, unit: 'µs' } : { name, value, unit: 'µs', target };
}
