// The client's side of a connection between nodes: over real sockets where bytes matter, over a scripted socket where time does.
import { afterEach, describe, expect, test } from 'vitest';
import { apiVersionsHandler } from '../../../src/apis/api-versions.ts';
import { noTimeQuota } from '../../../src/apis/client-quotas.ts';
import { type Api, apiOf, createDispatch } from '../../../src/apis/dispatch.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { systemClock, systemTimer } from '../../../src/base/system.ts';
import { NodeConnection, type NodeConnectionOptions } from '../../../src/net/node-connection.ts';
import { type NodeSocketFactory, openNodeSocket, type SocketEvents } from '../../../src/net/node-socket.ts';
import { encode } from '../../../src/wire/codec.ts';
import { NodeUnavailableError, NodeVersionError } from '../../../src/wire/node-client.ts';
import { apiVersionsResponse } from '../../../src/wire/schema/api-versions.ts';
import { heartbeatRequest, heartbeatResponse } from '../../../src/wire/schema/heartbeat.ts';
import { voteRequest, voteResponse } from '../../../src/wire/schema/vote.ts';
import { seededRandom } from '../../support/logs.ts';
import { ManualTime, startServer, stopServers } from './fakes.ts';

const heartbeats = { request: heartbeatRequest, response: heartbeatResponse };
const votes = { request: voteRequest, response: voteResponse };
const clients: NodeConnection[] = [];

function newClient(options: Partial<NodeConnectionOptions> & { readonly port: number }): NodeConnection {
  const client = new NodeConnection({
    host: '127.0.0.1',
    clientId: 'node-1',
    softwareVersion: '1',
    openSocket: openNodeSocket,
    requestTimeoutMs: 30_000,
    reconnectBackoffMs: 50,
    reconnectBackoffMaxMs: 1000,
    requestsInFlightMax: 5,
    requestsWaitingMax: 100,
    clock: systemClock,
    timer: systemTimer,
    random: seededRandom(),
    logger: silentLogger,
    ...options,
  });
  clients.push(client);
  return client;
}

/** Answers Heartbeat v0-3 with the generation as throttle time; generation 13 is never answered. */
async function startHeartbeatServer(): Promise<{ port: number; versions: number[] }> {
  const versions: number[] = [];
  const apis: Api[] = [
    apiOf({
      request: heartbeatRequest,
      response: heartbeatResponse,
      versions: { min: 0, max: 3 },
      handle: (request, context) => {
        versions.push(context.apiVersion);
        if (request.generationId === 13) return new Promise(() => {});
        return { throttleTimeMs: request.generationId };
      },
      failed: () => ({}),
    }),
    apiOf(
      apiVersionsHandler({
        apis: () => apis,
        features: () => ({
          supported: new Map([['kraft.version', { min: 0, max: 1 }]]),
          finalized: new Map(),
          finalizedEpoch: -1,
        }),
      }),
    ),
  ];
  const table = new Map(apis.map((api) => [api.apiKey, api]));
  const { port } = await startServer(
    createDispatch({ quotas: noTimeQuota, table, clock: systemClock, logger: silentLogger }),
  );
  return { port, versions };
}

function heartbeat(generationId: number) {
  return { body: { groupId: 'g', generationId, memberId: 'm' } };
}

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await stopServers();
});

