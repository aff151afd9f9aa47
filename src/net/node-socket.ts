/** An outgoing socket behind callbacks, so that a simulation can put its own network there. */
import { connect } from 'node:net';

export interface SocketEvents {
  connected(): void;
  data(chunk: Buffer): void;
  /** Once, and last. The message says why, in words for a log line. */
  closed(reason: string): void;
}

export interface NodeSocket {
  write(chunks: readonly Buffer[]): void;
  /** Closes at once; no event follows. */
  destroy(): void;
}

export type NodeSocketFactory = (
  address: { readonly host: string; readonly port: number },
  events: SocketEvents,
) => NodeSocket;

/** TCP. */
export const openNodeSocket: NodeSocketFactory = ({ host, port }, events) => {
  const socket = connect({ host, port, noDelay: true, keepAlive: true });
  let reason: string | null = null;
  let over = false;
  socket.on('connect', () => events.connected());
  socket.on('data', (chunk: Buffer) => events.data(chunk));
  socket.on('error', (error) => {
    reason = error.message;
  });
  socket.on('close', () => {
    if (over) return;
    over = true;
    events.closed(reason ?? 'the connection was closed');
  });
  return {
    write: (chunks) => {
      socket.cork();
      for (const chunk of chunks) socket.write(chunk);
      socket.uncork();
    },
    destroy: () => {
      over = true;
      socket.destroy();
    },
  };
};
