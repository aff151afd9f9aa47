// Makes one request of another: in its fields, so that it still decodes and gets as far as the rules of the API, or in its bytes.

import { decode } from '../../src/wire/codec.ts';
import { buildBatch } from '../../src/wire/records/records.ts';
import type { Fields, Type } from '../../src/wire/schema.ts';
import { includesVersion } from '../../src/wire/versions.ts';
import { type Body, encodeBody, schemaOf } from '../support/raw-client.ts';
import type { Seed } from './corpus.ts';
import type { SeededRandom } from './seeded-random.ts';

const EDGE_INTS = [0, 1, -1, 2, 127, 128, -128, 255, 32_767, -32_768, 65_535, 2 ** 31 - 1, -(2 ** 31)];
const EDGE_INT64S = [...EDGE_INTS, 2 ** 31, 2 ** 53 - 1, -(2 ** 53 - 1), 1_700_000_000_000];
const LIMITS = { int8: 2 ** 7, int16: 2 ** 15, uint16: 2 ** 16, int32: 2 ** 31, uint32: 2 ** 32 } as const;
const MAX_KEPT = 300;
const MAX_LIST = 40;

/** Values that mean something to the broker, growing with what it answers, but for what belongs to `spared`. */
export class Dictionary {
  readonly #spared: string;
  readonly #strings: string[];
  readonly #uuids = ['AAAAAAAAAAAAAAAAAAAAAA', 'AAAAAAAAAAAAAAAAAAAAAQ'];
  readonly #int64s: number[] = [...EDGE_INT64S];