describe('with a node that answers', () => {
  test('the newest version that both speak is taken, and many requests keep their order', async () => {
    const { port, versions } = await startHeartbeatServer();
    const client = newClient({ port });
    const generations = Array.from({ length: 20 }, (_, index) => index + 100);
    const answers = await Promise.all(generations.map((generation) => client.send(heartbeats, heartbeat(generation))));
    expect(answers.map(({ body }) => body.throttleTimeMs)).toEqual(generations);
    expect(answers.every(({ apiVersion }) => apiVersion === 3)).toBe(true);
    const old = await client.send(heartbeats, { ...heartbeat(7), versions: { min: 0, max: 1 } });
    expect(old).toMatchObject({ apiVersion: 1, body: { throttleTimeMs: 7 } });
    expect(versions.at(-1)).toBe(1);
  });

  test('the body may depend on the version', async () => {
    const { port } = await startHeartbeatServer();
    const answer = await newClient({ port }).send(heartbeats, {
      body: (apiVersion) => heartbeat(apiVersion + 40).body,
    });
    expect(answer.body.throttleTimeMs).toBe(43);
  });

  test('it says what it supports', async () => {
    const { port } = await startHeartbeatServer();
    const versions = await newClient({ port }).versions();
    expect(versions.apis.get(12)).toEqual({ min: 0, max: 3 });
    expect(versions.supportedFeatures.get('kraft.version')).toEqual({ min: 0, max: 1 });
  });

  test('an API or version that it lacks fails that request alone', async () => {
    const { port } = await startHeartbeatServer();
    const client = newClient({ port });
    const [vote, newer, fine] = await Promise.allSettled([
      client.send(votes, { body: {} }),
      client.send(heartbeats, { ...heartbeat(1), versions: { min: 4, max: 4 } }),
      client.send(heartbeats, heartbeat(2)),
    ]);
    expect(vote).toMatchObject({ status: 'rejected', reason: expect.any(NodeVersionError) });
    expect(newer).toMatchObject({ status: 'rejected', reason: expect.any(NodeVersionError) });
    expect(fine).toMatchObject({ status: 'fulfilled' });
  });

  test('a request without an answer takes its connection with it; the next one gets a new one', async () => {
    const { port } = await startHeartbeatServer();
    const client = newClient({ port, reconnectBackoffMs: 1 });
    await client.send(heartbeats, heartbeat(1));
    const [stuck, behind] = await Promise.allSettled([
      client.send(heartbeats, { ...heartbeat(13), timeoutMs: 20 }),
      client.send(heartbeats, heartbeat(2)),
    ]);
    expect(stuck).toMatchObject({ status: 'rejected', reason: expect.any(NodeUnavailableError) });
    expect(behind).toMatchObject({ status: 'rejected', reason: expect.any(NodeUnavailableError) });
    expect((await client.send(heartbeats, heartbeat(3))).body.throttleTimeMs).toBe(3);
  });

  test('closing rejects what waits', async () => {
    const { port } = await startHeartbeatServer();
    const client = newClient({ port });
    const pending = client.send(heartbeats, heartbeat(13));
    client.close();
    await expect(pending).rejects.toThrow('this client is closed');
    await expect(client.send(heartbeats, heartbeat(1))).rejects.toBeInstanceOf(NodeUnavailableError);
  });
});

test('a port that nobody listens on is told at once', async () => {
  const { server, port } = await startServer(() => null);
  await server.stop(0);
  await expect(newClient({ port }).send(heartbeats, heartbeat(1))).rejects.toBeInstanceOf(NodeUnavailableError);
});

