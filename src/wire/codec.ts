/**
 * Encoding and decoding of messages. For each schema and version a decoder and an encoder are written out as straight-line
 * JavaScript the first time they are needed (codec-source.ts), so that no version test and no schema walk is left on
 * the hot path. See docs/decisions/generated-codecs.md.
 */
import { compileDecoder, compileEncoder } from './codec-source.ts';
import { Reader } from './reader.ts';
import type { InputOf, MessageSchema, ValueOf } from './schema.ts';
import { parseVersions } from './versions.ts';
import { WireError } from './wire-error.ts';
import { Writer } from './writer.ts';

interface Codec {
  decode(reader: Reader): unknown;
  encode(writer: Writer, value: unknown): void;
}

/** Per schema, its codecs by version; made when first used. */
const codecs = new WeakMap<MessageSchema, (Codec | undefined)[]>();

function codecOf(schema: MessageSchema, version: number): Codec {
  let byVersion = codecs.get(schema);
  if (byVersion === undefined) {
    byVersion = [];
    codecs.set(schema, byVersion);
  }
  let codec = byVersion[version];
  if (codec === undefined) {
    const range = parseVersions(schema.versions);
    if (!Number.isInteger(version) || version < range.min || version > range.max) {
      throw new WireError(`${schema.name} has no version ${version}, only ${schema.versions}`);
    }
    codec = new LazyCodec(schema, version);
    byVersion[version] = codec;
  }
  return codec;
}

/** Compiles each direction by itself: most messages travel in one direction only. */
class LazyCodec implements Codec {
  decode: (reader: Reader) => unknown;
  encode: (writer: Writer, value: unknown) => void;

  constructor(schema: MessageSchema, version: number) {
    this.decode = (reader) => {
      this.decode = compileDecoder(schema, version);
      return this.decode(reader);
    };
    this.encode = (writer, value) => {
      this.encode = compileEncoder(schema, version);
      this.encode(writer, value);
    };
  }
}

/** Decodes from where `reader` stands; bytes behind the message stay unread. Throws WireError. */
export function decodeFrom<S extends MessageSchema>(schema: S, version: number, reader: Reader): ValueOf<S> {
  // The generated decoder builds exactly the shape that ValueOf derives from the same schema.
  return codecOf(schema, version).decode(reader) as ValueOf<S>;
}

/** Decodes a buffer that holds one message and nothing else. Throws WireError. */
export function decode<S extends MessageSchema>(schema: S, version: number, buffer: Buffer): ValueOf<S> {
  const reader = new Reader(buffer);
  const value = decodeFrom(schema, version, reader);
  if (reader.remaining !== 0) throw new WireError(`${reader.remaining} bytes too many behind ${schema.name}`);
  return value;
}

/**
 * Encodes at the end of what `writer` holds. Throws WireError for a value that the version cannot carry: a null where none
 * may be, or a field other than its default that the version lacks and that is not ignorable.
 */
export function encodeInto<S extends MessageSchema>(
  schema: S,
  version: number,
  value: InputOf<S>,
  writer: Writer,
): void {
  codecOf(schema, version).encode(writer, value);
}

/** Encodes into a buffer of its own. Throws WireError as `encodeInto` does. */
export function encode<S extends MessageSchema>(schema: S, version: number, value: InputOf<S>): Buffer {
  const writer = new Writer();
  encodeInto(schema, version, value, writer);
  return writer.toBuffer();
}

export type { InputOf, ValueOf } from './schema.ts';
export { WireError } from './wire-error.ts';
