import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { systemTimer } from '../../../src/base/system.ts';
import type { Dispatch, Peer } from '../../../src/net/connection.ts';
import { SocketServer } from '../../../src/net/socket-server.ts';
import {
  CollectingLogger,
  framed,
  limitsOf,
  memoryOf,
  RawClient,
  request,
  startServer,
  stopServers,
  textOf,
} from './fakes.ts';

const FETCH = 1;
const echo: Dispatch = (frame) => [framed(frame)];

afterEach(stopServers);

function listener(addresses: string[], port = 0, name = 'PLAINTEXT') {
  return { name, securityProtocol: 'PLAINTEXT' as const, addresses, port };
}

async function ipv6Works(): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(0, '::1', () => server.close(() => resolve(true)));
  });
}

describe('listeners', () => {
  it('take both loopback addresses on one free port', async () => {
    const peers: Peer[] = [];
    const { port } = await startServer(
      (frame, peer) => {
        peers.push(peer);
        return [framed(frame)];
      },
      { listeners: [listener(['127.0.0.1', '::1'])] },
    );
    expect(port).toBeGreaterThan(0);
    const hosts = (await ipv6Works()) ? ['127.0.0.1', '::1'] : ['127.0.0.1'];
    for (const host of hosts) {
      const client = await RawClient.connect(port, host);
      client.send(request(FETCH, 'x'));
      await client.receive();
    }
    expect(peers.map(({ localHost, clientAddress }) => [localHost, clientAddress])).toEqual(
      hosts.map((host) => [host, host]),
    );
    for (const peer of peers) {
      expect(peer).toMatchObject({ listenerName: 'PLAINTEXT', localPort: port, principal: 'User:ANONYMOUS' });
      expect(peer.connectionId).toContain(`:${port}-`);
    }
  });

  it('of several names tell connections apart; an empty address is every address', async () => {
    const names: string[] = [];
    const server = new SocketServer({
      listeners: [listener(['127.0.0.1'], 0, 'INSIDE'), listener([''], 0, 'OUTSIDE')],
      frameSizeMax: 1000,
      connectionsMaxIdleMs: -1,
      limits: limitsOf({}),
      memory: memoryOf({}),
      nextTurn: (action) => setImmediate(action),
      dispatch: (frame, peer) => {
        names.push(`${peer.listenerName} ${peer.clientAddress}`);
        return [framed(frame)];
      },
      clock: { nowMs: () => 0, monotonicMs: () => 0 },
      timer: systemTimer,
      logger: new CollectingLogger(),
    });
    const bound = await server.bind();
    server.open();
    for (const { port } of bound) {
      const client = await RawClient.connect(port);
      client.send(request(FETCH, 'x'));
      await client.receive();
    }
    expect(names).toEqual(['INSIDE 127.0.0.1', 'OUTSIDE 127.0.0.1']);
    await server.stop(100);
  });

  it('say in a sentence that a port is taken, and leave nothing bound', async () => {
    const { port } = await startServer(echo);
    const free = listener(['127.0.0.1'], 0, 'FIRST');
    await expect(startServer(echo, { listeners: [free, listener(['127.0.0.1'], port, 'SECOND')] })).rejects.toThrow(
      `Cannot listen on port ${port} for listener SECOND (127.0.0.1): the port is already in use. Is another broker running?`,
    );
  });

  it('let early clients wait until the broker serves', async () => {
    const server = new SocketServer({
      listeners: [listener(['127.0.0.1'])],
      frameSizeMax: 1000,
      connectionsMaxIdleMs: -1,
      limits: limitsOf({}),
      memory: memoryOf({}),
      nextTurn: (action) => setImmediate(action),
      dispatch: echo,
      clock: { nowMs: () => 0, monotonicMs: () => 0 },
      timer: systemTimer,
      logger: new CollectingLogger(),
    });
    const [bound] = await server.bind();
    const client = await RawClient.connect(bound!.port);
    client.send(request(FETCH, 'early'));
    const answer = client.receive();
    const first = await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 100, 'nothing yet'))]);
    expect(first).toBe('nothing yet');
    server.open();
    expect(textOf((await answer)!)).toBe('early');
    await server.stop(100);
  });

  it('take no more connections than max.connections and max.connections.per.ip', async () => {
    for (const limit of [{ countMax: 2 }, { countPerAddressMax: 2 }]) {
      const logger = new CollectingLogger();
      const { port, server } = await startServer(echo, { limits: limitsOf(limit), logger });
      const first = await RawClient.connect(port);
      await RawClient.connect(port);
      const third = await RawClient.connect(port);
      await third.closed();
      expect(logger.lines).toHaveLength(1);
      expect(logger.lines[0]).toContain('max.connections');
      first.destroy();
      while (server.connectionCount === 2) await new Promise((resolve) => setImmediate(resolve));
      const fourth = await RawClient.connect(port);
      fourth.send(request(FETCH, 'in'));
      expect(textOf((await fourth.receive())!)).toBe('in');
    }
  });
});

describe('stop', () => {
  it('lets the request in hand finish, takes no further one and frees the port', async () => {
    let finish: () => void = () => {};
    const handled: string[] = [];
    const { port, server } = await startServer((frame) => {
      handled.push(textOf(frame));
      return new Promise((resolve) => {
        finish = () => resolve([framed(frame)]);
      });
    });
    const client = await RawClient.connect(port);
    const idle = await RawClient.connect(port);
    client.send(Buffer.concat([request(FETCH, 'in hand'), request(FETCH, 'too late')]));
    while (handled.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const stopped = server.stop(5000);
    await idle.closed();
    finish();
    expect(textOf((await client.receive())!)).toBe('in hand');
    await stopped;
    await client.closed();
    expect(handled).toEqual(['in hand']);
    await expect(RawClient.connect(port)).rejects.toThrow('ECONNREFUSED');
  });

  it('cuts off what does not finish in time', async () => {
    const { port, server } = await startServer(() => new Promise(() => {}));
    const client = await RawClient.connect(port);
    client.send(request(FETCH, 'for ever'));
    await new Promise((resolve) => setTimeout(resolve, 30));
    await server.stop(30);
    await client.closed();
    expect(server.connectionCount).toBe(0);
  });
});
