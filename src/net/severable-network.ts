/** A node's network that can be cut, in both directions and at once, and mended: for tests of what others do then. */
import type { ClientSocket, Listen } from './listening-socket.ts';
import type { NodeSocket, NodeSocketFactory, SocketEvents } from './node-socket.ts';

const REASON = 'the network is cut';

export class SeverableNetwork {
  readonly #listen: Listen;
  readonly #openSocket: NodeSocketFactory;
  readonly #incoming = new Set<ClientSocket>();
  /** Each ends one outgoing connection. */
  readonly #outgoing = new Set<() => void>();
  #isCut = false;

  constructor(beneath: { readonly listen: Listen; readonly openSocket: NodeSocketFactory }) {
    this.#listen = beneath.listen;
    this.#openSocket = beneath.openSocket;
  }

  /** Connections break; new ones are closed as soon as they come, and none gets out. */
  cut(): void {
    this.#isCut = true;
    for (const socket of [...this.#incoming]) socket.destroy();
    for (const sever of [...this.#outgoing]) sever();
  }

  mend(): void {
    this.#isCut = false;
  }

  readonly listen: Listen = (address, events) =>
    this.#listen(address, {
      failed: (error) => events.failed(error),
      connected: (socket) => {
        if (this.#isCut) {
          socket.on('error', () => undefined);
          socket.destroy();
          return;
        }
        this.#incoming.add(socket);
        socket.once('close', () => this.#incoming.delete(socket));
        events.connected(socket);
      },
    });

  readonly openSocket: NodeSocketFactory = (address, events) => {
    if (this.#isCut) return refused(events);
    const socket = this.#openSocket(address, {
      connected: () => events.connected(),
      data: (chunk) => events.data(chunk),
      closed: (reason) => {
        this.#outgoing.delete(sever);
        events.closed(reason);
      },
    });
    const sever = (): void => {
      this.#outgoing.delete(sever);
      socket.destroy();
      events.closed(REASON);
    };
    this.#outgoing.add(sever);
    return {
      write: (chunks) => socket.write(chunks),
      destroy: () => {
        this.#outgoing.delete(sever);
        socket.destroy();
      },
    };
  };
}

/** Tells so later, as a socket does: whoever opens it has it in hand by then. */
function refused(events: SocketEvents): NodeSocket {
  let isDestroyed = false;
  queueMicrotask(() => {
    if (!isDestroyed) events.closed(REASON);
  });
  return {
    write: () => undefined,
    destroy: () => {
      isDestroyed = true;
    },
  };
}
