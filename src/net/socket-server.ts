/**
 * The broker's listeners: binds addresses, accepts connections within the limits, closes idle ones, stops in order.
 *
 *   new -> bind() -> open() -> stop()
 *
 * Between `bind` and `open` connections are accepted but not read, so that ports are known before the broker registers
 * and an early client waits instead of being refused. One timer serves all connections, and none exists while there is
 * no connection.
 */
import type { BufferPool } from '../base/buffer-pool.ts';
import type { Clock, Timer, TimerHandle } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { AcceptQueue, discard } from './accept-queue.ts';
import { Connection, type Dispatch, type Peer } from './connection.ts';
import type { ConnectionLimits } from './connection-limits.ts';
import { type ClientSocket, type Listen, type ListeningSocket, listenTcp } from './listening-socket.ts';
import type { ServerMemory } from './server-memory.ts';

export interface ListenerOptions {
  /** Kafka's listener name, upper case. */
  readonly name: string;
  readonly securityProtocol: Peer['securityProtocol'];
  /** Addresses to bind; `''` is every address (Kafka's empty host). The first one must be bindable. */
  readonly addresses: readonly string[];
  /** 0: the system picks one, the same for all addresses. */
  readonly port: number;
}

export interface BoundListener {
  readonly name: string;
  readonly securityProtocol: Peer['securityProtocol'];
  /** The addresses that were bound, as configured. */
  readonly addresses: readonly string[];
  readonly port: number;
}

export interface SocketServerOptions {
  readonly listeners: readonly ListenerOptions[];
  /** socket.request.max.bytes */
  readonly frameSizeMax: number;
  /** connections.max.idle.ms; negative: never. */
  readonly connectionsMaxIdleMs: number;
  readonly limits: ConnectionLimits;
  readonly memory: ServerMemory;
  /** Runs something when whatever else has come in meanwhile has had its turn. */
  readonly nextTurn: (action: () => void) => void;
  readonly dispatch: Dispatch;
  /** TCP when absent. */
  readonly listen?: Listen;
  /** Where memory of answers goes that the system has taken from a socket. */
  readonly buffers?: BufferPool | undefined;
  /** A connection has ended. */
  readonly onDisconnected?: (peer: Peer) => void;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly logger: Logger;
}

export interface ListenerConnections {
  readonly listener: string;
  readonly open: number;
  /** Since the start. */
  readonly accepted: number;
}

/** A listener that cannot be bound; the message is a sentence for the user. */
export class BindError extends Error {
  override name = 'BindError';
}

const BACKLOG = 512;
const ANONYMOUS = 'User:ANONYMOUS';
const FREE_PORT_ATTEMPTS = 20;

export class SocketServer {
  readonly #options: SocketServerOptions;
  readonly #servers: ListeningSocket[] = [];
  readonly #connections = new Set<Connection>();
  readonly #queues: AcceptQueue[] = [];
  /** Refused, and not closed yet. */
  readonly #refused = new Map<ClientSocket, TimerHandle>();
  readonly #acceptedByListener = new Map<string, number>();
  #open = false;
  #stopping = false;
  #nextIndex = 0;
  #idleTimer: TimerHandle | null = null;
  #whenEmpty: (() => void) | null = null;

