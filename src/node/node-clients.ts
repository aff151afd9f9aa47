/** Clients for other nodes, with what all of one kind have in common. */
import type { Clock, Timer } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import { NodeConnection } from '../net/node-connection.ts';
import type { NodeSocketFactory } from '../net/node-socket.ts';
import type { NodeClients } from '../wire/node-client.ts';
import { version } from './version.ts';

/** What is outside of this process; a simulation has its own. */
export interface NodeClientEnvironment {
  readonly openSocket: NodeSocketFactory;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly random: Random;
  readonly logger: Logger;
}

export interface NodeClientSettings {
  /** Names this node and its purpose in the other's log. */
  readonly clientId: string;
  readonly requestTimeoutMs: number;
  readonly reconnectBackoffMs: number;
  readonly reconnectBackoffMaxMs: number;
  /** Kafka answers the requests of one connection one after the other: one that waits holds up those behind it. */
  readonly requestsInFlightMax: number;
}

const REQUESTS_WAITING_MAX = 1000;

export function nodeClients(environment: NodeClientEnvironment, settings: NodeClientSettings): NodeClients {
  return ({ host, port }) =>
    new NodeConnection({
      ...environment,
      ...settings,
      host,
      port,
      softwareVersion: version,
      requestsWaitingMax: REQUESTS_WAITING_MAX,
    });
}
