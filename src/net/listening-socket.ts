/** A port that is listened on, behind functions, so that a simulation can put its own network there. */
import { createServer, isIPv6, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** What the server's side uses of a TCP socket. */
export type ClientSocket = Duplex & Pick<Socket, 'remoteAddress' | 'remotePort' | 'localAddress' | 'localPort'>;

export interface ListenEvents {
  connected(socket: ClientSocket): void;
  /** While accepting; those who are connected go on. */
  failed(error: Error): void;
}

export interface ListeningSocket {
  readonly port: number;
  /** Resolves when the port is free and all its connections are closed. */
  close(): Promise<void>;
}

/** An empty host is every address; port 0 any free one. Rejects with an error of Node's, with its `code`. */
export type Listen = (
  address: { readonly host: string; readonly port: number; readonly backlog: number },
  events: ListenEvents,
) => Promise<ListeningSocket>;

/** Both directions of a socket; above it a reply waits for the client to read. */
const SOCKET_HIGH_WATER_MARK = 64 * 1024;

/** A regular expression that meets a text of this length is compiled at once; otherwise V8 interprets it at first. */
const COMPILING_LENGTH = 1000;

/** TCP. */
export const listenTcp: Listen = ({ host, port, backlog }, events) => {
  const server = createServer(
    { allowHalfOpen: true, noDelay: true, keepAlive: true, highWaterMark: SOCKET_HIGH_WATER_MARK },
    (socket) => events.connected(socket),
  );
  // listen() asks whether the host is an IPv6 address, by an expression that takes 5 ms to prepare for the interpreter, 1 ms to compile.
  if (host.includes(':')) isIPv6(' '.repeat(COMPILING_LENGTH));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...(host === '' ? {} : { host }), port, backlog }, () => {
      server.off('error', reject);
      server.on('error', (error) => events.failed(error));
      const address = server.address();
      resolve({
        port: address !== null && typeof address === 'object' ? address.port : 0,
        close: () => new Promise((closed) => server.close(() => closed())),
      });
    });
  });
};
