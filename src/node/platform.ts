/** All that a node touches outside of itself, in one object: the machine's own, or a simulated world (test/chaos/sim). */
import { hostname } from 'node:os';
import { BufferPool } from '../base/buffer-pool.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import { nextTurn, systemClock, systemRandom, systemTimer } from '../base/system.ts';
import type { FileSystem } from '../io/file-system.ts';
import { NodeFileSystem } from '../io/node-file-system.ts';
import { type Listen, listenTcp } from '../net/listening-socket.ts';
import { type NodeSocketFactory, openNodeSocket } from '../net/node-socket.ts';

/** A few answers of a megabyte that are under way at the same time. */
const READ_BUFFERS_BYTES_MAX = 8 * 1_048_576;

export interface Platform {
  readonly clock: Clock;
  readonly timer: Timer;
  readonly random: Random;
  /** Runs something when whatever else has come in meanwhile has had its turn. */
  readonly nextTurn: (action: () => void) => void;
  readonly fileSystem: FileSystem;
  readonly listen: Listen;
  readonly openSocket: NodeSocketFactory;
  /** For what is read only to be sent. Absent where a socket keeps, after it has taken them, the bytes it was given. */
  readonly readBuffers?: BufferPool;
  readonly hostname: () => string;
  /** Whether work on the real disk may go to other threads. */
  readonly hasThreads: boolean;
}

export const systemPlatform: Platform = {
  clock: systemClock,
  timer: systemTimer,
  random: systemRandom,
  nextTurn,
  fileSystem: new NodeFileSystem(),
  listen: listenTcp,
  openSocket: openNodeSocket,
  readBuffers: new BufferPool(READ_BUFFERS_BYTES_MAX),
  hostname,
  hasThreads: true,
};
