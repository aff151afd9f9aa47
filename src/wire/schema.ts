/**
 * The language in which Kafka's messages are written down: `schema/` holds one file per API or record type.
 *
 * A schema is data. `ValueOf` is the type of a decoded message (every field there; one that the version lacks has its
 * default), `InputOf` that of a message to encode (every field may be left out, and then has its default).
 * Names, versions, tags and defaults are Kafka's and are compared with the repository's copy of the facts by a test.
 *
 * Versions are text as Kafka writes them: '3+', '0-12', '5', 'none'.
 */

export type PrimitiveName =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'float64'
  | 'string'
  | 'uuid'
  | 'bytes'
  | 'records';

/** `Value` is what decoding gives, `Input` what encoding takes; both exist only for the compiler. */
export type Type<Value = unknown, Input = unknown> = (
  | { readonly kind: PrimitiveName }
  | { readonly kind: 'array'; readonly element: Type }
  | { readonly kind: 'struct'; readonly name: string; readonly fields: Fields; readonly versions?: string }
) & { readonly __value?: Value; readonly __input?: Input };

export interface FieldOptions {
  /** Versions in which the field may be null. */
  readonly nullable?: string;
  /** Tag number; the field then is a tagged field in the versions of `tagged`. */
  readonly tag?: number;
  readonly tagged?: string;
  /** Versions in which the field itself is encoded compactly, where they differ from the message's. */
  readonly flexible?: string;
  readonly default?: string | number | boolean | null;
  /** A value in a version that lacks the field is dropped; without this it is an error. */
  readonly ignorable?: true;
  /** Part of the key of the collection that the struct is an element of. */
  readonly mapKey?: true;
  /** What the value names ('topicName', 'brokerId', …). */
  readonly entityType?: string;
  readonly zeroCopy?: true;
}

export interface Field<Value = unknown, Input = unknown> {
  readonly type: Type;
  readonly versions: string;
  readonly options: FieldOptions;
  readonly __value?: Value;
  readonly __input?: Input;
}

export interface Fields {
  readonly [name: string]: Field;
}

/** A tagged field that no schema here knows; it is kept and written back. */
export interface UnknownTaggedField {
  readonly tag: number;
  readonly data: Buffer;
}

interface Tagged {
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export type ValueOfFields<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends Field<infer Value, infer _Input> ? Value : never;
} & Tagged;

export type InputOfFields<F extends Fields> = {
  readonly [K in keyof F]?: (F[K] extends Field<infer _Value, infer Input> ? Input : never) | undefined;
} & Tagged;

export const bool: Type<boolean, boolean> = { kind: 'bool' };
export const int8: Type<number, number> = { kind: 'int8' };
export const int16: Type<number, number> = { kind: 'int16' };
export const uint16: Type<number, number> = { kind: 'uint16' };
export const int32: Type<number, number> = { kind: 'int32' };
export const uint32: Type<number, number> = { kind: 'uint32' };
/** A `number`: decoding saturates at ±(2^53-1), encoding asserts a safe integer. See int64.ts. */
export const int64: Type<number, number> = { kind: 'int64' };
export const float64: Type<number, number> = { kind: 'float64' };
export const string: Type<string, string> = { kind: 'string' };
/** 22 characters of base64url, see base/uuid.ts. */
export const uuid: Type<string, string> = { kind: 'uuid' };
/** A view into the received buffer, not a copy. */
export const bytes: Type<Buffer, Buffer> = { kind: 'bytes' };
/** Record batches, as they stand on the wire and on disk; a view, never decoded here. May be null in every version. */
export const records: Type<Buffer | null, Buffer | null> = { kind: 'records' };

export function array<V, I>(element: Type<V, I>): Type<readonly V[], readonly I[]> {
  return { kind: 'array', element };
}

/** `versions` is given only for a struct that stands beside the message because several fields share it. */
export function struct<const F extends Fields>(
  name: string,
  fields: F,
  versions?: string,
): Type<ValueOfFields<F>, InputOfFields<F>> {
  return versions === undefined ? { kind: 'struct', name, fields } : { kind: 'struct', name, fields, versions };
}

type NullIf<O extends FieldOptions> = O extends { nullable: string } ? null : never;

export function field<V, I>(type: Type<V, I>, versions: string): Field<V, I>;
export function field<V, I, const O extends FieldOptions>(
  type: Type<V, I>,
  versions: string,
  options: O,
): Field<V | NullIf<O>, I | NullIf<O>>;
export function field(type: Type, versions: string, options: FieldOptions = noOptions): Field {
  return { type, versions, options };
}

const noOptions: FieldOptions = {};

export type MessageKind =
  | 'header'
  | 'request'
  | 'response'
  | 'data'
  | 'metadata'
  | 'coordinator-key'
  | 'coordinator-value';

export interface MessageSchema<F extends Fields = Fields> {
  readonly name: string;
  readonly kind: MessageKind;
  /** API key of a request or response; record type of a record. */
  readonly apiKey?: number;
  /** Listeners that offer the API. */
  readonly listeners?: readonly ('broker' | 'controller')[];
  readonly versions: string;
  readonly flexibleVersions: string;
  /** The newest version may still change; Kafka offers it only with `unstable.api.versions.enable`. */
  readonly latestVersionUnstable?: true;
  readonly fields: F;
}

/** The fields are made when they are first asked for: of the messages that a node knows it starts with few. */
export function message<const F extends Fields>(
  schema: Omit<MessageSchema<F>, 'fields'> & { readonly fields: () => F },
): MessageSchema<F> {
  let fields: F | undefined;
  return {
    ...schema,
    get fields() {
      fields ??= schema.fields();
      return fields;
    },
  };
}

export type ValueOf<S extends MessageSchema> = ValueOfFields<S['fields']>;
export type InputOf<S extends MessageSchema> = InputOfFields<S['fields']>;
