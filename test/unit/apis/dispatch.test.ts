import { describe, expect, it } from 'vitest';
import { type Api, apiOf, createDispatch, type Reply } from '../../../src/apis/dispatch.ts';
import type { Handler } from '../../../src/apis/handler.ts';
import { AssertionError } from '../../../src/base/assert.ts';
import type { Clock } from '../../../src/base/clock.ts';
import type { Logger } from '../../../src/base/logger.ts';
import { decode, encode } from '../../../src/wire/codec.ts';
import { errorCode, KafkaError } from '../../../src/wire/errors.ts';
import { apiVersionsRequest, apiVersionsResponse } from '../../../src/wire/schema/api-versions.ts';
import { heartbeatRequest, heartbeatResponse } from '../../../src/wire/schema/heartbeat.ts';
import { requestHeader } from '../../../src/wire/schema/request-header.ts';
import { readFacts, readGolden } from '../../support/golden.ts';
import { allSchemas } from '../../support/schemas.ts';
import { connection, fakeTable, noQuotas } from './api-fakes.ts';

interface GoldenFrame {
  readonly name: string;
  readonly type: 'request' | 'response';
  readonly apiKey: number;
  readonly version: number;
  readonly headerVersion: number;
  readonly correlationId: number;
  readonly clientId?: string | null;
  readonly hex: string;
}

const clock: Clock = { nowMs: () => 42, monotonicMs: () => 42 };

interface Line {
  readonly message: string;
  readonly fields: object | undefined;
}

function collectingLogger(): { logger: Logger; lines: Line[] } {
  const lines: Line[] = [];
  const none = (): void => {};
  const logger: Logger = {
    trace: none,
    debug: none,
    info: none,
    warn: none,
    error: (message, fields) => void lines.push({ message, fields }),
    child: () => logger,
  };
  return { logger, lines };
}

function frame(options: {
  apiKey: number;
  apiVersion: number;
  header: number;
  body: Buffer;
  correlationId?: number;
}): Buffer {
  const header = encode(requestHeader, options.header, {
    requestApiKey: options.apiKey,
    requestApiVersion: options.apiVersion,
    correlationId: options.correlationId ?? 9,
    clientId: 'me',
  });
  return Buffer.concat([header, options.body]);
}

function heartbeatFrame(): Buffer {
  const body = encode(heartbeatRequest, 4, { groupId: 'g', generationId: 1, memberId: 'm' });
  return frame({ apiKey: 12, apiVersion: 4, header: 2, body });
}

type Heartbeat = Handler<typeof heartbeatRequest, typeof heartbeatResponse>;

function heartbeatTable(handle: Heartbeat['handle'], failed?: Heartbeat['failed']): Map<number, Api> {
  const api = apiOf<typeof heartbeatRequest, typeof heartbeatResponse>({
    request: heartbeatRequest,
    response: heartbeatResponse,
    handle,
    failed: failed ?? ((_request, error) => ({ errorCode: errorCode(error) })),
  });
  return new Map([[api.apiKey, api]]);
}

/** Body of a Heartbeat v4 response frame. */
function heartbeatAnswer(reply: Reply): number {
  if (reply === null || 'close' in reply || 'throttled' in reply)
    throw new Error(`no response: ${JSON.stringify(reply)}`);
  const bytes = Buffer.concat(reply);
  expect(bytes.readInt32BE(0)).toBe(bytes.length - 4);
  expect(bytes.readInt32BE(4)).toBe(9);
  return decode(heartbeatResponse, 4, bytes.subarray(9)).errorCode;
}

describe('dispatch and the frames of the official classes', () => {
  const frames = readGolden<GoldenFrame>('frames.jsonl.gz');

  it('reads every request, with its header', async () => {
    const handled: unknown[] = [];
    const table = await fakeTable((name, _request, context) => {
      handled.push([name, context.apiVersion, context.correlationId, context.clientId, context.receivedAtMs]);
      return null;
    });
    const dispatch = createDispatch({ quotas: noQuotas, table, clock, logger: collectingLogger().logger });
    const requests = frames.filter(({ type }) => type === 'request');
    for (const row of requests) expect(dispatch(Buffer.from(row.hex, 'hex').subarray(4), connection())).toBeNull();
    expect(handled).toEqual(
      requests.map((row) => [row.name, row.version, row.correlationId, row.clientId ?? null, 42]),
    );
    expect(requests.length).toBeGreaterThan(250);
  });

  it('writes every response, with its header, byte for byte', async () => {
    const schemas = await allSchemas();
    let next: object | null = null;
    const table = await fakeTable(() => next);
    const dispatch = createDispatch({ quotas: noQuotas, table, clock, logger: collectingLogger().logger });
    const responses = frames.filter(({ type }) => type === 'response');
    for (const row of responses) {
      const golden = Buffer.from(row.hex, 'hex');
      const request = schemas.get(row.name.replace(/Response$/, 'Request'))!;
      next = decode(schemas.get(row.name)!, row.version, golden.subarray(row.headerVersion === 1 ? 9 : 8));
      const header = row.version >= table.get(row.apiKey)!.flexibleFrom ? 2 : 1;
      const body = encode(request, row.version, {});
      const reply = dispatch(
        frame({ apiKey: row.apiKey, apiVersion: row.version, header, body, correlationId: row.correlationId }),
        connection(),
      );
      if (reply === null || reply instanceof Promise || 'close' in reply || 'throttled' in reply)
        throw new Error(`${row.name} ${row.version}`);
      expect(`${row.name} ${row.version} ${Buffer.concat(reply).toString('hex')}`).toBe(
        `${row.name} ${row.version} ${row.hex}`,
      );
    }
    expect(responses.length).toBeGreaterThan(250);
  });
});

