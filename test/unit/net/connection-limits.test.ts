import { afterEach, describe, expect, test } from 'vitest';
import { ConnectionLimits, unlimitedConnections } from '../../../src/net/connection-limits.ts';
import { literalAddress } from '../../../src/net/host-lookup.ts';
import {
  CollectingLogger,
  framed,
  limitsOf,
  ManualTime,
  RawClient,
  request,
  startServer,
  stopServers,
} from './fakes.ts';

const FETCH = 1;
const CLIENT = '127.0.0.1';

afterEach(stopServers);

describe('limits of connections', () => {
  test('of an address may be others than those of all', () => {
    const limits = limitsOf({ countPerAddressMax: 1, countByAddressMax: new Map([['10.0.0.2', 2]]) });
    expect(limits.admit('A', '10.0.0.1')).toBeNull();
    expect(limits.admit('A', '10.0.0.1')?.reason).toContain('max.connections.per.ip (1)');
    for (let i = 0; i < 2; i++) expect(limits.admit('A', '10.0.0.2')).toBeNull();
    expect(limits.admit('A', '10.0.0.2')?.reason).toContain('max.connections.per.ip (2)');
    limits.closed('A', '10.0.0.1');
    expect(limits.admit('A', '10.0.0.1')).toBeNull();
  });

  test('of a listener count beside those of the broker, and the brokers have theirs alone', () => {
    const limits = new ConnectionLimits({
      settings: {
        ...unlimitedConnections,
        countMax: 2,
        listeners: new Map([
          ['CLIENTS', { countMax: 1, ratePerSecondMax: 1e9 }],
          ['BROKERS', { countMax: 3, ratePerSecondMax: 1e9 }],
        ]),
      },
      window: { sampleCount: 11, sampleMs: 1000 },
      protectedListener: 'BROKERS',
      clock: new ManualTime(),
    });
    expect(limits.admit('CLIENTS', 'a')).toBeNull();
    expect(limits.admit('CLIENTS', 'a')?.reason).toContain('(1) of the listener');
    for (let i = 0; i < 3; i++) expect(limits.admit('BROKERS', 'b')).toBeNull();
    expect(limits.admit('BROKERS', 'b')?.reason).toContain('(3) of the listener');
    expect(limits.admit('OTHERS', 'a')?.reason).toContain('max.connections (2)');
  });

  test('of a rate delay who comes too fast, by a window at most', () => {
    const time = new ManualTime();
    const limits = limitsOf({ ratePerSecondMax: 1 }, time);
    const delays = Array.from({ length: 12 }, () => limits.delayOf('A'));
    // Ten in the first moment, as the window of ten seconds counts as full.
    expect(delays).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1000, 1000]);
    time.advance(11_000);
    expect(limits.delayOf('A')).toBe(0);
  });

  test('of the rate of an address refuse, and what is refused does not count for the others', () => {
    const time = new ManualTime();
    const limits = limitsOf({ ratePerSecondMax: 2, rateByAddressMax: new Map([['', 1]]) }, time);
    const come = (address: string) => {
      expect(limits.delayOf('A')).toBe(0);
      return limits.admit('A', address)?.delayMs ?? 'admitted';
    };
    for (let i = 0; i < 10; i++) expect(come('10.0.0.1')).toBe('admitted');
    for (let i = 0; i < 20; i++) expect(come('10.0.0.1')).toBe(1000);
    for (let i = 0; i < 10; i++) expect(come('10.0.0.2')).toBe('admitted');
  });

  test('of literal addresses are found in any way of writing them', () => {
    expect(['127.0.0.1', '[::1]', '0:0:0:0:0:0:0:1', '2001:DB8::1', 'localhost', '1.2.3'].map(literalAddress)).toEqual([
      '127.0.0.1',
      '::1',
      '::1',
      '2001:db8::1',
      null,
      null,
    ]);
  });
});

describe('a server', () => {
  test('lets connections that come too fast wait, in their order', async () => {
    const time = new ManualTime();
    const { port, server } = await startServer((frame) => [framed(frame)], {
      clock: time,
      timer: time,
      limits: limitsOf({ ratePerSecondMax: 1 }, time),
    });
    const clients: RawClient[] = [];
    for (let i = 0; i < 12; i++) {
      const client = await RawClient.connect(port);
      client.send(request(FETCH, 'x'));
      clients.push(client);
    }
    for (const client of clients.slice(0, 10)) await client.receive();
    while (time.scheduledCount < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(server.connectionCount).toBe(10);
    time.advance(1000);
    await clients[10]!.receive();
    expect(server.connectionCount).toBe(11);
    time.advance(1000);
    await clients[11]!.receive();
  });

  test('closes a connection that its address may not have, but not at once', async () => {
    const time = new ManualTime();
    const logger = new CollectingLogger();
    const { port, server } = await startServer((frame) => [framed(frame)], {
      clock: time,
      timer: time,
      logger,
      limits: limitsOf({ rateByAddressMax: new Map([[CLIENT, 0.1]]) }, time),
    });
    const first = await RawClient.connect(port);
    const second = await RawClient.connect(port);
    while (logger.lines.length === 0) await new Promise((resolve) => setImmediate(resolve));
    time.advance(999);
    expect([second.isClosed, server.connectionCount]).toEqual([false, 1]);
    time.advance(1);
    await second.closed();
    first.send(request(FETCH, 'x'));
    expect(await first.receive()).not.toBeNull();
  });

  test('closes who was silent longest when max.connections is lowered', async () => {
    const time = new ManualTime();
    const limits = limitsOf({}, time);
    const { port, server } = await startServer((frame) => [framed(frame)], { clock: time, timer: time, limits });
    const clients: RawClient[] = [];
    for (let i = 0; i < 3; i++) {
      const client = await RawClient.connect(port);
      client.send(request(FETCH, 'x'));
      await client.receive();
      clients.push(client);
      time.advance(10);
    }
    clients[0]!.send(request(FETCH, 'again'));
    await clients[0]!.receive();
    limits.update({ ...unlimitedConnections, countMax: 2 });
    server.limitsChanged();
    await clients[1]!.closed();
    expect([clients[0]!.isClosed, clients[2]!.isClosed, server.connectionCount]).toEqual([false, false, 2]);
  });

  test('that stops waits for none of those that wait', async () => {
    const time = new ManualTime();
    const { port, server } = await startServer((frame) => [framed(frame)], {
      limits: limitsOf({ ratePerSecondMax: 0.1 }, time),
      clock: time,
      timer: time,
    });
    const clients = [await RawClient.connect(port), await RawClient.connect(port), await RawClient.connect(port)];
    while (time.scheduledCount < 2) await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([server.stop(0), Promise.resolve().then(() => time.advance(0))]);
    for (const client of clients) await client.closed();
  });
});
