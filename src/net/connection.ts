/**
 * One client connection: frames in, replies out, in the order of the requests.
 *
 *   socket -> FrameDecoder -> dispatch -> replies (oldest first) -> socket
 *
 * Invariants:
 * - One request is handled at a time, but consecutive Produce requests wait side by side: each is dispatched (and so
 *   appended) before the next frame is looked at. Their count and bytes are limited.
 * - Nothing is dispatched while the socket still holds replies that the client has not taken, and what arrives
 *   meanwhile is left in the kernel beyond READ_AHEAD_BYTES: a client that does not read is no longer read.
 * - Frames that arrived whole are handled even when the client closed its side right after them (a producer with
 *   acks=0 that ends).
 * - A connection handles a few requests in a turn of the event loop, however many it has sent, and the others have theirs.
 * - What all connections hold together has limits (server-memory.ts): a request that finds no room is left in the kernel.
 * - A client that is throttled has its answer at once, and its next request is looked at when the time is over (KIP-219).
 * - Bytes that are no valid frame or request close the connection with one log line, and concern nobody else.
 */
import { type BufferPool, POOLED_SIZE_MIN } from '../base/buffer-pool.ts';
import type { Clock, Timer, TimerHandle } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { RequestTimes } from '../metrics/request-metrics.ts';
import { produceRequest } from '../wire/schema/produce.ts';
import { FrameDecoder, FrameError } from './frame-decoder.ts';
import type { ClientSocket } from './listening-socket.ts';
import type { ServerMemory, SlowReader } from './server-memory.ts';

/**
 * Chunks of one whole response frame; null: no response is due; `close`: why the connection must end; `throttled`: a
 * response, or none, after which the connection is not served for a while.
 */
export type Reply =
  | readonly Buffer[]
  | null
  | { readonly close: string }
  | { readonly throttled: readonly Buffer[] | null; readonly throttleTimeMs: number };

/** Must not throw. The part before its first wait is the part that happens in arrival order. */
export type Dispatch = (frame: Buffer, peer: Peer) => Reply | Promise<Reply>;

/** What handlers know of a connection (`ConnectionContext` of apis/handler.ts, which this folder may not import). */
export interface Peer {
  readonly connectionId: string;
  readonly listenerName: string;
  readonly securityProtocol: 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';
  readonly principal: string;
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly localHost: string;
  readonly localPort: number;
  clientSoftwareName: string;
  clientSoftwareVersion: string;
  /** Of the request that was dispatched last; null or absent unless somebody measures. */
  requestTimes?: RequestTimes | null;
}

/** Read ahead of the request in hand, at most about this much and one chunk. */
const READ_AHEAD_BYTES = 64 * 1024;
/** What one connection may do while others wait: that many requests, or that long. */
const TURN_REQUESTS_MAX = 32;
const TURN_MS = 2;
const SIDE_BY_SIDE_REQUESTS_MAX = 256;
/** Longest delay that a timer takes; whoever waits longer is asked again. */
const TIMER_DELAY_MAX = 2 ** 31 - 1;
const SIDE_BY_SIDE_BYTES_MAX = 32 * 1024 * 1024;

interface Pending {
  readonly frameBytes: number;
  /** Of the memory for requests, until the handler has answered. */
  readonly reservedBytes: number;
  readonly isProduce: boolean;
  readonly times: RequestTimes | null;
  /** undefined until the handler has answered. */
  reply: Reply | undefined;
}

export interface ConnectionOptions {
  readonly socket: ClientSocket;
  readonly peer: Peer;
  readonly frameSizeMax: number;
  readonly dispatch: Dispatch;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly nextTurn: (action: () => void) => void;
  readonly memory: ServerMemory;
  readonly logger: Logger;
  /** False until the broker serves requests; see `open`. */
  readonly isOpen: boolean;
  readonly onClosed: (connection: Connection) => void;
  /** Where memory of answers goes that the system has taken from the socket. */
  readonly buffers?: BufferPool | undefined;
}

