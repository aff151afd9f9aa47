import { afterEach, describe, expect, it } from 'vitest';
import { BufferPool } from '../../../src/base/buffer-pool.ts';
import type { Dispatch, Reply } from '../../../src/net/connection.ts';
import { CollectingLogger, framed, ManualTime, RawClient, request, startServer, stopServers, textOf } from './fakes.ts';

const PRODUCE = 0;
const FETCH = 1;

afterEach(stopServers);

interface Waiting {
  readonly text: string;
  answer(reply?: Reply): void;
}

/** Answers when told to. */
function slowDispatch(): { dispatch: Dispatch; waiting: Waiting[] } {
  const waiting: Waiting[] = [];
  return {
    waiting,
    dispatch: (frame) =>
      new Promise((resolve) => {
        const text = textOf(frame);
        waiting.push({ text, answer: (reply = [framed(Buffer.from(text))]) => resolve(reply) });
      }),
  };
}

async function until(condition: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 5000;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error('what was waited for did not happen');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Long enough for bytes to cross the loopback and be handled. */
function aWhile(ms = 50): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const echo: Dispatch = (frame) => [framed(frame)];

describe('requests of one connection', () => {
  it('are answered in the order in which they came, all that arrive together', async () => {
    const { port } = await startServer(echo);
    const client = await RawClient.connect(port);
    client.send(Buffer.concat(['a', 'b', 'c', 'd'].map((text) => request(FETCH, text))));
    for (const text of ['a', 'b', 'c', 'd']) expect(textOf((await client.receive())!)).toBe(text);
  });

  it('are handled one at a time', async () => {
    const { dispatch, waiting } = slowDispatch();
    const { port } = await startServer(dispatch);
    const client = await RawClient.connect(port);
    client.send(Buffer.concat([request(FETCH, 'a'), request(FETCH, 'b'), request(PRODUCE, 'c')]));
    await until(() => waiting.length === 1);
    await aWhile();
    expect(waiting.map(({ text }) => text)).toEqual(['a']);
    waiting[0]!.answer();
    await until(() => waiting.length === 2);
    await aWhile();
    expect(waiting.map(({ text }) => text)).toEqual(['a', 'b']);
    waiting[1]!.answer();
    await until(() => waiting.length === 3);
    waiting[2]!.answer();
    for (const text of ['a', 'b', 'c']) expect((await client.receive())!.toString()).toBe(text);
  });

  it('that are consecutive Produce requests wait side by side and are answered in their order', async () => {
    const { dispatch, waiting } = slowDispatch();
    const { port } = await startServer(dispatch);
    const client = await RawClient.connect(port);
    client.send(Buffer.concat([...'abc'].map((text) => request(PRODUCE, text))));
    client.send(request(FETCH, 'd'));
    await until(() => waiting.length === 3);
    await aWhile();
    expect(waiting.map(({ text }) => text)).toEqual(['a', 'b', 'c']);
    waiting[2]!.answer();
    waiting[1]!.answer();
    await aWhile();
    expect(waiting.length).toBe(3);
    waiting[0]!.answer();
    for (const text of ['a', 'b', 'c']) expect((await client.receive())!.toString()).toBe(text);
    await until(() => waiting.length === 4);
    waiting[3]!.answer();
    expect((await client.receive())!.toString()).toBe('d');
  });

  it('without a response leave no gap', async () => {
    const { port } = await startServer((frame) => (textOf(frame) === 'silent' ? null : [framed(frame)]));
    const client = await RawClient.connect(port);
    client.send(Buffer.concat([request(PRODUCE, 'silent'), request(PRODUCE, 'loud')]));
    expect(textOf((await client.receive())!)).toBe('loud');
  });

  it('that came whole are handled even when the client closes right after them', async () => {
    const handled: string[] = [];
    const { port } = await startServer(async (frame) => {
      await aWhile(10);
      handled.push(textOf(frame));
      return null;
    });
    const client = await RawClient.connect(port);
    client.socket.end(Buffer.concat([request(FETCH, 'a'), request(PRODUCE, 'b'), request(FETCH, 'c')]));
    await until(() => handled.length === 3);
    expect(handled).toEqual(['a', 'b', 'c']);
    await client.closed();
  });

  it('get the answers that are ready before a refused one closes the connection', async () => {
    const logger = new CollectingLogger();
    const { port } = await startServer(
      (frame) => (textOf(frame) === 'bad' ? { close: 'unknown API key 9999' } : [framed(frame)]),
      { logger },
    );
    const client = await RawClient.connect(port);
    client.send(Buffer.concat([request(FETCH, 'good'), request(FETCH, 'bad'), request(FETCH, 'never')]));
    expect(textOf((await client.receive())!)).toBe('good');
    expect(await client.receive()).toBeNull();
    expect(logger.lines).toEqual(["closing a client's connection: unknown API key 9999"]);
  });

  it('whose handler breaks the rules by throwing close their own connection only', async () => {
    const logger = new CollectingLogger();
    const { port } = await startServer(
      (frame) => {
        if (textOf(frame) === 'throw') throw new Error('thrown');
        if (textOf(frame) === 'reject') return Promise.reject(new Error('rejected'));
        return [framed(frame)];
      },
      { logger },
    );
    const other = await RawClient.connect(port);
    for (const text of ['throw', 'reject']) {
      const client = await RawClient.connect(port);
      client.send(request(FETCH, text));
      expect(await client.receive()).toBeNull();
    }
    other.send(request(FETCH, 'still here'));
    expect(textOf((await other.receive())!)).toBe('still here');
    expect(logger.lines).toHaveLength(2);
  });
});

describe('a throttled client', () => {
  it('has its answer at once, and its next request is looked at when the time is over', async () => {
    const time = new ManualTime();
    const handled: string[] = [];
    const { port } = await startServer(
      (frame) => {
        handled.push(textOf(frame));
        return textOf(frame) === 'b' ? { throttled: [framed(frame)], throttleTimeMs: 500 } : [framed(frame)];
      },
      { clock: time, timer: time },
    );
    const other = await RawClient.connect(port);
    const client = await RawClient.connect(port);
    client.send(Buffer.concat([...'abcd'].map((text) => request(FETCH, text))));
    for (const text of 'ab') expect(textOf((await client.receive())!)).toBe(text);
    time.advance(499);
    other.send(request(FETCH, 'other'));
    await other.receive();
    expect(handled).toEqual(['a', 'b', 'other']);
    time.advance(1);
    for (const text of 'cd') expect(textOf((await client.receive())!)).toBe(text);
  });

  it('that is not answered waits as well, and of several times the longest counts', async () => {
    const time = new ManualTime();
    const { dispatch, waiting } = slowDispatch();
    const { port, server } = await startServer(dispatch, { clock: time, timer: time, connectionsMaxIdleMs: 100 });
    const client = await RawClient.connect(port);
    client.send(Buffer.concat([...'abc'].map((text) => request(PRODUCE, text))));
    client.send(request(FETCH, 'd'));
    await until(() => waiting.length === 3);
    waiting[1]!.answer({ throttled: null, throttleTimeMs: 10 });
    waiting[2]!.answer({ throttled: null, throttleTimeMs: 5 });
    waiting[0]!.answer({ throttled: null, throttleTimeMs: 700 });
    await aWhile();
    time.advance(699);
    await aWhile();
    // Longer than connections.max.idle.ms, but it is the broker that waits.
    expect([waiting.length, server.connectionCount]).toEqual([3, 1]);
    time.advance(1);
    await until(() => waiting.length === 4);
    waiting[3]!.answer();
    await client.receive();
  });

  it('does not hold up the stop of the broker', async () => {
    const time = new ManualTime();
    const { port, server } = await startServer((frame) => ({ throttled: [framed(frame)], throttleTimeMs: 1e6 }), {
      clock: time,
    });
    const client = await RawClient.connect(port);
    client.send(Buffer.concat([request(FETCH, 'a'), request(FETCH, 'b')]));
    expect(textOf((await client.receive())!)).toBe('a');
    await server.stop(60_000);
    await client.closed();
  });
});

describe('a client that does not read', () => {
  it('is not read any more, so that nothing piles up', async () => {
    let handled = 0;
    const big = framed(Buffer.alloc(1_000_000));
    const { port } = await startServer(() => {
      handled++;
      return [big];
    });
    const client = await RawClient.connect(port);
    client.socket.pause();
    const batch = Buffer.concat(Array.from({ length: 1000 }, () => request(FETCH, 'give me more')));
    for (let i = 0; i < 50; i++) client.send(batch);
    await aWhile(300);
    const handledWhileNotReading = handled;
    // The kernel's buffers take a few responses; 50,000 are asked for.
    expect(handledWhileNotReading).toBeLessThan(50);
    client.socket.removeAllListeners('data').resume();
    await until(() => handled > handledWhileNotReading + 20);
    client.destroy();
  });

  it('does not hold up others', async () => {
    const big = framed(Buffer.alloc(5_000_000));
    const { port } = await startServer((frame) => (textOf(frame) === 'big' ? [big] : [framed(frame)]));
    const lazy = await RawClient.connect(port);
    lazy.socket.pause();
    lazy.send(Buffer.concat(Array.from({ length: 20 }, () => request(FETCH, 'big'))));
    const other = await RawClient.connect(port);
    for (let i = 0; i < 20; i++) {
      other.send(request(FETCH, `n${i}`));
      expect(textOf((await other.receive())!)).toBe(`n${i}`);
    }
    lazy.destroy();
  });
});

describe('idle connections', () => {
  it('are closed after connections.max.idle.ms by one timer for all; busy ones and those waited for stay', async () => {
    const time = new ManualTime();
    const { dispatch, waiting } = slowDispatch();
    const { port, server } = await startServer(
      (frame, peer) => (textOf(frame) === 'wait' ? dispatch(frame, peer) : echo(frame, peer)),
      {
        clock: time,
        timer: time,
        connectionsMaxIdleMs: 1000,
      },
    );
    const idle = await RawClient.connect(port);
    const busy = await RawClient.connect(port);
    const waits = await RawClient.connect(port);
    waits.send(request(FETCH, 'wait'));
    await until(() => waiting.length === 1 && server.connectionCount === 3);
    expect(time.scheduledCount).toBe(1);
    time.advance(700);
    busy.send(request(FETCH, 'hello'));
    await busy.receive();
    time.advance(400);
    await idle.closed();
    expect(server.connectionCount).toBe(2);
    expect(time.scheduledCount).toBe(1);
    time.advance(800);
    await busy.closed();
    waiting[0]!.answer();
    expect((await waits.receive())!.toString()).toBe('wait');
    time.advance(2500);
    await waits.closed();
    await until(() => server.connectionCount === 0);
    expect(time.scheduledCount).toBe(0);
  });
});

describe('memory of answers that is used again', () => {
  const SIZE = 1_000_000;

  /** Answers with a megabyte of the number that was asked for, in the pool's memory. */
  function numbers(pool: BufferPool): Dispatch {
    return (frame) => {
      const size = Buffer.alloc(4);
      size.writeInt32BE(SIZE);
      return [size, pool.take(SIZE).fill(Number(textOf(frame)))];
    };
  }

  it('is given back when the system has it, and not before', async () => {
    const pool = new BufferPool(100_000_000);
    const { port } = await startServer(numbers(pool), { buffers: pool });
    const slow = await RawClient.connect(port);
    slow.socket.pause();
    // More than the sockets of both sides hold.
    const asked = Array.from({ length: 10 }, (_, index) => 100 + index);
    slow.send(Buffer.concat(asked.map((number) => request(FETCH, String(number)))));
    const quick = await RawClient.connect(port);
    for (let number = 0; number < 15; number++) {
      quick.send(request(FETCH, String(number)));
      expect((await quick.receive())!.equals(Buffer.alloc(SIZE, number))).toBe(true);
    }
    slow.socket.resume();
    for (const number of asked) expect((await slow.receive())!.equals(Buffer.alloc(SIZE, number))).toBe(true);
    await until(() => pool.freeBytes > 0);
    // All of it came back, and most of it was used more than once.
    expect(pool.freeBytes).toBeLessThan(30 * SIZE);
  });

  it('is not given back by a connection that breaks with it', async () => {
    const pool = new BufferPool(100_000_000);
    const { port } = await startServer(numbers(pool), { buffers: pool });
    const client = await RawClient.connect(port);
    client.socket.pause();
    client.send(Buffer.concat(Array.from({ length: 20 }, () => request(FETCH, '7'))));
    await aWhile();
    client.socket.resetAndDestroy();
    const other = await RawClient.connect(port);
    for (let number = 0; number < 10; number++) {
      other.send(request(FETCH, String(number)));
      expect((await other.receive())!.equals(Buffer.alloc(SIZE, number))).toBe(true);
    }
  });
});
