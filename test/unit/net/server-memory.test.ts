import { afterEach, describe, expect, test } from 'vitest';
import type { Dispatch, Reply } from '../../../src/net/connection.ts';
import { ServerMemory, SLOW_READER_MS, type SlowReader } from '../../../src/net/server-memory.ts';
import { framed, ManualTime, memoryOf, RawClient, request, startServer, stopServers, textOf } from './fakes.ts';

const FETCH = 1;

afterEach(stopServers);

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** Answers when told to. */
function slowDispatch(): { dispatch: Dispatch; waiting: { readonly text: string; answer(): void }[] } {
  const waiting: { text: string; answer(): void }[] = [];
  return {
    waiting,
    dispatch: (frame) =>
      new Promise<Reply>((resolve) => {
        const text = textOf(frame);
        waiting.push({ text, answer: () => resolve([framed(Buffer.from(text))]) });
      }),
  };
}

describe('requests of all connections (queued.max.request.bytes)', () => {
  test('are let in while there is room, and the others when some is given back', async () => {
    const { dispatch, waiting } = slowDispatch();
    const { port } = await startServer(dispatch, { memory: memoryOf({ requestBytesMax: 150 }) });
    const clients = [await RawClient.connect(port), await RawClient.connect(port), await RawClient.connect(port)];
    const text = (index: number) => `${index}`.padEnd(100, '.');
    for (const [index, client] of clients.entries()) {
      client.send(request(FETCH, text(index)));
      if (index < 2) await until(() => waiting.length === index + 1);
    }
    // Two fit in, the second beyond the limit; the third is not even looked at.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(waiting).toHaveLength(2);
    waiting[0]!.answer();
    expect((await clients[0]!.receive())!.toString()).toBe(text(0));
    await until(() => waiting.length === 3);
    waiting[2]!.answer();
    expect((await clients[2]!.receive())!.toString()).toBe(text(2));
  });

  test('that are only half there have their place until their connection ends', async () => {
    const { port } = await startServer((frame) => [framed(frame)], { memory: memoryOf({ requestBytesMax: 100 }) });
    const half = await RawClient.connect(port);
    const whole = request(FETCH, 'x'.repeat(5000));
    half.send(whole.subarray(0, 1000));
    const other = await RawClient.connect(port);
    await new Promise((resolve) => setTimeout(resolve, 50));
    other.send(request(FETCH, 'other'));
    const answer = other.receive();
    const first = await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 100, 'nothing yet'))]);
    expect(first).toBe('nothing yet');
    half.destroy();
    expect(textOf((await answer)!)).toBe('other');
  });

  test('are not counted where there is no limit', () => {
    const memory = memoryOf({});
    expect([memory.limitsRequests, memory.tryTakeRequest(1e12, () => {})]).toEqual([false, true]);
  });
});

describe('answers that are not read', () => {
  function reader(unsentSinceMs: number, memory: () => ServerMemory): SlowReader & { gone: boolean } {
    const self = {
      gone: false,
      unsentSinceMs,
      giveUp() {
        self.gone = true;
        memory().unsentChanged(self, -600, false);
      },
    };
    return self;
  }

  test('make later ones smaller', () => {
    const memory = memoryOf({ responseBytesMax: 1000 });
    expect(memory.roomForResponse(10, 500)).toBe(250);
    const slow = reader(0, () => memory);
    memory.unsentChanged(slow, 800, true);
    expect(memory.roomForResponse(10, 500)).toBe(50);
    memory.unsentChanged(slow, 400, true);
    expect(memory.roomForResponse(10, 500)).toBe(10);
    memory.unsentChanged(slow, -1200, false);
    expect(memory.roomForResponse(10, 100)).toBe(100);
  });

  test('end the connections of those who have read nothing for long, once they are too many', () => {
    const time = new ManualTime();
    const memory = new ServerMemory({ requestBytesMax: -1, responseBytesMax: 1000, clock: time });
    const old = reader(time.monotonicMs(), () => memory);
    memory.unsentChanged(old, 600, true);
    time.advance(SLOW_READER_MS);
    expect(old.gone).toBe(false);
    const fresh = reader(time.monotonicMs(), () => memory);
    memory.unsentChanged(fresh, 600, true);
    expect([old.gone, fresh.gone, memory.unsentBytes]).toEqual([true, false, 600]);
  });

  test('are counted as long as the socket holds them', async () => {
    const memory = memoryOf({});
    const big = framed(Buffer.alloc(20_000_000));
    const { port } = await startServer(() => [big], { memory });
    const client = await RawClient.connect(port);
    client.socket.pause();
    client.send(request(FETCH, 'big'));
    await until(() => memory.unsentBytes > 0);
    client.socket.removeAllListeners('data').resume();
    await until(() => memory.unsentBytes === 0);
    const gone = await RawClient.connect(port);
    gone.socket.pause();
    gone.send(request(FETCH, 'big'));
    await until(() => memory.unsentBytes > 0);
    gone.destroy();
    await until(() => memory.unsentBytes === 0);
  });
});

test('a flood of requests of one connection does not hold up the others', async () => {
  const order: string[] = [];
  const turns: (() => void)[] = [];
  const { port } = await startServer(
    (frame) => {
      order.push(textOf(frame));
      return null;
    },
    // Turns end when the test says so.
    { nextTurn: (action) => turns.push(action) },
  );
  const flood = await RawClient.connect(port);
  const other = await RawClient.connect(port);
  flood.send(Buffer.concat(Array.from({ length: 200 }, () => request(FETCH, 'flood'))));
  await until(() => turns.length === 1);
  const inTheFirstTurn = order.length;
  expect(inTheFirstTurn).toBeLessThanOrEqual(32);
  other.send(request(FETCH, 'other'));
  await until(() => order.includes('other'));
  expect(order.indexOf('other')).toBe(inTheFirstTurn);
  for (let turn = 0; order.length < 201; turn++) {
    await until(() => turns.length > turn);
    turns[turn]!();
  }
  expect(order.filter((text) => text === 'flood')).toHaveLength(200);
});