export class Connection implements SlowReader {
  readonly peer: Peer;
  readonly #socket: ClientSocket;
  readonly #decoder: FrameDecoder;
  readonly #dispatch: Dispatch;
  readonly #clock: Clock;
  readonly #timer: Timer;
  readonly #nextTurn: (action: () => void) => void;
  readonly #memory: ServerMemory;
  readonly #logger: Logger;
  readonly #onClosed: (connection: Connection) => void;
  readonly #buffers: BufferPool | undefined;
  /** Requests that were dispatched and not answered yet, oldest first. */
  #pending: Pending[] = [];
  #pendingBytes = 0;
  /** A whole frame that has to wait for the ones before it. */
  #waiting: Buffer | null = null;
  /** When it could first be looked at. */
  #waitingSinceMs = 0;
  #open: boolean;
  #draining = false;
  #inputEnded = false;
  #closed = false;
  #socketGone = false;
  #lastActiveMs: number;
  /** The turn is over, and there is more to do. */
  #yielding = false;
  /** What the request that is being read takes of the memory for requests; 0: nothing yet. */
  #reservedBytes = 0;
  /** It found no room. */
  #starved = false;
  /** Told to the memory for responses. */
  #unsentBytes = 0;
  unsentSinceMs = 0;
  /** Not null while the client is throttled. */
  #throttle: TimerHandle | null = null;
  #throttledUntilMs = 0;