describe('an answer to a throttled client', () => {
  const quotas = { measuresTime: true, chargeTime: () => 30 };

  function answer(table: Map<number, Api>): { throttleTimeMs: number; told: number | null } {
    const dispatch = createDispatch({ quotas, table, clock, logger: collectingLogger().logger });
    const reply = dispatch(heartbeatFrame(), connection());
    if (reply === null || reply instanceof Promise || !('throttled' in reply)) throw new Error('not throttled');
    const { throttled, throttleTimeMs } = reply;
    if (throttled === null) return { throttleTimeMs, told: null };
    return {
      throttleTimeMs,
      told: decode(heartbeatResponse, 4, Buffer.concat(throttled).subarray(9)).throttleTimeMs,
    };
  }

  it('tells the time, of the request or of what the handler counts, whichever is longer', () => {
    const late = (ms: number) =>
      heartbeatTable((_request, context) => {
        context.usage.throttleTimeMs = ms;
        return { errorCode: 0 };
      });
    expect(answer(late(0))).toEqual({ throttleTimeMs: 30, told: 30 });
    expect(answer(late(40))).toEqual({ throttleTimeMs: 40, told: 40 });
  });

  it('that failed tells it, too', () => {
    const table = heartbeatTable(() => {
      throw new KafkaError('UNKNOWN_MEMBER_ID');
    });
    expect(answer(table)).toEqual({ throttleTimeMs: 30, told: 30 });
  });

  it('that has no response throttles all the same, but is not charged for its time', () => {
    const table = heartbeatTable((_request, context) => {
      context.usage.throttleTimeMs = 7;
      return null;
    });
    expect(answer(table)).toEqual({ throttleTimeMs: 7, told: null });
  });
});

describe('an unknown request', () => {
  const facts = readFacts<{
    unsupportedApiVersionsRequest: { requestVersion: number; responseHexWithoutCorrelation: string };
  }>('apis.json').unsupportedApiVersionsRequest;
  const api = apiOf<typeof apiVersionsRequest, typeof apiVersionsResponse>({
    request: apiVersionsRequest,
    response: apiVersionsResponse,
    handle: () => ({}),
    failed: () => ({}),
  });
  const { logger, lines } = collectingLogger();
  const dispatch = createDispatch({ quotas: noQuotas, table: new Map([[18, api]]), clock, logger });

  it('for a version of ApiVersions that does not exist is answered in version 0 (KIP-511)', () => {
    for (const body of [Buffer.alloc(0), Buffer.from('what a later version may add')]) {
      const reply = dispatch(frame({ apiKey: 18, apiVersion: facts.requestVersion, header: 2, body }), connection());
      if (reply === null || reply instanceof Promise || 'close' in reply || 'throttled' in reply)
        throw new Error('no response');
      const bytes = Buffer.concat(reply);
      expect(bytes.readInt32BE(4)).toBe(9);
      expect(bytes.subarray(8).toString('hex')).toBe(facts.responseHexWithoutCorrelation);
    }
  });

  it('closes the connection and says which API or version it was', () => {
    const cases: [Buffer, string][] = [
      [frame({ apiKey: 9999, apiVersion: 0, header: 1, body: Buffer.alloc(0) }), 'unknown API key 9999'],
      [Buffer.from([0, 18]), '2 bytes are too few for a request header'],
      [Buffer.from([0, 18, 0, 3, 0, 0, 0, 1, 0x7f, 0xff]), 'ApiVersions request (version 3) with an unreadable header'],
      [
        frame({ apiKey: 18, apiVersion: 3, header: 2, body: Buffer.from([0xff]) }),
        'ApiVersions request (version 3) that cannot be decoded',
      ],
    ];
    for (const [bytes, cause] of cases) {
      expect(dispatch(bytes, connection())).toEqual({ close: expect.stringContaining(cause) });
    }
    const { logger: other } = collectingLogger();
    const heartbeats = createDispatch({ quotas: noQuotas, table: heartbeatTable(() => null), clock, logger: other });
    expect(heartbeats(frame({ apiKey: 12, apiVersion: 5, header: 2, body: Buffer.alloc(0) }), connection())).toEqual({
      close: 'Heartbeat version 5 is not supported (0 to 4 are)',
    });
    expect(lines).toEqual([]);
  });
});

