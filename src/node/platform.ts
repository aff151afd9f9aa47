/** All that a node touches outside of itself, in one object: the machine's own, or a simulated world (test/chaos/sim). */
import { hostname } from 'node:os';
import type { Clock, Timer } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import { nextTurn, systemClock, systemRandom, systemTimer } from '../base/system.ts';
import type { FileSystem } from '../io/file-system.ts';
import { NodeFileSystem } from '../io/node-file-system.ts';
import { type Listen, listenTcp } from '../net/listening-socket.ts';
import { type NodeSocketFactory, openNodeSocket } from '../net/node-socket.ts';

export interface Platform {
  readonly clock: Clock;
  readonly timer: Timer;
  readonly random: Random;
  /** Runs something when whatever else has come in meanwhile has had its turn. */
  readonly nextTurn: (action: () => void) => void;
  readonly fileSystem: FileSystem;
  readonly listen: Listen;
  readonly openSocket: NodeSocketFactory;
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
  hostname,
  hasThreads: true,
};