  constructor(options: ConnectionOptions) {
    this.peer = options.peer;
    this.#socket = options.socket;
    this.#decoder = new FrameDecoder(options.frameSizeMax);
    this.#dispatch = options.dispatch;
    this.#clock = options.clock;
    this.#timer = options.timer;
    this.#nextTurn = options.nextTurn;
    this.#memory = options.memory;
    this.#logger = options.logger;
    this.#onClosed = options.onClosed;
    this.#buffers = options.buffers;
    this.#open = options.isOpen;
    this.#lastActiveMs = options.clock.monotonicMs();
    const socket = this.#socket;
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('drain', () => {
      this.#lastActiveMs = this.#clock.monotonicMs();
      this.#countUnsent();
      this.#pump();
    });
    socket.on('end', () => this.#onEnd());
    // Clients come and go; how a socket broke interests nobody but one who searches for it.
    socket.on('error', (error) => this.#logger.debug('connection broke', { ...this.#facts(), cause: error.message }));
    socket.on('close', () => this.#onSocketClosed());
    if (!this.#open) socket.pause();
  }

  /** Monotonic time at which the connection was last seen alive; a request being handled counts as alive. */
  lastActiveMs(): number {
    const waitsForUs = (this.#pending.length > 0 || this.#throttle !== null) && !this.#socket.writableNeedDrain;
    return waitsForUs ? this.#clock.monotonicMs() : this.#lastActiveMs;
  }

  /** Begins to serve a connection that was accepted while the broker was starting. */
  open(): void {
    this.#open = true;
    this.#pump();
  }

  /** Takes no new request; closes once the answers of those in hand have left. */
  drain(): void {
    this.#draining = true;
    this.#waiting = null;
    this.#yielding = false;
    this.#starved = false;
    this.#giveReserved();
    this.#endThrottle();
    if (!this.#socketGone) this.#socket.pause();
    this.#endWhenDone();
  }

  /** The client takes nothing, and room is short. */
  giveUp(): void {
    this.#logger.warn('closing a connection: its client does not read, and too much waits to be read', this.#facts());
    this.destroy();
  }

  /** Closes at once; nothing more is sent. */
  destroy(): void {
    this.#close();
    if (!this.#socketGone) this.#socket.destroy();
  }

  #facts(): object {
    return { listener: this.peer.listenerName, client: `${this.peer.clientAddress}:${this.peer.clientPort}` };
  }

  #onData(chunk: Buffer): void {
    if (this.#closed || this.#draining) return;
    this.#lastActiveMs = this.#clock.monotonicMs();
    this.#decoder.push(chunk);
    if (!this.#yielding) this.#pump();
  }

  #onEnd(): void {
    if (this.#closed) return;
    this.#inputEnded = true;
    this.#pump();
  }

  #onSocketClosed(): void {
    this.#socketGone = true;
    this.#inputEnded = true;
    this.#endThrottle();
    this.#countUnsent();
    this.#onClosed(this);
    // What arrived whole is still handled, its replies are dropped.
    this.#pump();
  }

  /** Dispatches every frame that may be dispatched now, then sees to the flow of bytes. */
  #pump(): void {
    if (this.#closed || !this.#open) return;
    if (!this.#socketGone) this.#socket.cork();
    let requestsLeft = TURN_REQUESTS_MAX;
    const turnEndMs = this.#clock.monotonicMs() + TURN_MS;
    try {
      while (!this.#draining && !this.#closed && !this.#yielding) {
        if (this.#waiting === null) {
          this.#waiting = this.#decoder.next();
          this.#waitingSinceMs = this.#lastActiveMs;
        }
        if (!this.#hasRoom() || this.#waiting === null || !this.#mayDispatch(this.#waiting)) break;
        if (requestsLeft === 0 || (requestsLeft < TURN_REQUESTS_MAX && this.#clock.monotonicMs() >= turnEndMs)) {
          this.#yield();
          break;
        }
        requestsLeft--;
        const frame = this.#waiting;
        this.#waiting = null;
        this.#handle(frame);
      }
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#refuse(error.message);
    } finally {
      if (!this.#socketGone) this.#socket.uncork();
    }
    if (this.#closed) return;
    this.#steerReading();
    this.#endWhenDone();
  }

  #yield(): void {
    this.#yielding = true;
    this.#nextTurn(() => {
      this.#yielding = false;
      this.#pump();
    });
  }

  /** Whether the request that is being read, or waits, has its place in the memory for requests. */
  #hasRoom(): boolean {
    if (!this.#memory.limitsRequests || this.#reservedBytes > 0) return true;
    if (this.#starved) return false;
    const bytes = this.#waiting?.length ?? this.#decoder.frameSize;
    if (bytes <= 0) return true;
    const wake = (): void =>
      this.#nextTurn(() => {
        this.#starved = false;
        this.#pump();
      });
    if (this.#memory.tryTakeRequest(bytes, wake)) this.#reservedBytes = bytes;
    else this.#starved = true;
    return this.#reservedBytes > 0;
  }

  #giveReserved(): void {
    const bytes = this.#reservedBytes;
    this.#reservedBytes = 0;
    if (bytes > 0) this.#memory.giveRequest(bytes);
  }

  #mayDispatch(frame: Buffer): boolean {
    if (this.#throttle !== null) return false;
    if (!this.#socketGone && this.#socket.writableNeedDrain) return false;
    if (this.#pending.length === 0) return true;
    return (
      isProduce(frame) &&
      this.#pending[this.#pending.length - 1]!.isProduce &&
      this.#pending.length < SIDE_BY_SIDE_REQUESTS_MAX &&
      this.#pendingBytes + frame.length <= SIDE_BY_SIDE_BYTES_MAX
    );
  }

  #handle(frame: Buffer): void {
    const reservedBytes = this.#reservedBytes;
    this.#reservedBytes = 0;
    let reply: Reply | Promise<Reply>;
    try {
      reply = this.#dispatch(frame, this.peer);
    } catch (error) {
      reply = failedReply(error);
    }
    const times = this.peer.requestTimes ?? null;
    times?.received(this.#waitingSinceMs);
    if (!(reply instanceof Promise)) {
      if (reservedBytes > 0) this.#memory.giveRequest(reservedBytes);
      if (this.#pending.length === 0) this.#send(reply, times);
      else this.#pending.push({ frameBytes: 0, reservedBytes: 0, isProduce: isProduce(frame), times, reply });
      return;
    }
    const pending: Pending = {
      frameBytes: frame.length,
      reservedBytes,
      isProduce: isProduce(frame),
      times,
      reply: undefined,
    };
    this.#pending.push(pending);
    this.#pendingBytes += frame.length;
    reply.then(
      (settled) => this.#answered(pending, settled),
      (error: unknown) => this.#answered(pending, failedReply(error)),
    );
  }

  #answered(pending: Pending, reply: Reply): void {
    this.#pendingBytes -= pending.frameBytes;
    if (pending.reservedBytes > 0) this.#memory.giveRequest(pending.reservedBytes);
    if (this.#closed) return;
    pending.reply = reply;
    if (this.#pending[0] !== pending) return;
    if (!this.#socketGone) this.#socket.cork();
    while (this.#pending.length > 0 && this.#pending[0]!.reply !== undefined && !this.#closed) {
      const oldest = this.#pending.shift()!;
      this.#send(oldest.reply!, oldest.times);
    }
    if (!this.#socketGone) this.#socket.uncork();
    this.#pump();
  }

  #send(reply: Reply, times: RequestTimes | null): void {
    if (reply !== null && 'throttled' in reply) {
      this.#send(reply.throttled, times);
      this.#throttleFor(reply.throttleTimeMs);
      return;
    }
    times?.written();
    if (reply === null || 'close' in reply || this.#socketGone) {
      times?.finished();
      if (reply !== null && 'close' in reply) this.#refuse(reply.close);
      return;
    }
    this.#lastActiveMs = this.#clock.monotonicMs();
    const last = reply.length - 1;
    for (let index = 0; index < last; index++) this.#write(reply[index]!, null);
    this.#write(reply[last]!, times);
    this.#countUnsent();
  }

  #write(chunk: Buffer, times: RequestTimes | null): void {
    const buffers = chunk.buffer.byteLength < POOLED_SIZE_MIN ? undefined : this.#buffers;
    if (times === null && buffers === undefined) {
      this.#socket.write(chunk);
      return;
    }
    this.#socket.write(chunk, (error) => {
      times?.finished();
      // After an error nobody knows what the system still looks at.
      if (error === null || error === undefined) buffers?.give(chunk);
    });
  }

  /** Small answers that leave at once are not worth counting. */
  #countUnsent(): void {
    const isLeft = !this.#socketGone && this.#socket.writableNeedDrain;
    const unsentBytes = isLeft ? this.#socket.writableLength : 0;
    if (unsentBytes === this.#unsentBytes) return;
    if (this.#unsentBytes === 0) this.unsentSinceMs = this.#clock.monotonicMs();
    const delta = unsentBytes - this.#unsentBytes;
    this.#unsentBytes = unsentBytes;
    this.#memory.unsentChanged(this, delta, isLeft);
  }

  #throttleFor(throttleTimeMs: number): void {
    const untilMs = this.#clock.monotonicMs() + throttleTimeMs;
    // Of several answers that leave together, the longest counts.
    if (untilMs <= this.#throttledUntilMs || this.#closed || this.#draining || this.#socketGone) return;
    this.#throttledUntilMs = untilMs;
    this.#throttle?.cancel();
    this.#throttle = this.#timer.schedule(Math.min(throttleTimeMs, TIMER_DELAY_MAX), () => {
      this.#endThrottle();
      this.#pump();
    });
  }

  #endThrottle(): void {
    this.#throttle?.cancel();
    this.#throttle = null;
  }

  /** Takes no part in anything any more. */
  #close(): void {
    this.#closed = true;
    this.#pending = [];
    this.#waiting = null;
    this.#giveReserved();
    this.#endThrottle();
  }

  /** The one log line of a connection that is closed because of what it sent. */
  #refuse(cause: string): void {
    if (this.#closed) return;
    this.#logger.warn(`closing a client's connection: ${cause}`, this.#facts());
    // Answers of earlier requests have been handed to the socket; let them leave, but read nothing more.
    this.#close();
    if (this.#socketGone) return;
    this.#socket.removeAllListeners('data');
    this.#socket.end(() => this.#socket.destroy());
    this.#socket.resume();
  }

  #steerReading(): void {
    if (this.#socketGone || this.#inputEnded) return;
    const held = this.#decoder.bufferedBytes + (this.#waiting?.length ?? 0);
    const blocked = this.#waiting !== null || (this.#pending.length > 0 && !this.#pending[0]!.isProduce);
    const stop =
      this.#yielding ||
      this.#starved ||
      this.#draining ||
      this.#socket.writableNeedDrain ||
      (blocked && held > READ_AHEAD_BYTES);
    if (stop && !this.#socket.isPaused()) this.#socket.pause();
    else if (!stop && this.#socket.isPaused()) this.#socket.resume();
  }

  #endWhenDone(): void {
    if (this.#closed || !(this.#inputEnded || this.#draining)) return;
    if (this.#pending.length > 0 || this.#waiting !== null || this.#yielding || this.#starved) return;
    this.#closed = true;
    this.#giveReserved();
    if (this.#socketGone) return;
    if (this.#inputEnded && !this.#decoder.betweenFrames) {
      this.#logger.info('a client closed its connection inside a request, which is lost', this.#facts());
    }
    this.#socket.end(() => this.#socket.destroy());
  }
}

/** `dispatch` promises neither to throw nor to reject; if it does, no other client may suffer and this one not wait for ever. */
function failedReply(error: unknown): Reply {
  return { close: `a request failed: ${String(error)}` };
}

function isProduce(frame: Buffer): boolean {
  return frame.length >= 2 && ((frame[0]! << 8) | frame[1]!) === produceRequest.apiKey;
}
