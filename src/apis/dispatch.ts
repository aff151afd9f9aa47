/**
 * The one loop over requests: header, one look-up in the table, body, handler, response.
 *
 *   frame -> header -> table[apiKey] -> body -> handle() -> response frame
 *                  \-> unknown API, version or undecodable bytes: the connection closes with a reason
 *
 * Invariants: nothing thrown here leaves this file; what a handler answers at once leaves at once, without a promise
 * between; a request that is answered with UNKNOWN_SERVER_ERROR was logged with what it asked. What an answer says of
 * throttling is the longest of the handler's own quota and that of the request's time, and `net` holds the connection up so long.
 */
import { inspect } from 'node:util';
import { AssertionError } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { decodeFrom, encodeInto } from '../wire/codec.ts';
import { type ErrorName, KafkaError } from '../wire/errors.ts';
import { Reader } from '../wire/reader.ts';
import { apiVersionsRequest, apiVersionsResponse } from '../wire/schema/api-versions.ts';
import { requestHeader } from '../wire/schema/request-header.ts';
import { responseHeader } from '../wire/schema/response-header.ts';
import type { InputOf, MessageSchema, ValueOf } from '../wire/schema.ts';
import { parseVersions, type VersionRange } from '../wire/versions.ts';
import { Writer } from '../wire/writer.ts';
import { unsupportedApiVersionsResponse } from './api-versions.ts';
import type { TimeQuota } from './client-quotas.ts';
import type { ConnectionContext, Handler, RequestContext } from './handler.ts';
import { loggableMessage } from './loggable-message.ts';
import type { RequestMonitor } from './request-monitor.ts';
import { RequestUsage } from './request-usage.ts';
import { errorCodesOf } from './response-errors.ts';

/**
 * Chunks of one whole response frame; null: no response is due; `close`: why the connection must end; `throttled`: a
 * response, or none, after which the connection is not served for a while.
 */
export type Reply =
  | readonly Buffer[]
  | null
  | { readonly close: string }
  | { readonly throttled: readonly Buffer[] | null; readonly throttleTimeMs: number };

/** A handler whose message types only `serve` knows, so that handlers of all APIs fit one table. */
export interface Api {
  readonly apiKey: number;
  /** `Produce`, `Fetch`, … */
  readonly name: string;
  readonly versions: VersionRange;
  readonly advertised: VersionRange;
  /** First version with request header 2; infinite where there is none. */
  readonly flexibleFrom: number;
  serve(reader: Reader, context: RequestContext, surroundings: Surroundings): Reply | Promise<Reply>;
}

/** The table by API key, in the order in which ApiVersions tells it. */
export type ApiTable = ReadonlyMap<number, Api>;

/** Ascending by API key, as Kafka lists them. */
export function apiTableOf(apis: readonly Api[]): ApiTable {
  const table = new Map<number, Api>();
  for (const api of [...apis].sort((a, b) => a.apiKey - b.apiKey)) {
    if (table.has(api.apiKey)) throw new Error(`two handlers for API key ${api.apiKey}`);
    table.set(api.apiKey, api);
  }
  return table;
}

export interface Surroundings {
  readonly quotas: TimeQuota;
  /** Null: nobody looks. */
  readonly monitor: RequestMonitor | null;
  /** Where unexpected exceptions go. */
  unexpected(error: unknown, apiName: string, request: unknown, context: RequestContext): void;
}

export interface DispatchOptions {
  readonly table: ApiTable;
  readonly clock: Clock;
  readonly quotas: TimeQuota;
  readonly logger: Logger;
  readonly monitor?: RequestMonitor;
  /** A broken invariant came up in a handler: the node should stop (STYLE, Errors). */
  readonly onBrokenInvariant?: (error: AssertionError) => void;
}

const UNEXPECTED_ERROR_MESSAGE = 'The server experienced an unexpected error when processing the request.';
const HEADER_START_BYTES = 8;
const LOGGED_REQUEST_LENGTH = 2000;

