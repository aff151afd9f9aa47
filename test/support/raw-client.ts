// Requests as they are, on a plain socket: any API, any version, broken bodies too. The codec is our own; what it says is checked
// elsewhere against the official classes' bytes.

import { connect, type Socket } from 'node:net';
import { decodeFrom, encodeInto } from '../../src/wire/codec.ts';
import { errorCode } from '../../src/wire/errors.ts';
import { Reader } from '../../src/wire/reader.ts';
import { requestHeader } from '../../src/wire/schema/request-header.ts';
import { responseHeader } from '../../src/wire/schema/response-header.ts';
import type { Fields, MessageSchema, Type } from '../../src/wire/schema.ts';
import { includesVersion, parseVersions } from '../../src/wire/versions.ts';
import { Writer } from '../../src/wire/writer.ts';
import { allSchemas } from './schemas.ts';

const schemas = await allSchemas();

/** A message body as data; the schema says what is in it. */
export type Body = { readonly [field: string]: unknown };

export interface RawRequest {
  /** `Fetch`, `CreateTopics`, … */
  readonly api: string;
  readonly version: number;
  /** Fields that the version lacks are left out, so that one body serves all versions. */
  readonly body?: Body;
  readonly clientId?: string | null;
  /** Hexadecimal; stands for the body. */
  readonly rawBody?: string;
  /** Hexadecimal, behind the body. */
  readonly trailing?: string;
  /** Bytes taken away from the end of the body. */
  readonly cut?: number;
  /** Hexadecimal; a tagged field of the request header, tag 77, that nobody knows. */
  readonly headerTag?: string;
  /** Hexadecimal; stands for all that is sent, the size in front too. */
  readonly rawFrame?: string;
}

/** What became of a request. */
export type RawAnswer =
  | { readonly kind: 'answer'; readonly body: Body }
  | { readonly kind: 'closed' }
  /** Nothing came, but a later request of the connection was answered. */
  | { readonly kind: 'unanswered' }
  /** Nothing came within the time given. */
  | { readonly kind: 'silence' };

export function schemaOf(name: string): MessageSchema {
  const schema = schemas.get(name);
  if (schema === undefined) throw new Error(`there is no message ${name}`);
  return schema;
}

/** The stable versions of an API, ascending. */
export function versionsOf(api: string): number[] {
  const schema = schemaOf(`${api}Request`);
  const { min, max } = parseVersions(schema.versions);
  const count = max - min + (schema.latestVersionUnstable ? 0 : 1);
  return Array.from({ length: count }, (_, i) => min + i);
}

const UNKNOWN_TAG = 77;

interface Waiting {
  readonly request: RawRequest;
  readonly resolve: (answer: RawAnswer) => void;
}

/** One connection. Requests may be sent before earlier ones are answered. */
export class RawConnection {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  #received: Buffer = Buffer.alloc(0);
  #correlationId = 0;
  #closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (data) => this.#receive(data));
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      this.#closed = true;
      for (const { resolve } of this.#waiting.values()) resolve({ kind: 'closed' });
      this.#waiting.clear();
    });
  }

  static open(address: { host: string; port: number }): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ ...address, noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.removeListener('error', reject);
        resolve(new RawConnection(socket));
      });
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  close(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  /** Sends at once; resolves, and never rejects but for a response that is not what its schema says. */
  send(request: RawRequest, silenceMs = 10_000): Promise<RawAnswer> {
    if (this.#closed) return Promise.resolve({ kind: 'closed' });
    const correlationId = ++this.#correlationId;
    const frame =
      request.rawFrame === undefined ? encodeRequest(request, correlationId) : Buffer.from(request.rawFrame, 'hex');
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(correlationId);
        resolve({ kind: 'silence' });
      }, silenceMs);
      this.#waiting.set(correlationId, {
        request,
        resolve: (answer) => {
          clearTimeout(timer);
          resolve(answer);
        },
      });
      this.#socket.write(frame);
    });
  }

  #receive(data: Buffer): void {
    this.#received = this.#received.length === 0 ? data : Buffer.concat([this.#received, data]);
    for (;;) {
      if (this.#received.length < 4) return;
      const end = 4 + this.#received.readInt32BE(0);
      if (this.#received.length < end) return;
      this.#answer(this.#received.subarray(4, end));
      this.#received = this.#received.subarray(end);
    }
  }

  #answer(frame: Buffer): void {
    const correlationId = frame.readInt32BE(0);
    // Answers come in the order of requests, so whatever waits before this one gets none.
    for (const [earlier, { resolve }] of this.#waiting) {
      if (earlier >= correlationId) break;
      this.#waiting.delete(earlier);
      resolve({ kind: 'unanswered' });
    }
    const waiting = this.#waiting.get(correlationId);
    if (waiting === undefined) return;
    this.#waiting.delete(correlationId);
    waiting.resolve({ kind: 'answer', body: decodeResponse(waiting.request, frame) });
  }
}