  constructor(topics: readonly string[], spared: string) {
    this.#spared = spared;
    this.#strings = [
      ...topics,
      ...[
        '',
        ' ',
        '.',
        '..',
        'a/b',
        '*',
        '.*',
        '(',
        '(?=a)',
        '[a-z]+',
        'ü',
        '\u0000',
        'x'.repeat(250),
        '1',
        '2',
        '-1',
        'true',
      ],
      ...[
        '__consumer_offsets',
        '__transaction_state',
        '__cluster_metadata',
        'fuzz-g',
        'fuzz-g2',
        'fuzz-tx',
        'consumer',
      ],
      ...[
        'range',
        'uniform',
        'retention.ms',
        'cleanup.policy',
        'compact',
        'segment.bytes',
        'root',
        'Stable',
        'Ongoing',
      ],
    ];
  }

  learn(type: Type, value: unknown): void {
    if (value === null || value === undefined) return;
    if (type.kind === 'array') {
      for (const element of (value as unknown[]).slice(0, 5)) this.learn(type.element, element);
    } else if (type.kind === 'struct') {
      if (Object.values(value).includes(this.#spared)) return;
      for (const [name, field] of Object.entries(type.fields)) this.learn(field.type, (value as Body)[name]);
    } else if (type.kind === 'string') {
      this.#keep(this.#strings, value as string);
    } else if (type.kind === 'uuid') {
      this.#keep(this.#uuids, value as string);
    } else if (type.kind === 'int64') {
      this.#keep(this.#int64s, value as number);
    }
  }

  string(random: SeededRandom): string {
    return random.pick(this.#strings);
  }

  uuid(random: SeededRandom): string {
    return random.pick(this.#uuids);
  }

  int64(random: SeededRandom): number {
    return random.pick(this.#int64s);
  }

  #keep<T>(list: T[], value: T): void {
    if (list.length < MAX_KEPT && !list.includes(value)) list.push(value);
  }
}

export function mutate(seed: Seed, others: readonly Seed[], dictionary: Dictionary, random: SeededRandom): Buffer {
  let { body } = seed;
  for (let rounds = 1 + random.nextInt(3); rounds > 0; rounds--) {
    if (random.oneIn(3)) body = mutateBytes(body, random.pick(others).body, random);
    else body = mutateFields(seed, body, dictionary, random) ?? mutateBytes(body, body, random);
  }
  return body;
}

function mutateFields(seed: Seed, body: Buffer, dictionary: Dictionary, random: SeededRandom): Buffer | null {
  const schema = schemaOf(`${seed.api}Request`);
  try {
    const value = decode(schema, seed.version, body) as Body;
    const type: Type = { kind: 'struct', name: seed.api, fields: schema.fields };
    return encodeBody(
      seed.api,
      seed.version,
      new FieldMutation(seed.version, dictionary, random).of(type, value) as Body,
    );
  } catch {
    // What does not decode, or a value that the version cannot hold.
    return null;
  }
}

class FieldMutation {
  readonly #version: number;
  readonly #dictionary: Dictionary;
  readonly #random: SeededRandom;

  constructor(version: number, dictionary: Dictionary, random: SeededRandom) {
    this.#version = version;
    this.#dictionary = dictionary;
    this.#random = random;
  }

  of(type: Type, value: unknown): unknown {
    const random = this.#random;
    switch (type.kind) {
      case 'bool':
        return !(value as boolean);
      case 'int64':
        return this.#dictionary.int64(random);
      case 'float64':
        return random.pick([0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_VALUE]);
      case 'string':
        return this.#dictionary.string(random);
      case 'uuid':
        return this.#dictionary.uuid(random);
      case 'bytes':
        return random.oneIn(2)
          ? random.bytes(random.nextInt(40))
          : mutateBytes(value as Buffer, value as Buffer, random);
      case 'records':
        return this.#records();
      case 'array':
        return this.#array(type.element, (value as unknown[] | null) ?? []);
      case 'struct':
        return value === null ? null : this.#struct(type.fields, value as Body);
      default: {
        const limit = LIMITS[type.kind];
        const small = random.nextInt(8) - 2;
        const drawn = random.oneIn(2) ? small : random.pick(EDGE_INTS);
        const unsigned = type.kind.startsWith('u');
        return Math.max(unsigned ? 0 : -limit, Math.min(limit - 1, drawn));
      }
    }
  }

  #struct(fields: Fields, value: Body): Body {
    const names = Object.keys(fields).filter((name) => includesVersion(fields[name]!.versions, this.#version));
    if (names.length === 0) return value;
    const name = this.#random.pick(names);
    const { type, options } = fields[name]!;
    const nullable = includesVersion(options.nullable, this.#version);
    return { ...value, [name]: nullable && this.#random.oneIn(5) ? null : this.of(type, value[name]) };
  }

  #array(element: Type, list: readonly unknown[]): unknown[] {
    const random = this.#random;
    const at = random.nextInt(Math.max(1, list.length));
    switch (list.length === 0 ? 4 : random.nextInt(6)) {
      case 0:
        return list.toSpliced(at, 1);
      case 1:
        return [...list, ...list].slice(0, MAX_LIST);
      case 4:
        return list.length === 0
          ? [this.of(element, blank(element))]
          : [...list, this.of(element, list[at])].slice(0, MAX_LIST);
      default:
        return list.with(at, this.of(element, list[at]));
    }
  }

  #records(): Buffer | null {
    const random = this.#random;
    if (random.oneIn(10)) return null;
    const batch = buildBatch({
      nowMs: 1_700_000_000_000,
      ...(random.oneIn(2)
        ? {}
        : { producerId: this.#dictionary.int64(random), producerEpoch: 0, baseSequence: random.nextInt(4) }),
      transactional: random.oneIn(4),
      compressionType: random.pick(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const),
      records: Array.from({ length: 1 + random.nextInt(4) }, (_, i) => ({
        key: random.oneIn(2) ? null : Buffer.from(`key-${i}`),
        value: random.oneIn(5) ? null : random.bytes(random.nextInt(60)),
      })),
    });
    return random.oneIn(2) ? batch : mutateBytes(batch, batch, random);
  }
}

/** A value of a type to begin with. */
function blank(type: Type): unknown {
  switch (type.kind) {
    case 'array':
      return [];
    case 'struct':
      return Object.fromEntries(Object.entries(type.fields).map(([name, field]) => [name, blank(field.type)]));
    case 'bool':
      return false;
    case 'string':
      return '';
    case 'uuid':
      return 'AAAAAAAAAAAAAAAAAAAAAA';
    case 'bytes':
    case 'records':
      return Buffer.alloc(0);
    default:
      return 0;
  }
}

export function mutateBytes(bytes: Buffer, other: Buffer, random: SeededRandom): Buffer {
  const result = Buffer.from(bytes);
  const at = random.nextInt(result.length + 1);
  const length = random.nextInt(Math.min(16, result.length - at) + 1);
  switch (random.nextInt(7)) {
    case 0:
      if (at < result.length) result[at] = result[at]! ^ (1 << random.nextInt(8));
      return result;
    case 1:
      if (at < result.length) result[at] = random.pick([0, 1, 0x7f, 0x80, 0xfe, 0xff]);
      return result;
    case 2:
      if (at + 4 <= result.length) result.writeInt32BE(random.pick(EDGE_INTS), at);
      return result;
    case 3:
      return Buffer.concat([result.subarray(0, at), result.subarray(at + length)]);
    case 4:
      return Buffer.concat([result.subarray(0, at + length), result.subarray(at)]);
    case 5:
      return Buffer.concat([result.subarray(0, at), random.bytes(random.nextInt(12)), result.subarray(at)]);
    default:
      return Buffer.concat([result.subarray(0, at), other.subarray(random.nextInt(other.length + 1))]);
  }
}
