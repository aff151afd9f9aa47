// What the differential test runs: scripts of requests, written as data. A script has topics and groups of its own, so that scripts
// run side by side; its steps run one after the other.
//
// In a body, '@' inside a text stands for the script's name and a dash ('@orders' in the script `fetch` is the topic `fetch-orders`),
// and a text '$memberId' for a value that an earlier step saved.

import type { CompressionType } from '../../../src/wire/records/record-batch.ts';
import { buildBatch } from '../../../src/wire/records/records.ts';
import { type RawRequest, versionsOf } from '../../support/raw-client.ts';

export interface Script {
  readonly name: string;
  readonly steps: readonly Step[];
  /** It changes what other scripts see, so it runs when they are done. */
  readonly alone?: true;
}

export type Step = RequestStep | TakeStep | ReadyStep;

export interface RequestStep extends RawRequest {
  /** What is asked, when API and version do not say it; differences are reported under it. */
  readonly name?: string;
  /** 'main' unless named; opened when first used, and again after it was closed. */
  readonly connection?: string;
  /** Where it is asked; on the clients' listener when absent. */
  readonly listener?: 'controller';
  /** Values for later steps: name -> path in the answer, such as 'topics.0.topicId'. */
  readonly save?: Readonly<Record<string, string>>;
  /** The answer is awaited, and compared, by the `take` step of this name. */
  readonly later?: string;
  /** No answer may come: another request goes out behind this one, to see. */
  readonly probe?: true;
  /** Of the collection `of`, only elements are compared whose field `by` begins with the script's name, or is one of `values`. */
  readonly keep?: { readonly of: string; readonly by: string; readonly values?: readonly unknown[] };
  /** Collections, by path with '*' for any index, in which Apache Kafka has no order: both sides are sorted. */
  readonly unordered?: readonly string[];
  /** Asked again until the answer is so; only that one is compared. */
  readonly until?: { readonly path: string; readonly is: unknown };
  /** Not compared: it only prepares. */
  readonly setup?: true;
}

export interface TakeStep {
  readonly take: string;
}

/** Waits until the partitions of a topic are served, where the broker answered before they were. */
export interface ReadyStep {
  readonly ready: string;
}

/** One step per stable version of the API. */
export function eachVersion(
  api: string,
  make: (version: number) => Omit<RequestStep, 'api' | 'version'>,
): RequestStep[] {
  return versionsOf(api).map((version) => ({ api, version, ...make(version) }));
}

export function newestVersion(api: string): number {
  return versionsOf(api).at(-1)!;
}

/** A request in the newest version. */
export function ask(
  name: string,
  api: string,
  body: RawRequest['body'] & object,
  more: Omit<Partial<RequestStep>, 'name' | 'api' | 'body'> = {},
): RequestStep {
  return { name, api, version: newestVersion(api), body, ...more };
}

export interface NewTopic {
  readonly partitions?: number;
  readonly configs?: Readonly<Record<string, string>>;
}

/** Creates a topic and saves its id as `<name without @>Id`. */
export function createTopic(name: string, { partitions = 1, configs = {} }: NewTopic = {}): RequestStep {
  return {
    api: 'CreateTopics',
    version: 7,
    setup: true,
    body: {
      topics: [
        {
          name,
          numPartitions: partitions,
          replicationFactor: 1,
          configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
        },
      ],
      timeoutMs: 30_000,
    },
    save: { [`${name.replace('@', '')}Id`]: 'topics.0.topicId' },
  };
}

/** Timestamp of the first record of every batch here; no retention reaches it, and no clock. */
export const RECORD_TIMESTAMP = 1_700_000_000_000;

export interface NewBatch {
  readonly count?: number;
  readonly firstTimestamp?: number;
  readonly valueBytes?: number;
  readonly keyless?: boolean;
  readonly compressionType?: CompressionType;
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly transactional?: boolean;
}

/** A batch that is built when its step's turn comes, since it holds values that earlier steps saved. */
export interface LateBatch {
  readonly batchOf: Readonly<Record<string, unknown>>;
}

export function isLateBatch(value: object): value is LateBatch {
  return 'batchOf' in value;
}

/** A batch of records, one millisecond apart. */
export function batch(options: NewBatch = {}): Buffer {
  const { count = 1, firstTimestamp = RECORD_TIMESTAMP, valueBytes = 8, keyless = false, ...producer } = options;
  return buildBatch({
    nowMs: firstTimestamp,
    ...producer,
    records: Array.from({ length: count }, (_, i) => ({
      timestamp: firstTimestamp + i,
      key: keyless ? null : Buffer.from(`key-${i}`),
      value: Buffer.alloc(valueBytes, 97 + i),
    })),
  });
}

/** Appends batches to a partition, one request each. */
export function produce(topic: string, partition: number, ...batches: readonly Buffer[]): RequestStep[] {
  return batches.map((records) => ({
    api: 'Produce',
    version: 12,
    setup: true,
    body: {
      acks: -1,
      timeoutMs: 30_000,
      topicData: [{ name: topic, partitionData: [{ index: partition, records }] }],
    },
  }));
}
