import { connect, type Socket } from 'node:net';
import type { Clock, Timer, TimerHandle } from '../../../src/base/clock.ts';
import { type Logger, silentLogger } from '../../../src/base/logger.ts';
import { systemTimer } from '../../../src/base/system.ts';
import type { Dispatch } from '../../../src/net/connection.ts';
import {
  type ConnectionLimitSettings,
  ConnectionLimits,
  unlimitedConnections,
} from '../../../src/net/connection-limits.ts';
import { ServerMemory, type ServerMemoryOptions } from '../../../src/net/server-memory.ts';
import { SocketServer, type SocketServerOptions } from '../../../src/net/socket-server.ts';

/** Time that stands still until a test moves it. */
export class ManualTime implements Clock, Timer {
  #nowMs = 1_000_000;
  readonly #actions = new Set<{ atMs: number; action: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  get scheduledCount(): number {
    return this.#actions.size;
  }

  schedule(delayMs: number, action: () => void): TimerHandle {
    const entry = { atMs: this.#nowMs + delayMs, action };
    this.#actions.add(entry);
    return { cancel: () => this.#actions.delete(entry) };
  }

  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const due = [...this.#actions].filter((entry) => entry.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#actions.delete(due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.action();
    }
    this.#nowMs = untilMs;
  }
}

/** Keeps warnings and errors as text. */
export class CollectingLogger implements Logger {
  readonly lines: string[] = [];
  trace(): void {}
  debug(): void {}
  info(): void {}
  warn(message: string): void {
    this.lines.push(message);
  }
  error(message: string): void {
    this.lines.push(message);
  }
  child(): Logger {
    return this;
  }
}

export function memoryOf(options: Partial<ServerMemoryOptions>): ServerMemory {
  const clock = { nowMs: () => 0, monotonicMs: () => 0 };
  return new ServerMemory({ requestBytesMax: -1, responseBytesMax: 1e9, clock, ...options });
}

export function limitsOf(
  settings: Partial<ConnectionLimitSettings>,
  clock: Clock = { nowMs: () => 0, monotonicMs: () => 0 },
): ConnectionLimits {
  return new ConnectionLimits({
    settings: { ...unlimitedConnections, ...settings },
    window: { sampleCount: 11, sampleMs: 1000 },
    protectedListener: null,
    clock,
  });
}

const running: SocketServer[] = [];

export async function startServer(
  dispatch: Dispatch,
  options: Partial<SocketServerOptions> = {},
): Promise<{ server: SocketServer; port: number }> {
  const server = new SocketServer({
    listeners: [{ name: 'PLAINTEXT', securityProtocol: 'PLAINTEXT', addresses: ['127.0.0.1'], port: 0 }],
    frameSizeMax: 104_857_600,
    connectionsMaxIdleMs: 600_000,
    dispatch,
    clock: { nowMs: () => Date.now(), monotonicMs: () => performance.now() },
    timer: systemTimer,
    logger: silentLogger,
    limits: limitsOf({}),
    memory: memoryOf({}),
    nextTurn: (action) => setImmediate(action),
    ...options,
  });
  running.push(server);
  const [bound] = await server.bind();
  server.open();
  return { server, port: bound!.port };
}

export async function stopServers(): Promise<void> {
  await Promise.all(running.splice(0).map((server) => server.stop(0)));
}

/** A client that writes bytes and collects frames. */
export class RawClient {
  readonly socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  #closed = false;
  #wake: (() => void) | null = null;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#wake?.();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#closed = true;
      this.#wake?.();
    });
  }

  static async connect(port: number, host = '127.0.0.1'): Promise<RawClient> {
    const socket = connect(port, host);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new RawClient(socket);
  }

  send(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** The next frame without its length; null when the connection was closed instead. */
  async receive(): Promise<Buffer | null> {
    for (;;) {
      if (this.#bytes.length >= 4) {
        const size = this.#bytes.readInt32BE(0);
        if (this.#bytes.length >= 4 + size) {
          const frame = this.#bytes.subarray(4, 4 + size);
          this.#bytes = this.#bytes.subarray(4 + size);
          return frame;
        }
      }
      if (this.#closed) return null;
      await this.#somethingHappens();
    }
  }

  async closed(): Promise<void> {
    while (!this.#closed) await this.#somethingHappens();
  }

  destroy(): void {
    this.socket.destroy();
  }

  #somethingHappens(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

export function framed(body: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length);
  return Buffer.concat([size, body]);
}

/** A frame that begins with an API key and then a text. */
export function request(apiKey: number, text: string): Buffer {
  const head = Buffer.alloc(2);
  head.writeInt16BE(apiKey);
  return framed(Buffer.concat([head, Buffer.from(text)]));
}

export function textOf(frame: Buffer): string {
  return frame.toString('utf8', 2);
}
