import type { Dispatch, Peer, Reply } from '../net/connection.ts';

/**
 * Stands in for the broker's dispatch while sockets are bound, because ports are known before the parts that answer exist.
 * Connections are not read from until the socket server is opened, so nothing asks before `open`.
 */
export class DispatchGate {
  #dispatch: Dispatch | null = null;

  open(dispatch: Dispatch): void {
    this.#dispatch = dispatch;
  }

  readonly dispatch = (frame: Buffer, peer: Peer): Reply | Promise<Reply> =>
    this.#dispatch === null ? { close: 'the broker is starting' } : this.#dispatch(frame, peer);
}
