/**
 * New connections of one listener on their way in: each waits for the one before it, and for as long as the limits of the rate
 * want. They are open but not read, as they would be in the kernel's backlog.
 */
import type { Timer, TimerHandle } from '../base/clock.ts';
import type { ClientSocket } from './listening-socket.ts';

export interface AcceptQueueOptions {
  readonly timer: Timer;
  /** More than these are closed. */
  readonly lengthMax: number;
  /** How long a connection that has just become the first has to wait. */
  readonly delayMs: () => number;
  readonly accept: (socket: ClientSocket) => void;
  readonly overflowed: () => void;
}

export class AcceptQueue {
  readonly #options: AcceptQueueOptions;
  readonly #sockets: ClientSocket[] = [];
  #wait: TimerHandle | null = null;

  constructor(options: AcceptQueueOptions) {
    this.#options = options;
  }

  push(socket: ClientSocket): void {
    if (this.#sockets.length >= this.#options.lengthMax) {
      discard(socket);
      this.#options.overflowed();
      return;
    }
    socket.pause();
    // One that breaks while it waits is noticed by whoever takes it.
    socket.on('error', ignore);
    this.#sockets.push(socket);
    if (this.#wait === null && this.#sockets.length === 1) this.#next();
  }

  close(): void {
    this.#wait?.cancel();
    this.#wait = null;
    for (const socket of this.#sockets.splice(0)) discard(socket);
  }

  #next(): void {
    for (;;) {
      if (this.#sockets.length === 0) return;
      const delayMs = this.#options.delayMs();
      if (delayMs > 0) {
        this.#wait = this.#options.timer.schedule(delayMs, () => {
          this.#wait = null;
          this.#take();
          this.#next();
        });
        return;
      }
      this.#take();
    }
  }

  #take(): void {
    const socket = this.#sockets.shift();
    if (socket === undefined) return;
    socket.off('error', ignore);
    if (socket.destroyed) return;
    socket.resume();
    this.#options.accept(socket);
  }
}

export function discard(socket: ClientSocket): void {
  socket.on('error', ignore);
  socket.destroy();
}

function ignore(): void {}