export function encodeRequest(request: RawRequest, correlationId: number): Buffer {
  const schema = schemaOf(`${request.api}Request`);
  const writer = new Writer();
  writer.int32(0); // the size, known only at the end
  const flexible = includesVersion(schema.flexibleVersions, request.version);
  encodeInto(
    requestHeader,
    flexible ? 2 : 1,
    {
      requestApiKey: schema.apiKey ?? -1,
      requestApiVersion: request.version,
      correlationId,
      clientId: request.clientId === undefined ? 'differential' : request.clientId,
      ...(request.headerTag === undefined
        ? {}
        : { unknownTaggedFields: [{ tag: UNKNOWN_TAG, data: Buffer.from(request.headerTag, 'hex') }] }),
    },
    writer,
  );
  // A version that no schema has goes out with the newest body that there is.
  const known = Math.min(request.version, parseVersions(schema.versions).max);
  writer.raw(
    request.rawBody === undefined
      ? encodeBody(request.api, known, request.body ?? {})
      : Buffer.from(request.rawBody, 'hex'),
  );
  let frame = writer.toBuffer();
  if (request.cut !== undefined) frame = frame.subarray(0, frame.length - request.cut);
  if (request.trailing !== undefined) frame = Buffer.concat([frame, Buffer.from(request.trailing, 'hex')]);
  frame.writeInt32BE(frame.length - 4, 0);
  return frame;
}

/** A request's body; fields that the version lacks are left out. */
export function encodeBody(api: string, version: number, body: Body): Buffer {
  const schema = schemaOf(`${api}Request`);
  const writer = new Writer();
  encodeInto(schema, version, pruneFields(schema.fields, version, body), writer);
  return writer.toBuffer();
}

export function decodeResponse(request: RawRequest, frame: Buffer): Body {
  const schema = schemaOf(`${request.api}Response`);
  const reader = new Reader(frame);
  const isApiVersions = request.api === 'ApiVersions';
  decodeFrom(
    responseHeader,
    !isApiVersions && includesVersion(schema.flexibleVersions, request.version) ? 1 : 0,
    reader,
  );
  // An ApiVersions request of a version that the broker does not know is answered in version 0 (KIP-511).
  const isFallback = isApiVersions && frame.readInt16BE(4) === errorCode('UNSUPPORTED_VERSION');
  const version = isFallback ? 0 : request.version;
  const body = decodeFrom(schema, version, reader) as Body;
  if (reader.remaining !== 0)
    throw new Error(`${request.api} v${version}: ${reader.remaining} bytes behind the response`);
  return body;
}

/** The body without the fields that the version lacks. Throws for a field that no version has. */
function pruneFields(fields: Fields, version: number, body: Body): Body {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(body)) {
    const field = fields[name];
    if (name === 'unknownTaggedFields') {
      kept[name] = value;
      continue;
    }
    if (field === undefined) throw new Error(`there is no field ${name}`);
    if (includesVersion(field.versions, version)) kept[name] = pruneValue(field.type, version, value);
  }
  return kept;
}

function pruneValue(type: Type, version: number, value: unknown): unknown {
  if (value === null || value === undefined) return value;
  if (type.kind === 'array') return (value as unknown[]).map((element) => pruneValue(type.element, version, element));
  if (type.kind === 'struct') return pruneFields(type.fields, version, value as Body);
  return value;
}
