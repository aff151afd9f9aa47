/** Writes OpenTelemetry metrics as a client would, by hand: a second opinion on the format, not the decoder's own. */
export interface Attributes {
  readonly [name: string]: string | number | boolean;
}

export interface EncodedMetric {
  readonly name: string;
  readonly description?: string;
  readonly attributes?: Attributes;
  readonly data:
    | { readonly gauge: number }
    | { readonly sum: number; readonly delta: boolean; readonly monotonic: boolean }
    | {
        readonly counts: readonly number[];
        readonly bounds: readonly number[];
        readonly total: number;
        readonly delta: boolean;
      };
}

export function encodeMetrics(metrics: readonly EncodedMetric[], resource: Attributes = {}): Buffer {
  const scope = Buffer.concat(metrics.map((metric) => bytes(2, encodeMetric(metric))));
  return bytes(1, Buffer.concat([bytes(1, keyValues(1, resource)), bytes(2, scope)]));
}

function encodeMetric({ name, description, attributes = {}, data }: EncodedMetric): Buffer {
  const head = [
    bytes(1, Buffer.from(name)),
    ...(description === undefined ? [] : [bytes(2, Buffer.from(description))]),
  ];
  const time = fixed64(3, bigint64(1_700_000_000_000_000_000n));
  if ('gauge' in data) {
    const point = Buffer.concat([time, fixed64(4, float64(data.gauge)), keyValues(7, attributes)]);
    return Buffer.concat([...head, bytes(5, bytes(1, point))]);
  }
  if ('sum' in data) {
    const value = Number.isInteger(data.sum) ? fixed64(6, bigint64(BigInt(data.sum))) : fixed64(4, float64(data.sum));
    const point = Buffer.concat([time, value, keyValues(7, attributes)]);
    const body = [bytes(1, point), varint(2, data.delta ? 1 : 2), varint(3, data.monotonic ? 1 : 0)];
    return Buffer.concat([...head, bytes(7, Buffer.concat(body))]);
  }
  const count = data.counts.reduce((sum, one) => sum + one, 0);
  const point = Buffer.concat([
    time,
    fixed64(4, bigint64(BigInt(count))),
    fixed64(5, float64(data.total)),
    bytes(6, Buffer.concat(data.counts.map((one) => bigint64(BigInt(one))))),
    bytes(7, Buffer.concat(data.bounds.map(float64))),
    keyValues(9, attributes),
  ]);
  return Buffer.concat([...head, bytes(9, Buffer.concat([bytes(1, point), varint(2, data.delta ? 1 : 2)]))]);
}

function keyValues(field: number, attributes: Attributes): Buffer {
  return Buffer.concat(
    Object.entries(attributes).map(([name, value]) => {
      let any: Buffer;
      if (typeof value === 'string') any = bytes(1, Buffer.from(value));
      else if (typeof value === 'boolean') any = varint(2, value ? 1 : 0);
      else any = Number.isInteger(value) ? varint(3, value) : fixed64(4, float64(value));
      return bytes(field, Buffer.concat([bytes(1, Buffer.from(name)), bytes(2, any)]));
    }),
  );
}

function unsigned(value: number): Buffer {
  const parts: number[] = [];
  let rest = value;
  while (rest > 127) {
    parts.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...parts, rest]);
}

function varint(field: number, value: number): Buffer {
  return Buffer.concat([unsigned(field * 8), unsigned(value)]);
}

function fixed64(field: number, value: Buffer): Buffer {
  return Buffer.concat([unsigned(field * 8 + 1), value]);
}

export function bytes(field: number, value: Buffer): Buffer {
  return Buffer.concat([unsigned(field * 8 + 2), unsigned(value.length), value]);
}

function bigint64(value: bigint): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigInt64LE(value);
  return buffer;
}

function float64(value: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeDoubleLE(value);
  return buffer;
}
