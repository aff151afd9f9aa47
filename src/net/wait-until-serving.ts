// Asks a broker, over and over, whether it serves: `ottla wait`.
import { connect } from 'node:net';
import type { Clock, Timer } from '../base/clock.ts';
import { decodeFrom, encodeInto } from '../wire/codec.ts';
import { errorName } from '../wire/errors.ts';
import { Reader } from '../wire/reader.ts';
import { apiVersionsRequest, apiVersionsResponse } from '../wire/schema/api-versions.ts';
import { requestHeader } from '../wire/schema/request-header.ts';
import { responseHeader } from '../wire/schema/response-header.ts';
import { Writer } from '../wire/writer.ts';

const DEFAULT_RETRY_MS = 50;
const ATTEMPT_MS = 2000;
/** ApiVersions v0 is what every Kafka broker since 0.10 answers. */
const API_VERSIONS_VERSION = 0;
const RESPONSE_SIZE_MAX = 1 << 20;

export interface WaitOptions {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  /** Pause between attempts; 50 when absent. */
  readonly retryMs?: number;
  readonly clock: Clock;
  readonly timer: Timer;
}

/** Resolves when the broker has answered an ApiVersions request; rejects with the last failure after `timeoutMs`. */
export async function waitUntilServing(options: WaitOptions): Promise<void> {
  const retryMs = options.retryMs ?? DEFAULT_RETRY_MS;
  const deadline = options.clock.monotonicMs() + options.timeoutMs;
  for (;;) {
    try {
      await askApiVersions(options);
      return;
    } catch (error) {
      if (options.clock.monotonicMs() + retryMs >= deadline) throw error;
      await new Promise<void>((resolve) => options.timer.schedule(retryMs, resolve));
    }
  }
}

function askApiVersions({ host, port, timer }: WaitOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const received: Buffer[] = [];
    const finish = (error: Error | null) => {
      timeout.cancel();
      socket.destroy();
      if (error === null) resolve();
      else reject(error);
    };
    const timeout = timer.schedule(ATTEMPT_MS, () => finish(new Error(`no answer from ${host}:${port}`)));
    socket.on('error', finish);
    socket.on('close', () => finish(new Error(`${host}:${port} closed the connection`)));
    socket.on('connect', () => socket.write(apiVersionsFrame()));
    socket.on('data', (chunk) => {
      received.push(chunk);
      const bytes = Buffer.concat(received);
      if (bytes.length < 4) return;
      const size = bytes.readInt32BE(0);
      if (size < 0 || size > RESPONSE_SIZE_MAX) finish(new Error(`${host}:${port} does not speak the Kafka protocol`));
      else if (bytes.length >= 4 + size) finish(errorOf(bytes.subarray(4, 4 + size)));
    });
  });
}

function apiVersionsFrame(): Buffer {
  const writer = new Writer();
  const header = {
    requestApiKey: apiVersionsRequest.apiKey,
    requestApiVersion: API_VERSIONS_VERSION,
    correlationId: 1,
    clientId: 'ottla-wait',
  };
  encodeInto(requestHeader, 1, header, writer);
  encodeInto(apiVersionsRequest, API_VERSIONS_VERSION, {}, writer);
  const body = writer.toBuffer();
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length);
  return Buffer.concat([size, body]);
}

function errorOf(frame: Buffer): Error | null {
  try {
    const reader = new Reader(frame);
    decodeFrom(responseHeader, 0, reader);
    const { errorCode } = decodeFrom(apiVersionsResponse, API_VERSIONS_VERSION, reader);
    return errorCode === 0 ? null : new Error(`ApiVersions failed with ${errorName(errorCode)}`);
  } catch (error) {
    return error as Error; // the codec throws nothing but errors
  }
}