/** The function that `net` calls with each frame. It neither throws nor rejects. */
export function createDispatch(
  options: DispatchOptions,
): (frame: Buffer, connection: ConnectionContext) => Reply | Promise<Reply> {
  const { table, clock } = options;
  const monitor = options.monitor ?? null;
  const surroundings: Surroundings = {
    quotas: options.quotas,
    monitor,
    unexpected(error, apiName, request, context) {
      options.logger.error(`${apiName} failed unexpectedly`, {
        apiVersion: context.apiVersion,
        correlationId: context.correlationId,
        clientId: context.clientId,
        connection: context.connection.connectionId,
        request: requestText(loggableMessage(apiName, request)),
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
      if (error instanceof AssertionError) options.onBrokenInvariant?.(error);
    },
  };
  return (frame, connection) => {
    if (monitor !== null) connection.requestTimes = null;
    if (frame.length < HEADER_START_BYTES) {
      return { close: `not a Kafka request: ${frame.length} bytes are too few for a request header` };
    }
    const apiKey = frame.readInt16BE(0);
    const apiVersion = frame.readInt16BE(2);
    const api = table.get(apiKey);
    if (api === undefined)
      return { close: `unknown API key ${apiKey} (version ${apiVersion}), perhaps not a Kafka client` };
    if (apiVersion < api.versions.min || apiVersion > api.versions.max) {
      // A client asks for versions in the newest one it knows, so this one API answers what it cannot read (KIP-511).
      if (apiKey === apiVersionsRequest.apiKey) {
        return encodeResponse(
          apiVersionsResponse,
          0,
          0,
          frame.readInt32BE(4),
          unsupportedApiVersionsResponse(api.versions),
        );
      }
      return {
        close: `${api.name} version ${apiVersion} is not supported (${api.versions.min} to ${api.versions.max} are)`,
      };
    }
    const reader = new Reader(frame);
    const times = monitor === null ? null : monitor.begin(api.name, apiVersion, frame.length);
    if (times !== null) connection.requestTimes = times;
    let context: RequestContext;
    try {
      const header = decodeFrom(requestHeader, apiVersion >= api.flexibleFrom ? 2 : 1, reader);
      context = {
        apiVersion,
        clientId: header.clientId,
        correlationId: header.correlationId,
        connection,
        receivedAtMs: clock.nowMs(),
        usage: new RequestUsage(frame.length, options.quotas.measuresTime ? clock : null),
        times,
      };
    } catch (error) {
      return { close: `${api.name} request (version ${apiVersion}) with an unreadable header: ${messageOf(error)}` };
    }
    return api.serve(reader, context, surroundings);
  };
}

/** Hides a handler's message types behind `serve`. */
export function apiOf<Req extends MessageSchema, Res extends MessageSchema>(handler: Handler<Req, Res>): Api {
  const { request, response } = handler;
  const name = request.name.replace(/Request$/, '');
  const versions = handler.versions ?? stableVersions(request);
  const flexible = parseVersions(request.flexibleVersions);
  const flexibleFrom = flexible.max < flexible.min ? Number.POSITIVE_INFINITY : flexible.min;
  if (request.apiKey === undefined) throw new Error(`${request.name} has no API key`);
  const apiKey = request.apiKey;
  // ApiVersions always answers with header 0: the client does not know yet what the broker can read.
  const responseHeaderVersion = (version: number): number =>
    apiKey !== apiVersionsRequest.apiKey && version >= flexibleFrom ? 1 : 0;

  const errorCodes = errorCodesOf(response);

  const answer = (body: InputOf<Res> | null, context: RequestContext, { monitor, quotas }: Surroundings): Reply => {
    const { apiVersion, correlationId, times, usage } = context;
    if (body !== null && !handler.exemptFromQuota) {
      usage.throttleTimeMs = Math.max(usage.throttleTimeMs, quotas.chargeTime(context));
    }
    const { throttleTimeMs } = usage;
    if (times !== null && times !== undefined) times.throttleMs = throttleTimeMs;
    if (body === null) return throttleTimeMs === 0 ? null : { throttled: null, throttleTimeMs };
    // Responses that have no such field are sent without.
    const told = throttleTimeMs === 0 ? body : { ...body, throttleTimeMs };
    const frame = encodeResponse(response, apiVersion, responseHeaderVersion(apiVersion), correlationId, told);
    if (times !== null && times !== undefined) monitor?.responded(name, told, errorCodes, times);
    return throttleTimeMs === 0 ? frame : { throttled: frame, throttleTimeMs };
  };

  const fail = (error: unknown, body: ValueOf<Req>, context: RequestContext, surroundings: Surroundings): Reply => {
    let errorName: ErrorName = 'UNKNOWN_SERVER_ERROR';
    let message: string | null = UNEXPECTED_ERROR_MESSAGE;
    if (error instanceof KafkaError) {
      errorName = error.error;
      message = error.message === error.error ? null : error.message;
    } else {
      surroundings.unexpected(error, name, body, context);
    }
    try {
      const failed = handler.failed(body, errorName, message, context);
      if (failed !== null) return answer(failed, context, surroundings);
    } catch (second) {
      surroundings.unexpected(second, name, body, context);
    }
    return {
      close: `${name} request failed with ${errorName}${message === null ? '' : ` (${message})`} and has no response`,
    };
  };

  const settle = (
    body: InputOf<Res> | null,
    asked: ValueOf<Req>,
    context: RequestContext,
    surroundings: Surroundings,
  ): Reply => {
    try {
      return answer(body, context, surroundings);
    } catch (error) {
      return fail(error, asked, context, surroundings);
    }
  };

  return {
    apiKey,
    name,
    versions,
    advertised: handler.advertised ?? versions,
    flexibleFrom,
    serve(reader, context, surroundings) {
      const { times } = context;
      let body: ValueOf<Req>;
      try {
        body = decodeFrom(request, context.apiVersion, reader);
        // Bytes behind the body are ignored, as in Kafka: librdkafka sends some with Metadata.
      } catch (error) {
        return { close: `${name} request (version ${context.apiVersion}) that cannot be decoded: ${messageOf(error)}` };
      }
      surroundings.monitor?.decoded({ apiKey, name }, body, context);
      let result: InputOf<Res> | null | Promise<InputOf<Res> | null>;
      try {
        result = handler.handle(body, context);
      } catch (error) {
        return fail(error, body, context, surroundings);
      }
      if (!(result instanceof Promise)) {
        const reply = settle(result, body, context, surroundings);
        times?.handled();
        return reply;
      }
      times?.handled();
      const { usage } = context;
      usage.pause();
      const answered = (answer: () => Reply): Reply => {
        usage.resume();
        const reply = answer();
        times?.answered();
        return reply;
      };
      return result.then(
        (value) => answered(() => settle(value, body, context, surroundings)),
        (error: unknown) => answered(() => fail(error, body, context, surroundings)),
      );
    },
  };
}

/** A whole frame: int32 size, header, body. Record batches stay the slices they are. */
function encodeResponse<Res extends MessageSchema>(
  schema: Res,
  version: number,
  headerVersion: number,
  correlationId: number,
  body: InputOf<Res>,
): Buffer[] {
  const writer = new Writer();
  writer.int32(0); // the size, known only at the end
  encodeInto(responseHeader, headerVersion, { correlationId }, writer);
  encodeInto(schema, version, body, writer);
  const size = writer.size;
  const chunks = writer.chunks();
  chunks[0]!.writeInt32BE(size - 4, 0);
  return chunks;
}

/** What the schema offers without `unstable.api.versions.enable`. */
function stableVersions(schema: MessageSchema): VersionRange {
  const { min, max } = parseVersions(schema.versions);
  return schema.latestVersionUnstable ? { min, max: max - 1 } : { min, max };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The request for the log, at a length that a log can bear; bytes and long lists are cut. */
function requestText(request: unknown): string {
  const text = inspect(request, {
    depth: 6,
    maxArrayLength: 10,
    maxStringLength: 200,
    breakLength: Infinity,
    compact: true,
  });
  return text.length <= LOGGED_REQUEST_LENGTH ? text : `${text.slice(0, LOGGED_REQUEST_LENGTH)}…`;
}
