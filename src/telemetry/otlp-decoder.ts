/**
 * Reads OpenTelemetry's `MetricsData` message (opentelemetry-proto, metrics/v1), the little of it that clients send: gauges,
 * sums and histograms with their attributes. Everything else is passed over, as protobuf wants it.
 *
 * What is read comes from strangers: no length is trusted beyond the bytes that are there, and the number of points is limited.
 */
export interface OtlpPoint {
  readonly name: string;
  readonly description: string;
  /** Attributes of the point and of its resource. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly value: OtlpValue;
}

export type OtlpValue =
  | { readonly kind: 'gauge'; readonly number: number }
  | { readonly kind: 'sum'; readonly number: number; readonly delta: boolean; readonly monotonic: boolean }
  | {
      readonly kind: 'histogram';
      readonly delta: boolean;
      readonly count: number;
      readonly sum: number;
      /** One more than `bounds`. */
      readonly bucketCounts: readonly number[];
      readonly bounds: readonly number[];
    };

export class OtlpError extends Error {
  override name = 'OtlpError';
}

const POINTS_MAX = 10_000;
const ATTRIBUTES_MAX = 64;
const BUCKETS_MAX = 256;
const DELTA = 1;
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** Throws OtlpError. */
export function decodeOtlpMetrics(data: Buffer): OtlpPoint[] {
  const points: OtlpPoint[] = [];
  eachField(data, (field) => {
    if (field.number === 1) decodeResourceMetrics(field.bytes(), points);
  });
  return points;
}

function decodeResourceMetrics(data: Buffer, points: OtlpPoint[]): void {
  const resource = new Map<string, string>();
  const scopes: Buffer[] = [];
  eachField(data, (field) => {
    if (field.number === 1) eachField(field.bytes(), (inner) => addAttribute(inner, 1, resource));
    else if (field.number === 2) scopes.push(field.bytes());
  });
  for (const scope of scopes) {
    eachField(scope, (field) => {
      if (field.number === 2) decodeMetric(field.bytes(), resource, points);
    });
  }
}

function decodeMetric(data: Buffer, resource: ReadonlyMap<string, string>, points: OtlpPoint[]): void {
  let name = '';
  let description = '';
  const parts: { readonly kind: 'gauge' | 'sum' | 'histogram'; readonly body: Buffer }[] = [];
  eachField(data, (field) => {
    if (field.number === 1) name = field.text();
    else if (field.number === 2) description = field.text();
    else if (field.number === 5) parts.push({ kind: 'gauge', body: field.bytes() });
    else if (field.number === 7) parts.push({ kind: 'sum', body: field.bytes() });
    else if (field.number === 9) parts.push({ kind: 'histogram', body: field.bytes() });
  });
  if (name === '') throw new OtlpError('a metric without a name');
  for (const { kind, body } of parts) {
    let delta = false;
    let monotonic = false;
    const bodies: Buffer[] = [];
    eachField(body, (field) => {
      if (field.number === 1) bodies.push(field.bytes());
      else if (field.number === 2) delta = field.integer() === DELTA;
      else if (field.number === 3) monotonic = field.integer() !== 0;
    });
    for (const point of bodies) {
      if (points.length === POINTS_MAX) throw new OtlpError(`more than ${POINTS_MAX} points`);
      const attributes = new Map(resource);
      const value =
        kind === 'histogram'
          ? decodeHistogramPoint(point, delta, attributes)
          : decodeNumberPoint(point, kind, { delta, monotonic }, attributes);
      points.push({ name, description, attributes, value });
    }
  }
}

function decodeNumberPoint(
  data: Buffer,
  kind: 'gauge' | 'sum',
  { delta, monotonic }: { readonly delta: boolean; readonly monotonic: boolean },
  attributes: Map<string, string>,
): OtlpValue {
  let number = 0;
  eachField(data, (field) => {
    if (field.number === 4) number = field.double();
    else if (field.number === 6) number = field.signed64();
    else addAttribute(field, 7, attributes);
  });
  return kind === 'gauge' ? { kind, number } : { kind, number, delta, monotonic };
}

