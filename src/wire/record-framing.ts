/**
 * How records of the metadata log and of the coordinators' logs are wrapped.
 *
 * Metadata record value: frame version (1), record type, record version as unsigned varints, then the body.
 * Coordinator key: int16 record type, then the body in version 0. Coordinator value: int16 version, then the body.
 */
import { decode, encodeInto, type InputOf, type ValueOf } from './codec.ts';
import { metadataRecordSchemas } from './metadata-records.ts';
import { Reader } from './reader.ts';
import type { MessageSchema } from './schema.ts';
import { parseVersions } from './versions.ts';
import { WireError } from './wire-error.ts';
import { Writer } from './writer.ts';

const FRAME_VERSION = 1;

type MetadataRecordName = keyof typeof metadataRecordSchemas;

/** A decoded record of the metadata log, told apart by `type`. */
export type KnownMetadataRecord = {
  [Name in MetadataRecordName]: {
    readonly type: Name;
    readonly version: number;
    readonly value: ValueOf<(typeof metadataRecordSchemas)[Name]>;
  };
}[MetadataRecordName];

/** A record type or version that this release does not know; kept as it came. */
export interface UnknownMetadataRecord {
  readonly type: 'unknown';
  readonly apiKey: number;
  readonly version: number;
  readonly bytes: Buffer;
}

export type MetadataRecord = KnownMetadataRecord | UnknownMetadataRecord;

const metadataSchemaByKey = new Map<number, MessageSchema>(
  Object.values(metadataRecordSchemas).map((schema) => [schema.apiKey ?? -1, schema]),
);

export function encodeMetadataRecord<S extends MessageSchema>(schema: S, version: number, value: InputOf<S>): Buffer {
  if (schema.kind !== 'metadata' || schema.apiKey === undefined)
    throw new WireError(`${schema.name} is no metadata record`);
  const writer = new Writer(128);
  writer.uvarint(FRAME_VERSION);
  writer.uvarint(schema.apiKey);
  writer.uvarint(version);
  encodeInto(schema, version, value, writer);
  return writer.toBuffer();
}

/** Throws WireError when the frame is broken or a known record's body does not decode. */
export function decodeMetadataRecord(bytes: Buffer): MetadataRecord {
  const reader = new Reader(bytes);
  const frameVersion = reader.uvarint();
  if (frameVersion !== FRAME_VERSION) throw new WireError(`metadata record frame version ${frameVersion}`);
  const apiKey = reader.uvarint();
  const version = reader.uvarint();
  const schema = metadataSchemaByKey.get(apiKey);
  const range = schema === undefined ? undefined : parseVersions(schema.versions);
  if (schema === undefined || range === undefined || version < range.min || version > range.max) {
    return { type: 'unknown', apiKey, version, bytes };
  }
  const value = decode(schema, version, bytes.subarray(reader.position));
  // The schema found by its key decides both the name and the shape of the value.
  return { type: schema.name, version, value } as KnownMetadataRecord;
}

export function encodeCoordinatorKey<S extends MessageSchema>(schema: S, value: InputOf<S>): Buffer {
  if (schema.kind !== 'coordinator-key' || schema.apiKey === undefined) {
    throw new WireError(`${schema.name} is no coordinator key`);
  }
  const writer = new Writer(128);
  writer.int16(schema.apiKey);
  encodeInto(schema, 0, value, writer);
  return writer.toBuffer();
}

export function encodeCoordinatorValue<S extends MessageSchema>(schema: S, version: number, value: InputOf<S>): Buffer {
  const writer = new Writer(256);
  writer.int16(version);
  encodeInto(schema, version, value, writer);
  return writer.toBuffer();
}

/** The record type that a coordinator key begins with. */
export function readCoordinatorKeyType(key: Buffer): number {
  return new Reader(key).int16();
}

export function decodeCoordinatorKey<S extends MessageSchema>(schema: S, key: Buffer): ValueOf<S> {
  const type = readCoordinatorKeyType(key);
  if (type !== schema.apiKey) throw new WireError(`coordinator key of type ${type}, ${schema.name} wanted`);
  return decode(schema, 0, key.subarray(2));
}

export function decodeCoordinatorValue<S extends MessageSchema>(
  schema: S,
  value: Buffer,
): { readonly version: number; readonly value: ValueOf<S> } {
  const version = new Reader(value).int16();
  return { version, value: decode(schema, version, value.subarray(2)) };
}
