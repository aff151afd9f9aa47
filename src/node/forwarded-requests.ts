/**
 * Sends on to the active controller what clients ask this broker and only the controller can decide (KIP-590): the request as
 * it came, in an Envelope with who asked. While no controller answers, it is asked again until `timeoutMs` is over.
 */
import type { Forwarding } from '../apis/forwarding.ts';
import type { RequestContext } from '../apis/handler.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { decodeFrom, encode, encodeInto } from '../wire/codec.ts';
import { type ErrorName, errorName, KafkaError } from '../wire/errors.ts';
import { Reader } from '../wire/reader.ts';
import { defaultPrincipalData } from '../wire/schema/default-principal-data.ts';
import { envelopeRequest, envelopeResponse } from '../wire/schema/envelope.ts';
import { requestHeader } from '../wire/schema/request-header.ts';
import { responseHeader } from '../wire/schema/response-header.ts';
import type { InputOf, MessageSchema, ValueOf } from '../wire/schema.ts';
import { parseVersions } from '../wire/versions.ts';
import { Writer } from '../wire/writer.ts';
import type { ControllerChannel } from './controller-channel.ts';

export interface ForwardedRequestsOptions {
  readonly channel: ControllerChannel;
  readonly clock: Clock;
  readonly timer: Timer;
  /** `request.timeout.ms` */
  readonly timeoutMs: number;
}

type Exchange<Req extends MessageSchema, Res extends MessageSchema> = {
  readonly request: Req;
  readonly response: Res;
};

const RETRY_MS = 50;
const PRINCIPAL_VERSION = 0;
const VERSION_BYTES = 2;
const BROKER_PRINCIPAL = 'User:ANONYMOUS';
const BROKER_ADDRESS = '127.0.0.1';

export class ForwardedRequests implements Forwarding {
  readonly #options: ForwardedRequestsOptions;

  constructor(options: ForwardedRequestsOptions) {
    this.#options = options;
  }

  get isLocal(): boolean {
    return this.#options.channel.local !== null;
  }

  async forward<Req extends MessageSchema, Res extends MessageSchema>(
    exchange: Exchange<Req, Res>,
    body: ValueOf<Req>,
    { apiVersion, clientId, correlationId, connection }: RequestContext,
  ): Promise<InputOf<Res>> {
    const answer = await this.#untilAnswered({
      // What was decoded can be encoded: a field that the version lacks has its default.
      requestData: encodeRequest(
        exchange.request,
        { apiVersion, clientId, correlationId },
        body as unknown as InputOf<Req>,
      ),
      requestPrincipal: encodePrincipal(connection.principal),
      clientHostAddress: encodeAddress(connection.clientAddress),
    });
    // The other way round: what an answer must have, it has.
    return decodeResponse(exchange, apiVersion, answer) as unknown as InputOf<Res>;
  }

  /** What the broker itself wants, on its own or on behalf of a client whose request is another one. */
  async ask<Req extends MessageSchema, Res extends MessageSchema>(
    exchange: Exchange<Req, Res>,
    apiVersion: number,
    body: InputOf<Req>,
  ): Promise<ValueOf<Res>> {
    const answer = await this.#untilAnswered({
      requestData: encodeRequest(exchange.request, { apiVersion, clientId: null, correlationId: 0 }, body),
      requestPrincipal: encodePrincipal(BROKER_PRINCIPAL),
      clientHostAddress: encodeAddress(BROKER_ADDRESS),
    });
    return decodeResponse(exchange, apiVersion, answer);
  }

  async #untilAnswered(body: InputOf<typeof envelopeRequest>): Promise<Buffer> {
    const { channel, clock, timer, timeoutMs } = this.#options;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    for (;;) {
      const problem = await this.#askOnce(body);
      if (Buffer.isBuffer(problem)) return problem;
      if (problem !== 'NOT_CONTROLLER') throw new KafkaError(problem);
      if (clock.monotonicMs() >= deadlineMs || channel.isClosed) throw new KafkaError('REQUEST_TIMED_OUT');
      await new Promise<void>((resolve) => timer.schedule(RETRY_MS, resolve));
    }
  }

  /** NOT_CONTROLLER also where none is known, or it cannot be reached. */
  async #askOnce(body: InputOf<typeof envelopeRequest>): Promise<Buffer | ErrorName> {
    try {
      const answer = await this.#options.channel.send(
        { request: envelopeRequest, response: envelopeResponse },
        { body },
      );
      const { errorCode, responseData } = answer.body;
      if (errorCode !== 0) return errorName(errorCode);
      return responseData ?? 'UNKNOWN_SERVER_ERROR';
    } catch (error) {
      if (error instanceof KafkaError && error.error !== 'NOT_CONTROLLER') throw error;
      return 'NOT_CONTROLLER';
    }
  }
}

function isFlexible(schema: MessageSchema, apiVersion: number): boolean {
  const { min, max } = parseVersions(schema.flexibleVersions);
  return apiVersion >= min && apiVersion <= max;
}

function encodeRequest<Req extends MessageSchema>(
  schema: Req,
  header: { readonly apiVersion: number; readonly clientId: string | null; readonly correlationId: number },
  body: InputOf<Req>,
): Buffer {
  const { apiVersion, clientId, correlationId } = header;
  const writer = new Writer();
  const requestApiKey = schema.apiKey ?? -1;
  const headerVersion = isFlexible(schema, apiVersion) ? 2 : 1;
  encodeInto(
    requestHeader,
    headerVersion,
    { requestApiKey, requestApiVersion: apiVersion, correlationId, clientId },
    writer,
  );
  encodeInto(schema, apiVersion, body, writer);
  return Buffer.concat(writer.chunks());
}

function decodeResponse<Req extends MessageSchema, Res extends MessageSchema>(
  { request, response }: Exchange<Req, Res>,
  apiVersion: number,
  bytes: Buffer,
): ValueOf<Res> {
  const reader = new Reader(bytes);
  decodeFrom(responseHeader, isFlexible(request, apiVersion) ? 1 : 0, reader);
  return decodeFrom(response, apiVersion, reader);
}

/** As Apache Kafka's brokers write it: a version, then the message. */
function encodePrincipal(principal: string): Buffer {
  const colon = principal.indexOf(':');
  const [type, name] = [principal.slice(0, colon), principal.slice(colon + 1)];
  const version = Buffer.alloc(VERSION_BYTES);
  version.writeInt16BE(PRINCIPAL_VERSION);
  const message = encode(defaultPrincipalData, PRINCIPAL_VERSION, { type, name, tokenAuthenticated: false });
  return Buffer.concat([version, message]);
}

function encodeAddress(address: string): Buffer {
  // An IPv4 address may come as one of IPv6 (`::ffff:127.0.0.1`).
  const ipv4 = /^(?:::ffff:)?(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1];
  if (ipv4 !== undefined) return Buffer.from(ipv4.split('.').map(Number));
  const bytes = Buffer.alloc(16);
  const [head = '', tail] = address.split('%')[0]!.split('::');
  const groups = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  groups(head).forEach((group, index) => {
    bytes.writeUInt16BE(group, 2 * index);
  });
  const last = groups(tail ?? '');
  last.forEach((group, index) => {
    bytes.writeUInt16BE(group, 16 - 2 * (last.length - index));
  });
  return bytes;
}