function decodeHistogramPoint(data: Buffer, delta: boolean, attributes: Map<string, string>): OtlpValue {
  let count = 0;
  let sum = 0;
  const bucketCounts: number[] = [];
  const bounds: number[] = [];
  eachField(data, (field) => {
    if (field.number === 4) count = field.signed64();
    else if (field.number === 5) sum = field.double();
    else if (field.number === 6) field.repeated64((bytes, at) => bucketCounts.push(Number(bytes.readBigUInt64LE(at))));
    else if (field.number === 7) field.repeated64((bytes, at) => bounds.push(bytes.readDoubleLE(at)));
    else addAttribute(field, 9, attributes);
  });
  if (bucketCounts.length > BUCKETS_MAX) throw new OtlpError(`more than ${BUCKETS_MAX} buckets`);
  if (bucketCounts.length > 0 && bucketCounts.length !== bounds.length + 1) {
    throw new OtlpError(`${bucketCounts.length} buckets with ${bounds.length} bounds`);
  }
  return { kind: 'histogram', delta, count, sum, bucketCounts, bounds };
}

/** A `KeyValue` in the field `number`; values that are no text or number are passed over. */
function addAttribute(field: Field, number: number, attributes: Map<string, string>): void {
  if (field.number !== number) return;
  let key = '';
  let value: string | null = null;
  eachField(field.bytes(), (inner) => {
    if (inner.number === 1) key = inner.text();
    else if (inner.number === 2) {
      eachField(inner.bytes(), (any) => {
        if (any.number === 1) value = any.text();
        else if (any.number === 2) value = String(any.integer() !== 0);
        else if (any.number === 3) value = String(any.integer());
        else if (any.number === 4) value = String(any.double());
      });
    }
  });
  if (key === '' || value === null) return;
  if (attributes.size >= ATTRIBUTES_MAX && !attributes.has(key)) {
    throw new OtlpError(`more than ${ATTRIBUTES_MAX} attributes`);
  }
  attributes.set(key, value);
}

/** One field of a message; asking for another type than the one that was written is an error. */
class Field {
  number = 0;
  wireType = 0;
  data: Buffer = Buffer.alloc(0);
  varint = 0;

  bytes(): Buffer {
    this.#expect(BYTES);
    return this.data;
  }

  text(): string {
    return this.bytes().toString('utf8');
  }

  integer(): number {
    this.#expect(VARINT);
    return this.varint;
  }

  double(): number {
    this.#expect(FIXED64);
    return this.data.readDoubleLE(0);
  }

  /** As a number: beyond 2^53 it is not exact. */
  signed64(): number {
    this.#expect(FIXED64);
    return Number(this.data.readBigInt64LE(0));
  }

  /** Repeated fixed64 or double, packed or not. */
  repeated64(add: (bytes: Buffer, at: number) => void): void {
    if (this.wireType !== BYTES) this.#expect(FIXED64);
    if (this.data.length % 8 !== 0) throw new OtlpError('a packed field that does not come out even');
    for (let at = 0; at < this.data.length; at += 8) add(this.data, at);
  }

  #expect(wireType: number): void {
    if (this.wireType !== wireType) throw new OtlpError(`field ${this.number} has wire type ${this.wireType}`);
  }
}

function eachField(message: Buffer, visit: (field: Field) => void): void {
  let position = 0;
  const varint = (): number => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (position >= message.length) throw new OtlpError('the message ends within a number');
      const byte = message[position++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(BigInt.asIntN(64, value));
    }
    throw new OtlpError('a number of more than ten bytes');
  };
  const take = (length: number): Buffer => {
    if (length < 0 || length > message.length - position) throw new OtlpError('a field is longer than its message');
    position += length;
    return message.subarray(position - length, position);
  };
  const field = new Field();
  while (position < message.length) {
    const tag = varint();
    field.number = Math.floor(tag / 8);
    field.wireType = tag % 8;
    if (field.number <= 0) throw new OtlpError(`field number ${field.number}`);
    switch (field.wireType) {
      case VARINT:
        field.varint = varint();
        break;
      case FIXED64:
        field.data = take(8);
        break;
      case BYTES:
        field.data = take(varint());
        break;
      case FIXED32:
        field.data = take(4);
        break;
      default:
        throw new OtlpError(`wire type ${field.wireType}`);
    }
    visit(field);
  }
}