describe('on a scripted socket', () => {
  /** The other end in the hands of the test. */
  function scripted() {
    const sockets: { events: SocketEvents; written: Buffer[]; destroyed: boolean }[] = [];
    const openSocket: NodeSocketFactory = (_address, events) => {
      const socket = { events, written: [] as Buffer[], destroyed: false };
      sockets.push(socket);
      return {
        write: (chunks) => socket.written.push(Buffer.concat(chunks)),
        destroy: () => {
          socket.destroyed = true;
        },
      };
    };
    const time = new ManualTime();
    const client = newClient({ port: 1, openSocket, clock: time, timer: time, requestTimeoutMs: 1000 });
    return { sockets, time, client };
  }

  function answer(frame: Buffer, headerVersion: number, body: Buffer): Buffer {
    const head = Buffer.alloc(headerVersion === 0 ? 8 : 9);
    head.writeInt32BE(head.length - 4 + body.length, 0);
    frame.copy(head, 4, 8, 12); // the correlation id
    return Buffer.concat([head, body]);
  }

  function offers(apiVersion: number): Buffer {
    return encode(apiVersionsResponse, apiVersion, { apiKeys: [{ apiKey: 12, minVersion: 0, maxVersion: 4 }] });
  }

  async function outcome(promise: Promise<unknown>): Promise<string> {
    return promise.then(
      () => 'answered',
      (error: unknown) => String(error),
    );
  }

  test('attempts to connect are further and further apart', async () => {
    const { sockets, time, client } = scripted();
    const pauses: number[] = [];
    for (let attempt = 0; attempt < 8; attempt++) {
      const sent = outcome(client.send(heartbeats, { ...heartbeat(1), timeoutMs: 60_000 }));
      const startMs = time.nowMs();
      while (sockets.length === attempt) time.advance(1);
      pauses.push(time.nowMs() - startMs);
      sockets[attempt]!.events.closed('refused');
      expect(await sent).toContain('refused');
    }
    expect(pauses[0]).toBe(0);
    for (const [index, nominal] of [50, 100, 200, 400, 800, 1000, 1000].entries()) {
      expect(pauses[index + 1]).toBeGreaterThanOrEqual(Math.floor(nominal * 0.8));
      expect(pauses[index + 1]).toBeLessThanOrEqual(Math.ceil(nominal * 1.2));
    }
  });

  test('a node that refuses the version of ApiVersions is asked in version 0', async () => {
    const { sockets, client } = scripted();
    const sent = client.send(heartbeats, heartbeat(1));
    const [socket] = sockets;
    socket!.events.connected();
    const refusal = encode(apiVersionsResponse, 0, { errorCode: 35 });
    socket!.events.data(answer(socket!.written[0]!, 0, refusal));
    expect(socket!.written[1]!.readInt16BE(6)).toBe(0);
    socket!.events.data(answer(socket!.written[1]!, 0, offers(0)));
    // Heartbeat v4 is flexible: its header has tagged fields.
    socket!.events.data(answer(socket!.written[2]!, 1, encode(heartbeatResponse, 4, { throttleTimeMs: 9 })));
    expect((await sent).body.throttleTimeMs).toBe(9);
  });

  test('no more requests than allowed are on their way, and no more wait than allowed', async () => {
    const { sockets, client } = scripted();
    const sent = Array.from({ length: 101 }, () => outcome(client.send(heartbeats, heartbeat(1))));
    expect(await sent[100]).toContain('100 requests wait');
    const [socket] = sockets;
    socket!.events.connected();
    socket!.events.data(answer(socket!.written[0]!, 0, offers(4)));
    expect(socket!.written.length).toBe(1 + 5);
    const response = encode(heartbeatResponse, 4, {});
    socket!.events.data(answer(socket!.written[1]!, 1, response));
    expect(socket!.written.length).toBe(1 + 6);
    expect(await sent[0]).toBe('answered');
  });

  test('an answer to another question, or one that cannot be read, ends the connection', async () => {
    for (const spoil of [(frame: Buffer) => frame.writeInt32BE(77, 4), (frame: Buffer) => frame.fill(0xff, 9)]) {
      const { sockets, client } = scripted();
      const sent = outcome(client.send(heartbeats, heartbeat(1)));
      const [socket] = sockets;
      socket!.events.connected();
      socket!.events.data(answer(socket!.written[0]!, 0, offers(4)));
      const frame = answer(socket!.written[1]!, 1, encode(heartbeatResponse, 4, {}));
      spoil(frame);
      socket!.events.data(frame);
      expect(await sent).toContain('cannot be read');
      expect(socket!.destroyed).toBe(true);
    }
  });

  test('a connection that does not come up is given up', async () => {
    const { sockets, time, client } = scripted();
    const versions = outcome(client.versions());
    time.advance(1000);
    expect(await versions).toContain('no connection within 1000 ms');
    expect(sockets[0]!.destroyed).toBe(true);
    expect(time.scheduledCount).toBe(0);
  });
});
