/**
 * The client's side of a connection to one other node.
 *
 *     idle --send--> connecting --connected--> negotiating (ApiVersions) --> ready --broken, timed out--> idle
 *       ^                 \---- refused ---------------------------------------/
 *       '--- the next attempt waits for the backoff
 *
 * Invariants: answers are matched with requests by their order and checked by correlation id; at most `requestsInFlightMax`
 * are on their way and `requestsWaitingMax` wait for their turn; a request that is not answered in time takes its connection
 * with it, because what follows it in the stream would be answered no sooner. Nobody waits for more than one attempt to
 * connect: whoever sends again decides that.
 */
import type { Clock, Timer, TimerHandle } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import { decodeFrom, encodeInto } from '../wire/codec.ts';
import { errorCode, errorName } from '../wire/errors.ts';
import {
  type Answer,
  type Exchange,
  type NodeClient,
  NodeUnavailableError,
  NodeVersionError,
  type NodeVersions,
  type SendOptions,
} from '../wire/node-client.ts';
import { Reader } from '../wire/reader.ts';
import { apiVersionsRequest, apiVersionsResponse } from '../wire/schema/api-versions.ts';
import { requestHeader } from '../wire/schema/request-header.ts';
import { responseHeader } from '../wire/schema/response-header.ts';
import type { MessageSchema, ValueOf } from '../wire/schema.ts';
import { includesVersion, parseVersions, type VersionRange } from '../wire/versions.ts';
import { Writer } from '../wire/writer.ts';
import { FrameDecoder } from './frame-decoder.ts';
import type { NodeSocket, NodeSocketFactory } from './node-socket.ts';

export interface NodeConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly clientId: string;
  readonly softwareVersion: string;
  readonly openSocket: NodeSocketFactory;
  /** For requests that name none of their own, and for the connection to come up. */
  readonly requestTimeoutMs: number;
  readonly reconnectBackoffMs: number;
  readonly reconnectBackoffMaxMs: number;
  readonly requestsInFlightMax: number;
  readonly requestsWaitingMax: number;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly random: Random;
  readonly logger: Logger;
}

interface Request {
  readonly exchange: Exchange<MessageSchema, MessageSchema>;
  readonly options: SendOptions<MessageSchema>;
  readonly resolve: (answer: Answer<MessageSchema>) => void;
  readonly reject: (error: Error) => void;
  /** Null once it is settled. */
  deadline: TimerHandle | null;
}

/** A request on the wire. */
interface Flight {
  readonly correlationId: number;
  /** Takes the whole frame. Throws when it cannot be read. */
  readonly answered: (frame: Buffer) => void;
  readonly request: Request | null;
}

/** What a node may answer at most; its own batches are far smaller. */
const FRAME_SIZE_MAX = 1 << 30;
const SOFTWARE_NAME = 'ottla';
const NEWEST_API_VERSIONS = 4;

export class NodeConnection implements NodeClient {
  readonly #options: NodeConnectionOptions;
  readonly #address: string;
  #socket: NodeSocket | null = null;
  #decoder = new FrameDecoder(FRAME_SIZE_MAX);
  /** Null until the node has said what it speaks. */
  #versions: NodeVersions | null = null;
  #waiting: Request[] = [];
  #flights: Flight[] = [];
  #versionWaiters: { readonly resolve: (versions: NodeVersions) => void; readonly reject: (error: Error) => void }[] =
    [];
  #nextCorrelationId = 0;
  #failedAttempts = 0;
  #notBeforeMs = 0;
  #retry: TimerHandle | null = null;
  /** While a connection is coming up. */
  #setup: TimerHandle | null = null;
  #closed = false;

  constructor(options: NodeConnectionOptions) {
    this.#options = options;
    this.#address = `${options.host}:${options.port}`;
  }

