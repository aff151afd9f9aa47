/**
 * Hostile bytes over a live socket, through the real dispatch: the broker stays up, keeps its memory, says why it hung up,
 * and serves another client all the while.
 */
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { createDispatch } from '../../../src/apis/dispatch.ts';
import { systemClock } from '../../../src/base/system.ts';
import type { Dispatch } from '../../../src/net/connection.ts';
import { readGolden } from '../../support/golden.ts';
import { fakeTable, noQuotas } from '../apis/api-fakes.ts';
import { CollectingLogger, framed, RawClient, startServer, stopServers } from './fakes.ts';

afterEach(stopServers);

/** Metadata v0 for no topic: header (key 3, version 0, correlation id, null client id) and a count. */
function metadataRequest(correlationId: number): Buffer {
  const body = Buffer.alloc(14);
  body.writeInt16BE(3, 0);
  body.writeInt32BE(correlationId, 4);
  body.writeInt16BE(-1, 8);
  return framed(body);
}

async function start(): Promise<{ port: number; logger: CollectingLogger }> {
  const logger = new CollectingLogger();
  const table = await fakeTable(() => ({}));
  const dispatch: Dispatch = createDispatch({ quotas: noQuotas, table, clock: systemClock, logger });
  const { port } = await startServer(dispatch, { logger });
  return { port, logger };
}

async function serves(client: RawClient, correlationId: number): Promise<boolean> {
  client.send(metadataRequest(correlationId));
  const answer = await client.receive();
  return answer !== null && answer.readInt32BE(0) === correlationId;
}

describe('bad input', () => {
  it('closes its connection with one line that names the cause', async () => {
    const { port, logger } = await start();
    const other = await RawClient.connect(port);
    const length = (value: number): Buffer => {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32BE(value);
      return bytes;
    };
    const cases: [Buffer, string][] = [
      [Buffer.from('GET /v1/metadata HTTP/1.1\r\nHost: localhost\r\n\r\n'), 'looks like an HTTP request'],
      [Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), 'looks like an HTTP request'],
      [Buffer.from('16030100f4010000f00303', 'hex'), 'TLS handshake on a PLAINTEXT listener'],
      [length(-5), 'frame with a negative length (-5)'],
      [length(104_857_601), 'longer than socket.request.max.bytes'],
      [framed(Buffer.alloc(3)), '3 bytes are too few for a request header'],
      [framed(Buffer.alloc(0)), '0 bytes are too few for a request header'],
      [framed(Buffer.from('7fff0000000000000000ffff', 'hex')), 'unknown API key 32767'],
      [framed(Buffer.from('0003006300000001ffff', 'hex')), 'Metadata version 99 is not supported (0 to 13 are)'],
      [
        framed(Buffer.from('0003000000000001ffff7fffffff', 'hex')),
        'Metadata request (version 0) that cannot be decoded',
      ],
    ];
    for (const [i, [bytes, cause]] of cases.entries()) {
      const client = await RawClient.connect(port);
      client.send(bytes);
      expect(await client.receive()).toBeNull();
      expect(logger.lines).toHaveLength(i + 1);
      expect(logger.lines[i]).toContain(cause);
      expect(await serves(other, i)).toBe(true);
    }
  });

  it('that claims much and sends little takes no memory to speak of', async () => {
    const { port } = await start();
    const claim = Buffer.alloc(20);
    claim.writeInt32BE(104_857_600);
    const before = process.memoryUsage();
    const clients: RawClient[] = [];
    for (let i = 0; i < 100; i++) {
      const client = await RawClient.connect(port);
      client.send(claim);
      clients.push(client);
    }
    const other = await RawClient.connect(port);
    expect(await serves(other, 1)).toBe(true);
    const after = process.memoryUsage();
    expect(after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed).toBeLessThan(64 * 1024 * 1024);
    for (const client of clients) client.destroy();
  });

  it('of any kind leaves the broker up and its other clients served', async () => {
    const { port } = await start();
    const golden = readGolden<{ type: string; hex: string }>('frames.jsonl.gz')
      .filter(({ type }) => type === 'request')
      .map(({ hex }) => Buffer.from(hex, 'hex'));
    const mutated = fc
      .record({
        frame: fc.constantFrom(...golden),
        edits: fc.array(fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) }), { maxLength: 8 }),
        cut: fc.option(fc.nat(), { nil: null }),
        keepLength: fc.boolean(),
      })
      .map(({ frame, edits, cut, keepLength }) => {
        const bytes = Buffer.from(frame);
        for (const { at, byte } of edits)
          bytes[(keepLength ? 4 : 0) + (at % (bytes.length - (keepLength ? 4 : 0)))] = byte;
        return cut === null ? bytes : bytes.subarray(0, cut % bytes.length);
      });
    const garbage = fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes));
    const stream = fc.array(fc.oneof({ weight: 4, arbitrary: mutated }, { weight: 1, arbitrary: garbage }), {
      minLength: 1,
      maxLength: 6,
    });
    const other = await RawClient.connect(port);
    let correlationId = 0;
    const runs = async (numRuns: number): Promise<void> => {
      await fc.assert(
        fc.asyncProperty(stream, async (parts) => {
          const client = await RawClient.connect(port);
          client.socket.end(Buffer.concat(parts));
          client.socket.resume();
          await client.closed();
          expect(await serves(other, correlationId++)).toBe(true);
        }),
        { numRuns },
      );
    };
    await runs(300); // every codec is compiled and every pool filled once
    const before = process.memoryUsage();
    await runs(700);
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(32 * 1024 * 1024);
    expect(after.heapUsed - before.heapUsed).toBeLessThan(64 * 1024 * 1024);
  });
});
