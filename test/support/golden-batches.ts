import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** One batch as the official reader and dump describe it; see the golden material's README. */
export interface GoldenBatch {
  readonly magic?: number;
  readonly size?: number;
  readonly legacy?: boolean;
  readonly unreadBytes?: number;
  readonly readError?: string;
  readonly crcValid?: boolean;
  readonly crc?: number;
  readonly attributes?: number;
  readonly baseOffset?: number;
  readonly lastOffset?: number;
  readonly partitionLeaderEpoch?: number;
  readonly codec?: string;
  readonly timestampType?: string;
  readonly baseTimestamp?: number;
  readonly maxTimestamp?: number;
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly lastSequence?: number;
  readonly transactional?: boolean;
  readonly control?: boolean;
  readonly controlType?: string;
  readonly deleteHorizonMs?: number;
  readonly count?: number;
  readonly recordCount?: number;
  readonly valuesSha256?: string;
  readonly records?: readonly {
    readonly offset: number;
    readonly timestamp: number;
    readonly key: string | null;
    readonly value: string | null;
    readonly headers: readonly (readonly [string, string | null])[];
  }[];
}

export interface GoldenAnswer {
  readonly errorCode: number;
  readonly error: string;
  readonly baseOffset: number;
  readonly logAppendTimeMs: string;
  readonly logStartOffset?: number;
  readonly recordErrors?: readonly { readonly batchIndex: number; readonly message: string }[];
  readonly errorMessage?: string | null;
}

export interface GoldenRow {
  readonly group: string;
  readonly name: string;
  readonly size: number;
  readonly read: readonly GoldenBatch[];
  readonly produce: GoldenAnswer & {
    readonly version: number;
    readonly stored?: readonly GoldenBatch[];
    readonly storedHex?: string;
  };
  readonly hex: string;
}

export function readGoldenLines<Row>(name: string): Row[] {
  const text = gunzipSync(readFileSync(new URL(`../golden/${name}`, import.meta.url))).toString('utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);
}

export function readGoldenBatches(): GoldenRow[] {
  return readGoldenLines<GoldenRow>('batches.jsonl.gz');
}