  constructor(options: SocketServerOptions) {
    this.#options = options;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** By listener. */
  connections(): ListenerConnections[] {
    const open = new Map<string, number>();
    for (const { peer } of this.#connections) open.set(peer.listenerName, (open.get(peer.listenerName) ?? 0) + 1);
    return this.#options.listeners.map(({ name }) => ({
      listener: name,
      open: open.get(name) ?? 0,
      accepted: this.#acceptedByListener.get(name) ?? 0,
    }));
  }

  /** Binds every listener, or none. Throws BindError. */
  async bind(): Promise<BoundListener[]> {
    const bound: BoundListener[] = [];
    try {
      for (const listener of this.#options.listeners) bound.push(await this.#bindListener(listener));
    } catch (error) {
      const serversClosed = this.#closeServers();
      for (const connection of [...this.#connections]) connection.destroy();
      await serversClosed;
      throw error;
    }
    return bound;
  }

  /** Begins to read requests. */
  open(): void {
    this.#open = true;
    for (const connection of this.#connections) connection.open();
  }

  /** Stops accepting, lets requests in hand finish for at most `graceMs`, then cuts what is left. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    this.#idleTimer?.cancel();
    this.#idleTimer = null;
    const serversClosed = this.#closeServers();
    for (const queue of this.#queues) queue.close();
    for (const [socket, timer] of this.#refused) {
      timer.cancel();
      discard(socket);
    }
    this.#refused.clear();
    for (const connection of [...this.#connections]) connection.drain();
    if (this.#connections.size > 0) {
      await new Promise<void>((resolve) => {
        const deadline = this.#options.timer.schedule(graceMs, resolve);
        this.#whenEmpty = () => {
          deadline.cancel();
          resolve();
        };
      });
    }
    for (const connection of [...this.#connections]) {
      connection.destroy();
      this.#forget(connection);
    }
    await serversClosed;
  }

  async #bindListener(listener: ListenerOptions): Promise<BoundListener> {
    for (let attempt = 1; ; attempt++) {
      const servers: ListeningSocket[] = [];
      const addresses: string[] = [];
      let port = listener.port;
      try {
        for (const address of listener.addresses) {
          let server: ListeningSocket;
          try {
            server = await this.#listen(listener, address, port);
          } catch (error) {
            if (servers.length > 0 && isAddressMissing(error)) {
              this.#options.logger.info(`listener ${listener.name}: this machine has no address ${address}, left out`);
              continue;
            }
            throw error;
          }
          servers.push(server);
          addresses.push(address);
          port = server.port;
        }
      } catch (error) {
        await Promise.all(servers.map((server) => server.close()));
        // A free port on one address may be taken on the next.
        if (listener.port === 0 && servers.length > 0 && attempt < FREE_PORT_ATTEMPTS && isInUse(error)) continue;
        throw bindError(listener, port, error);
      }
      this.#servers.push(...servers);
      return { name: listener.name, securityProtocol: listener.securityProtocol, addresses, port };
    }
  }

  #listen(listener: ListenerOptions, host: string, port: number): Promise<ListeningSocket> {
    const queue = this.#newQueue(listener);
    const { listen = listenTcp, logger } = this.#options;
    return listen(
      { host, port, backlog: BACKLOG },
      {
        connected: (socket) => queue.push(socket),
        // EMFILE while accepting: new clients wait or fail, the ones there go on.
        failed: (error) => logger.error(`listener ${listener.name}: ${error.message}`),
      },
    );
  }

  #newQueue(listener: ListenerOptions): AcceptQueue {
    const { limits, timer, logger } = this.#options;
    const queue = new AcceptQueue({
      timer,
      lengthMax: BACKLOG,
      delayMs: () => limits.delayOf(listener.name),
      accept: (socket) => this.#accept(listener, socket),
      overflowed: () =>
        logger.warn('refusing a connection: too many wait for max.connection.creation.rate', {
          listener: listener.name,
        }),
    });
    this.#queues.push(queue);
    return queue;
  }

  /** The limits have changed: who was silent longest goes first where there are too many now. */
  limitsChanged(): void {
    const { limits, logger } = this.#options;
    const longestFirst = [...this.#connections].sort((a, b) => a.lastActiveMs() - b.lastActiveMs());
    for (const connection of longestFirst) {
      if (!limits.isExceeded(connection.peer.listenerName)) continue;
      logger.warn('closing a connection: max.connections was lowered', { client: connection.peer.clientAddress });
      connection.destroy();
      this.#forget(connection);
    }
  }

  #accept(listener: ListenerOptions, socket: ClientSocket): void {
    if (this.#stopping || socket.remoteAddress === undefined) {
      discard(socket);
      return;
    }
    const clientAddress = plainAddress(socket.remoteAddress);
    const refusal = this.#options.limits.admit(listener.name, clientAddress);
    if (refusal !== null) {
      this.#options.logger.warn(`refusing a connection: ${refusal.reason}`, {
        listener: listener.name,
        client: clientAddress,
      });
      this.#refuse(socket, refusal.delayMs);
      return;
    }
    const localHost = plainAddress(socket.localAddress);
    const localPort = socket.localPort ?? 0;
    const clientPort = socket.remotePort ?? 0;
    const peer: Peer = {
      connectionId: `${localHost}:${localPort}-${clientAddress}:${clientPort}-0-${this.#nextIndex++}`,
      listenerName: listener.name,
      securityProtocol: listener.securityProtocol,
      principal: ANONYMOUS,
      clientAddress,
      clientPort,
      localHost,
      localPort,
      clientSoftwareName: 'unknown',
      clientSoftwareVersion: 'unknown',
      requestTimes: null,
    };
    const connection = new Connection({
      socket,
      peer,
      frameSizeMax: this.#options.frameSizeMax,
      dispatch: this.#options.dispatch,
      clock: this.#options.clock,
      timer: this.#options.timer,
      nextTurn: this.#options.nextTurn,
      memory: this.#options.memory,
      logger: this.#options.logger,
      isOpen: this.#open,
      onClosed: (closed) => this.#forget(closed),
      buffers: this.#options.buffers,
    });
    this.#connections.add(connection);
    this.#acceptedByListener.set(listener.name, (this.#acceptedByListener.get(listener.name) ?? 0) + 1);
    this.#scheduleIdleSweep();
  }

  #refuse(socket: ClientSocket, delayMs: number): void {
    if (delayMs === 0) {
      discard(socket);
      return;
    }
    socket.pause();
    socket.on('error', () => {});
    const closing = this.#options.timer.schedule(delayMs, () => {
      this.#refused.delete(socket);
      discard(socket);
    });
    this.#refused.set(socket, closing);
  }

  #forget(connection: Connection): void {
    if (!this.#connections.delete(connection)) return;
    this.#options.onDisconnected?.(connection.peer);
    this.#options.limits.closed(connection.peer.listenerName, connection.peer.clientAddress);
    if (this.#connections.size === 0) {
      this.#idleTimer?.cancel();
      this.#idleTimer = null;
      this.#whenEmpty?.();
    }
  }

  #scheduleIdleSweep(): void {
    const idleMs = this.#options.connectionsMaxIdleMs;
    if (idleMs < 0 || this.#idleTimer !== null || this.#stopping) return;
    this.#idleTimer = this.#options.timer.schedule(idleMs, () => this.#closeIdle());
  }

  /** Closes what was idle too long and comes back when the next connection may be, yet not for each one separately. */
  #closeIdle(): void {
    this.#idleTimer = null;
    const idleMs = this.#options.connectionsMaxIdleMs;
    const nowMs = this.#options.clock.monotonicMs();
    let oldestMs = nowMs;
    for (const connection of [...this.#connections]) {
      const lastActiveMs = connection.lastActiveMs();
      if (nowMs - lastActiveMs >= idleMs) {
        this.#options.logger.debug('closing an idle connection', { connection: connection.peer.connectionId });
        connection.destroy();
      } else if (lastActiveMs < oldestMs) oldestMs = lastActiveMs;
    }
    if (this.#connections.size === 0 || this.#stopping) return;
    const delayMs = Math.ceil(Math.max(oldestMs + idleMs - nowMs, idleMs / 20, 1));
    this.#idleTimer = this.#options.timer.schedule(delayMs, () => this.#closeIdle());
  }

  async #closeServers(): Promise<void> {
    await Promise.all(this.#servers.splice(0).map((server) => server.close()));
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function isInUse(error: unknown): boolean {
  return codeOf(error) === 'EADDRINUSE';
}

function isAddressMissing(error: unknown): boolean {
  return ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL'].includes(codeOf(error));
}

function bindError(listener: ListenerOptions, port: number, error: unknown): BindError {
  const where = `port ${port} for listener ${listener.name} (${listener.addresses.join(', ') || 'all addresses'})`;
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return new BindError(`Cannot listen on ${where}: the port is already in use. Is another broker running?`);
    case 'EACCES':
      return new BindError(`Cannot listen on ${where}: this user may not use the port.`);
    case 'EADDRNOTAVAIL':
      return new BindError(`Cannot listen on ${where}: this machine has no such address.`);
    case 'ENOTFOUND':
      return new BindError(`Cannot listen on ${where}: the host name is not known.`);
    default:
      return new BindError(`Cannot listen on ${where}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** IPv4 in its own form also where the socket is IPv6. */
function plainAddress(address: string | undefined): string {
  if (address === undefined) return '';
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;
}