  send<Req extends MessageSchema, Res extends MessageSchema>(
    exchange: Exchange<Req, Res>,
    options: SendOptions<Req>,
  ): Promise<Answer<Res>> {
    const { requestsWaitingMax, requestTimeoutMs, timer } = this.#options;
    if (this.#closed) return Promise.reject(this.#unavailable('this client is closed'));
    if (this.#waiting.length >= requestsWaitingMax) {
      return Promise.reject(this.#unavailable(`${requestsWaitingMax} requests wait for it already`));
    }
    return new Promise((resolve, reject) => {
      const request: Request = {
        exchange,
        // The queue holds requests of all APIs; each is encoded and answered with its own schemas.
        options: options as unknown as SendOptions<MessageSchema>,
        resolve: resolve as (answer: Answer<MessageSchema>) => void,
        reject,
        deadline: null,
      };
      request.deadline = timer.schedule(options.timeoutMs ?? requestTimeoutMs, () => this.#timedOut(request));
      this.#waiting.push(request);
      this.#pump();
    });
  }

  versions(): Promise<NodeVersions> {
    if (this.#closed) return Promise.reject(this.#unavailable('this client is closed'));
    if (this.#versions !== null) return Promise.resolve(this.#versions);
    return new Promise((resolve, reject) => {
      this.#versionWaiters.push({ resolve, reject });
      this.#pump();
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#retry?.cancel();
    this.#disconnect('this client is closed');
  }

  #pump(): void {
    if (this.#closed) return;
    if (this.#socket === null) {
      this.#connectWhenDue();
      return;
    }
    while (
      this.#versions !== null &&
      this.#waiting.length > 0 &&
      this.#flights.length < this.#options.requestsInFlightMax
    ) {
      this.#write(this.#waiting.shift()!, this.#versions);
    }
  }

  #connectWhenDue(): void {
    if (this.#retry !== null || (this.#waiting.length === 0 && this.#versionWaiters.length === 0)) return;
    const { clock, timer } = this.#options;
    const delayMs = this.#notBeforeMs - clock.monotonicMs();
    if (delayMs <= 0) {
      this.#connect();
      return;
    }
    this.#retry = timer.schedule(delayMs, () => {
      this.#retry = null;
      this.#pump();
    });
  }

  #connect(): void {
    const { host, port, openSocket, requestTimeoutMs, timer } = this.#options;
    this.#decoder = new FrameDecoder(FRAME_SIZE_MAX);
    this.#setup = timer.schedule(requestTimeoutMs, () => this.#failed(`no connection within ${requestTimeoutMs} ms`));
    let current = true;
    const socket = openSocket(
      { host, port },
      {
        connected: () => {
          if (current) this.#askVersions(NEWEST_API_VERSIONS);
        },
        data: (chunk) => {
          if (current) this.#onData(chunk);
        },
        closed: (reason) => {
          if (current) this.#failed(reason);
        },
      },
    );
    this.#socket = {
      write: (chunks) => socket.write(chunks),
      destroy: () => {
        current = false;
        socket.destroy();
      },
    };
  }

  #askVersions(apiVersion: number): void {
    const body = { clientSoftwareName: SOFTWARE_NAME, clientSoftwareVersion: this.#options.softwareVersion };
    this.#writeFrame(apiVersionsRequest, apiVersion, apiVersion >= 3 ? body : {}, null, (reader) => {
      // An older node answers in version 0, and names no API but this one or none.
      const isRefusal = reader.buffer.readInt16BE(reader.position) === errorCode('UNSUPPORTED_VERSION');
      if (isRefusal && apiVersion > 0) {
        this.#askVersions(0);
        return;
      }
      const answer = decodeFrom(apiVersionsResponse, apiVersion, reader);
      if (answer.errorCode !== 0) throw new Error(`ApiVersions failed with ${errorName(answer.errorCode)}`);
      this.#ready({
        apis: new Map(
          answer.apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, range(minVersion, maxVersion)]),
        ),
        supportedFeatures: new Map(
          answer.supportedFeatures.map(({ name, minVersion, maxVersion }) => [name, range(minVersion, maxVersion)]),
        ),
      });
    });
  }

  #ready(versions: NodeVersions): void {
    this.#setup?.cancel();
    this.#setup = null;
    this.#failedAttempts = 0;
    this.#versions = versions;
    for (const { resolve } of this.#versionWaiters.splice(0)) resolve(versions);
  }

  #write(request: Request, versions: NodeVersions): void {
    const { exchange, options } = request;
    try {
      const apiVersion = this.#commonVersion(exchange.request, options.versions, versions);
      const body = typeof options.body === 'function' ? options.body(apiVersion) : options.body;
      this.#writeFrame(exchange.request, apiVersion, body, request, (reader) => {
        const answer = { apiVersion, body: decodeFrom(exchange.response, apiVersion, reader) };
        if (settle(request)) request.resolve(answer);
      });
    } catch (error) {
      // A version that cannot be spoken or a body that cannot be encoded is this request's trouble alone.
      if (settle(request)) request.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #commonVersion(schema: MessageSchema, wanted: VersionRange | undefined, versions: NodeVersions): number {
    const own = wanted ?? parseVersions(schema.versions);
    const theirs = versions.apis.get(schema.apiKey ?? -1);
    const apiVersion = theirs === undefined ? -1 : Math.min(own.max, theirs.max);
    if (theirs !== undefined && apiVersion >= Math.max(own.min, theirs.min)) return apiVersion;
    const offer = theirs === undefined ? 'does not offer it' : `offers versions ${theirs.min} to ${theirs.max}`;
    throw new NodeVersionError(
      `${schema.name} is needed in a version from ${own.min} to ${own.max}, but ${this.#address} ${offer}`,
    );
  }

  #writeFrame(
    schema: MessageSchema,
    apiVersion: number,
    body: object,
    request: Request | null,
    answered: (reader: Reader) => void,
  ): void {
    const correlationId = this.#nextCorrelationId;
    this.#nextCorrelationId = (this.#nextCorrelationId + 1) & 0x7fff_ffff;
    const isFlexible = includesVersion(schema.flexibleVersions, apiVersion);
    const writer = new Writer();
    writer.int32(0); // the size, known only at the end
    const header = { requestApiKey: schema.apiKey ?? -1, requestApiVersion: apiVersion, correlationId };
    encodeInto(requestHeader, isFlexible ? 2 : 1, { ...header, clientId: this.#options.clientId }, writer);
    encodeInto(schema, apiVersion, body, writer);
    const { size } = writer;
    const chunks = writer.chunks();
    chunks[0]!.writeInt32BE(size - 4, 0);
    // ApiVersions answers with header 0 in every version.
    const headerVersion = isFlexible && schema.apiKey !== apiVersionsRequest.apiKey ? 1 : 0;
    this.#flights.push({
      correlationId,
      request,
      answered: (frame) => {
        const reader = new Reader(frame);
        const found: ValueOf<typeof responseHeader> = decodeFrom(responseHeader, headerVersion, reader);
        if (found.correlationId !== correlationId) {
          throw new Error(`answer ${found.correlationId} instead of ${correlationId}`);
        }
        answered(reader);
      },
    });
    this.#socket!.write(chunks);
  }

  #onData(chunk: Buffer): void {
    const socket = this.#socket;
    try {
      this.#decoder.push(chunk);
      for (let frame = this.#decoder.next(); frame !== null; frame = this.#decoder.next()) {
        const flight = this.#flights.shift();
        if (flight === undefined) throw new Error('an answer to nothing that was asked');
        try {
          flight.answered(frame);
        } catch (error) {
          // Put back, so that it is rejected with the others.
          this.#flights.unshift(flight);
          throw error;
        }
        // Whoever heard the answer may have closed this client.
        if (this.#socket !== socket) return;
      }
    } catch (error) {
      this.#failed(`its answer cannot be read: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
    this.#pump();
  }

  #timedOut(request: Request): void {
    request.deadline = null;
    const waiting = this.#waiting.indexOf(request);
    if (waiting !== -1) {
      this.#waiting.splice(waiting, 1);
      request.reject(this.#unavailable('no answer in time'));
      return;
    }
    request.reject(this.#unavailable('no answer in time'));
    this.#failed('a request was not answered in time');
  }

  /** The connection is of no use any more. */
  #failed(reason: string): void {
    const { clock, random, reconnectBackoffMs, reconnectBackoffMaxMs } = this.#options;
    const backoffMs = Math.min(reconnectBackoffMaxMs, reconnectBackoffMs * 2 ** Math.min(this.#failedAttempts, 30));
    this.#failedAttempts++;
    // Within a fifth of it, so that many do not come back at once.
    const spread = 0.8 + (0.4 * random.nextInt(1000)) / 1000;
    this.#notBeforeMs = clock.monotonicMs() + backoffMs * spread;
    this.#options.logger.debug('no connection to another node', { node: this.#address, reason });
    this.#disconnect(reason);
  }

  #disconnect(reason: string): void {
    this.#setup?.cancel();
    this.#setup = null;
    this.#socket?.destroy();
    this.#socket = null;
    this.#versions = null;
    const error = this.#unavailable(reason);
    const lost = [
      ...this.#flights.splice(0).flatMap(({ request }) => (request === null ? [] : [request])),
      ...this.#waiting,
    ];
    this.#waiting = [];
    const waiters = this.#versionWaiters.splice(0);
    for (const request of lost) if (settle(request)) request.reject(error);
    for (const { reject } of waiters) reject(error);
  }

  #unavailable(reason: string): NodeUnavailableError {
    return new NodeUnavailableError(`no answer from ${this.#address}: ${reason}`);
  }
}

/** False when it was settled before. */
function settle(request: Request): boolean {
  if (request.deadline === null) return false;
  request.deadline.cancel();
  request.deadline = null;
  return true;
}

function range(min: number, max: number): VersionRange {
  return { min, max };
}