describe('a body', () => {
  it('may have bytes behind it, which librdkafka sends with Metadata', () => {
    const { logger } = collectingLogger();
    const dispatch = createDispatch({ quotas: noQuotas, table: heartbeatTable(() => ({})), clock, logger });
    const reply = dispatch(Buffer.concat([heartbeatFrame(), Buffer.from('abc')]), connection());
    expect(reply).toBeInstanceOf(Array);
  });
});

describe('a handler', () => {
  it('that answers at once is answered for at once, without a promise', () => {
    const { logger } = collectingLogger();
    const dispatch = createDispatch({
      quotas: noQuotas,
      table: heartbeatTable(() => ({ errorCode: 5 })),
      clock,
      logger,
    });
    const reply = dispatch(heartbeatFrame(), connection());
    expect(reply).not.toBeInstanceOf(Promise);
    expect(heartbeatAnswer(reply as Reply)).toBe(5);
  });

  it('that throws a KafkaError, now or later, gets its own all-failed response', async () => {
    const failures: (readonly [string, string | null])[] = [];
    for (const handle of [
      () => {
        throw new KafkaError('NOT_COORDINATOR', 'elsewhere');
      },
      () => Promise.reject(new KafkaError('NOT_COORDINATOR')),
    ]) {
      const { logger, lines } = collectingLogger();
      const table = heartbeatTable(handle, (_request, error, message) => {
        failures.push([error, message]);
        return { errorCode: errorCode(error) };
      });
      const reply = await createDispatch({ quotas: noQuotas, table, clock, logger })(heartbeatFrame(), connection());
      expect(heartbeatAnswer(reply)).toBe(errorCode('NOT_COORDINATOR'));
      expect(lines).toEqual([]);
    }
    expect(failures).toEqual([
      ['NOT_COORDINATOR', 'elsewhere'],
      ['NOT_COORDINATOR', null],
    ]);
  });

  it('that fails unexpectedly, now, later or in its response, is logged with its request', async () => {
    for (const handle of [
      () => {
        throw new TypeError('a bug');
      },
      () => Promise.reject(new TypeError('a bug')),
      () => ({
        errorCode: errorCode('NONE'),
        throttleTimeMs: 'a bug' as unknown as number,
        unknownTaggedFields: 1 as never,
      }),
    ]) {
      const { logger, lines } = collectingLogger();
      const dispatch = createDispatch({ quotas: noQuotas, table: heartbeatTable(handle), clock, logger });
      const reply = await dispatch(heartbeatFrame(), connection());
      expect(heartbeatAnswer(reply)).toBe(errorCode('UNKNOWN_SERVER_ERROR'));
      expect(lines).toHaveLength(1);
      expect(lines[0]!.message).toBe('Heartbeat failed unexpectedly');
      expect(JSON.stringify(lines[0]!.fields)).toContain("groupId: 'g'");
    }
  });

  it('that expects no response, yet fails, closes the connection', async () => {
    const { logger } = collectingLogger();
    const table = heartbeatTable(
      () => Promise.reject(new KafkaError('NOT_LEADER_OR_FOLLOWER')),
      () => null,
    );
    expect(await createDispatch({ quotas: noQuotas, table, clock, logger })(heartbeatFrame(), connection())).toEqual({
      close: 'Heartbeat request failed with NOT_LEADER_OR_FOLLOWER and has no response',
    });
  });

  it('whose all-failed response fails too closes the connection', async () => {
    const { logger, lines } = collectingLogger();
    const bug = (): never => {
      throw new Error('a bug');
    };
    const reply = await createDispatch({ quotas: noQuotas, table: heartbeatTable(bug, bug), clock, logger })(
      heartbeatFrame(),
      connection(),
    );
    expect(reply).toEqual({ close: expect.stringContaining('UNKNOWN_SERVER_ERROR') });
    expect(lines).toHaveLength(2);
  });

  it('that meets a broken invariant is reported, so that the node can stop', async () => {
    const { logger } = collectingLogger();
    const broken: AssertionError[] = [];
    const table = heartbeatTable(() => {
      throw new AssertionError('the high watermark fell');
    });
    const dispatch = createDispatch({
      quotas: noQuotas,
      table,
      clock,
      logger,
      onBrokenInvariant: (error) => broken.push(error),
    });
    expect(heartbeatAnswer(await dispatch(heartbeatFrame(), connection()))).toBe(errorCode('UNKNOWN_SERVER_ERROR'));
    expect(broken.map(({ message }) => message)).toEqual(['the high watermark fell']);
  });
});
