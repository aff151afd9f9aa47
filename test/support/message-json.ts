// The JSON form that the golden vectors have: Kafka's own converter's, with bytes as base64 text.
import { isDefault } from '../../src/wire/defaults.ts';
import type { Field, Fields, MessageSchema, Type } from '../../src/wire/schema.ts';
import { includesVersion } from '../../src/wire/versions.ts';

type JsonObject = { [name: string]: unknown };

function present(field: Field, version: number): boolean {
  return includesVersion(field.versions, version);
}

function isTagged(field: Field, version: number): boolean {
  return includesVersion(field.options.tagged, version);
}

export function messageToJson(schema: MessageSchema, version: number, value: object): JsonObject {
  return fieldsToJson(schema.fields, version, value as JsonObject);
}

function fieldsToJson(fields: Fields, version: number, value: JsonObject): JsonObject {
  const json: JsonObject = {};
  for (const [name, field] of Object.entries(fields)) {
    if (!present(field, version)) continue;
    if (isTagged(field, version) && isDefault(field, value[name])) continue;
    json[name] = valueToJson(field.type, version, value[name]);
  }
  return json;
}

function valueToJson(type: Type, version: number, value: unknown): unknown {
  if (value === null) return null;
  switch (type.kind) {
    case 'array':
      return (value as unknown[]).map((element) => valueToJson(type.element, version, element));
    case 'struct':
      return fieldsToJson(type.fields, version, value as JsonObject);
    case 'bytes':
    case 'records':
      return (value as Buffer).toString('base64');
    default:
      return value;
  }
}

export function messageFromJson(schema: MessageSchema, version: number, json: JsonObject): JsonObject {
  return fieldsFromJson(schema.fields, version, json);
}

function fieldsFromJson(fields: Fields, version: number, json: JsonObject): JsonObject {
  const value: JsonObject = {};
  for (const [name, field] of Object.entries(fields)) {
    if (present(field, version) && name in json) value[name] = valueFromJson(field.type, version, json[name]);
  }
  return value;
}

function valueFromJson(type: Type, version: number, json: unknown): unknown {
  if (json === null) return null;
  switch (type.kind) {
    case 'array':
      return (json as unknown[]).map((element) => valueFromJson(type.element, version, element));
    case 'struct':
      return fieldsFromJson(type.fields, version, json as JsonObject);
    case 'bytes':
    case 'records':
      return Buffer.from(json as string, 'base64');
    default:
      return json;
  }
}

/** Int64 values beyond ±(2^53-1), which the vectors' reader leaves as text, as decoding delivers them. */
export function saturateInt64s(json: unknown): unknown {
  if (typeof json === 'string' && /^-?\d{16,}$/.test(json)) {
    const exact = BigInt(json);
    if (exact > BigInt(Number.MAX_SAFE_INTEGER)) return Number.MAX_SAFE_INTEGER;
    if (exact < BigInt(Number.MIN_SAFE_INTEGER)) return Number.MIN_SAFE_INTEGER;
    return Number(exact);
  }
  if (Array.isArray(json)) return json.map(saturateInt64s);
  if (json !== null && typeof json === 'object') {
    return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, saturateInt64s(value)]));
  }
  return json;
}
