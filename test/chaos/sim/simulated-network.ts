/**
 * TCP between simulated machines. Bytes of one direction arrive in their order, after a delay; a blocked direction keeps them back
 * until it is mended, as retransmission would, so that a partition may be one-way. Connections break when they are told to, when the
 * process at one end dies (the other end hears of it), or when its machine loses power (it hears nothing until that is back).
 */
import { Duplex } from 'node:stream';
import type { Random } from '../../../src/base/random.ts';
import type { Listen, ListenEvents } from '../../../src/net/listening-socket.ts';
import type { NodeSocketFactory, SocketEvents } from '../../../src/net/node-socket.ts';
import { crc32c } from '../../../src/wire/crc32c.ts';
import { Life, type VirtualTime } from './virtual-time.ts';

type Segment =
  | { readonly kind: 'open' | 'accepted' | 'end' | 'reset' }
  | { readonly kind: 'data'; readonly bytes: Buffer };

/** What is on its way and not there yet, at most, before the writer has to wait. */
const WINDOW_BYTES = 256 * 1024;
const RETRANSMISSION_MS_MAX = 200;
const SERVER_HIGH_WATER_MARK = 64 * 1024;

/** One direction of a connection. */
class Pipe {
  readonly from: string;
  readonly to: string;
  receive: (segment: Segment) => void = () => undefined;
  /** Called when there is room again. */
  whenRoom: (() => void) | null = null;
  isCut = false;
  #bytesOnTheWay = 0;
  #lastArrivalMs = 0;
  readonly #heldBack: Segment[] = [];
  readonly #network: SimulatedNetwork;

  constructor(network: SimulatedNetwork, from: string, to: string) {
    this.#network = network;
    this.from = from;
    this.to = to;
  }

  get hasRoom(): boolean {
    return this.#bytesOnTheWay < WINDOW_BYTES;
  }

  send(segment: Segment): void {
    if (this.isCut) return;
    const { time } = this.#network;
    if (segment.kind === 'data') this.#bytesOnTheWay += segment.bytes.length;
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, time.nowMs + this.#network.delayMs(this.from, this.to));
    time.schedule(
      this.#network.life,
      this.#lastArrivalMs - time.nowMs,
      `${this.from}>${this.to} ${segment.kind}`,
      () => {
        this.#heldBack.push(segment);
        this.flush();
      },
    );
  }

  flush(): void {
    while (this.#heldBack.length > 0 && !this.isCut && !this.#network.isBlocked(this.from, this.to)) {
      const segment = this.#heldBack.shift()!;
      if (segment.kind === 'data') {
        this.#network.time.note(`${segment.bytes.length} bytes ${crc32c(segment.bytes, 0, segment.bytes.length)}`);
        this.#bytesOnTheWay -= segment.bytes.length;
      }
      this.receive(segment);
    }
    if (this.hasRoom) {
      const { whenRoom } = this;
      this.whenRoom = null;
      whenRoom?.();
    }
  }
}

/** The server's end, as `node:net` would have it. */
class ServerSocket extends Duplex {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly #connection: Connection;

  constructor(connection: Connection) {
    super({ allowHalfOpen: true, highWaterMark: SERVER_HIGH_WATER_MARK });
    this.#connection = connection;
    this.remoteAddress = connection.clientHost;
    this.remotePort = connection.clientPort;
    this.localAddress = connection.serverHost;
    this.localPort = connection.serverPort;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.#connection.serverWrites(Buffer.from(chunk), callback);
  }

  override _writev(chunks: { chunk: Buffer }[], callback: () => void): void {
    this.#connection.serverWrites(Buffer.concat(chunks.map(({ chunk }) => chunk)), callback);
  }

  override _final(callback: () => void): void {
    this.#connection.serverEnds();
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#connection.serverCloses();
    callback(error);
  }
}

class Connection {
  readonly clientHost: string;
  readonly clientPort: number;
  readonly serverHost: string;
  readonly serverPort: number;
  readonly #network: SimulatedNetwork;
  readonly #toServer: Pipe;
  readonly #toClient: Pipe;
  readonly #clientLife: Life;
  readonly #events: SocketEvents;
  #serverLife: Life | null = null;
  #socket: ServerSocket | null = null;
  #clientIsOver = false;
  #serverIsOver = false;

  constructor(
    network: SimulatedNetwork,
    client: { readonly host: string; readonly port: number; readonly life: Life },
    server: { readonly host: string; readonly port: number },
    events: SocketEvents,
  ) {
    this.#network = network;
    this.clientHost = client.host;
    this.clientPort = client.port;
    this.#clientLife = client.life;
    this.serverHost = server.host;
    this.serverPort = server.port;
    this.#events = events;
    this.#toServer = new Pipe(network, client.host, server.host);
    this.#toClient = new Pipe(network, server.host, client.host);
    this.#toServer.receive = (segment) => this.#atServer(segment);
    this.#toClient.receive = (segment) => this.#atClient(segment);
  }

  get pipes(): readonly Pipe[] {
    return [this.#toServer, this.#toClient];
  }

  open(): void {
    this.#toServer.send({ kind: 'open' });
  }

  clientWrites(chunks: readonly Buffer[]): void {
    if (!this.#clientIsOver && !this.#clientLife.isOver)
      this.#toServer.send({ kind: 'data', bytes: Buffer.concat(chunks) });
  }

  clientCloses(): void {
    if (this.#clientIsOver || this.#clientLife.isOver) return;
    this.#clientIsOver = true;
    this.#toServer.send({ kind: 'end' });
    this.#forgetWhenOver();
  }

  serverWrites(bytes: Buffer, callback: () => void): void {
    if (this.#serverLife?.isOver !== false) return;
    this.#toClient.send({ kind: 'data', bytes });
    if (this.#toClient.hasRoom) callback();
    else this.#toClient.whenRoom = callback;
  }

  serverEnds(): void {
    if (this.#serverLife?.isOver === false) this.#toClient.send({ kind: 'end' });
  }

  serverCloses(): void {
    if (this.#serverIsOver || this.#serverLife?.isOver !== false) return;
    this.#serverIsOver = true;
    this.#toClient.send({ kind: 'reset' });
    this.#forgetWhenOver();
  }

  /** Both ends hear of it, and what is on its way is lost. */
  break(): void {
    for (const pipe of this.pipes) pipe.isCut = true;
    this.#network.forget(this);
    const { time } = this.#network;
    time.schedule(this.#clientLife, this.#network.delayMs(this.serverHost, this.clientHost), 'broken', () =>
      this.#clientClosed('the connection was reset'),
    );
    if (this.#serverLife === null) return;
    time.schedule(this.#serverLife, this.#network.delayMs(this.clientHost, this.serverHost), 'broken', () =>
      this.#serverBroken(),
    );
  }

  /** The process on `host` is gone: its machine says so, unless it is gone, too. */
  hostDied(host: string, isPowerless: boolean): void {
    const [toPeer, toHost] =
      host === this.clientHost ? [this.#toServer, this.#toClient] : [this.#toClient, this.#toServer];
    toHost.isCut = true;
    if (host === this.clientHost) this.#clientIsOver = true;
    else this.#serverIsOver = true;
    // What had left is on its way. Of a machine without power the other end hears nothing more before it is back.
    if (!isPowerless) toPeer.send({ kind: 'reset' });
    this.#forgetWhenOver();
  }

  /** A machine that knows nothing of the connection answers what its peer sends again. */
  hostIsBack(host: string): void {
    const toPeer = host === this.clientHost ? this.#toServer : this.#toClient;
    const isDead = host === this.clientHost ? this.#clientIsOver : this.#serverIsOver;
    if (isDead) toPeer.send({ kind: 'reset' });
  }

  #atServer(segment: Segment): void {
    if (segment.kind === 'open') {
      this.#accept();
      return;
    }
    const socket = this.#socket;
    if (socket === null || this.#serverIsOver || this.#serverLife?.isOver !== false || socket.destroyed) return;
    if (segment.kind === 'data') socket.push(segment.bytes);
    else if (segment.kind === 'end') socket.push(null);
    else this.#serverBroken();
  }

  #serverBroken(): void {
    this.#serverIsOver = true;
    this.#forgetWhenOver();
    this.#socket?.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
  }

  #accept(): void {
    const { state, port } = this.#network.listenerAt(this.serverHost, this.serverPort);
    if (state === 'powerless') return;
    if (port === null) {
      this.#serverIsOver = true;
      this.#toClient.send({ kind: 'reset' });
      return;
    }
    this.#serverLife = port.life;
    this.#socket = new ServerSocket(this);
    this.#toClient.send({ kind: 'accepted' });
    port.events.connected(this.#socket);
  }

  #atClient(segment: Segment): void {
    if (this.#clientIsOver || this.#clientLife.isOver) {
      // Nobody reads any more.
      if (segment.kind === 'data') this.#toServer.send({ kind: 'reset' });
      return;
    }
    if (segment.kind === 'accepted') this.#events.connected();
    else if (segment.kind === 'data') this.#events.data(segment.bytes);
    else {
      this.#toServer.send({ kind: 'end' });
      this.#clientClosed(segment.kind === 'end' ? 'the connection was closed' : 'the connection was reset');
    }
  }

  #clientClosed(reason: string): void {
    if (this.#clientIsOver) return;
    this.#clientIsOver = true;
    this.#forgetWhenOver();
    this.#events.closed(reason);
  }

  #forgetWhenOver(): void {
    if (this.#clientIsOver && this.#serverIsOver) this.#network.forget(this);
  }
}

interface Port {
  readonly life: Life;
  readonly events: ListenEvents;
}

export class SimulatedNetwork {
  readonly time: VirtualTime;
  /** Of the wires: what is on them arrives whoever sent it. */
  readonly life = new Life();
  /** One way, on average; single ones take up to four times as long. */
  meanDelayMs = 1;
  readonly #random: Random;
  readonly #ports = new Map<string, Port>();
  readonly #powerless = new Set<string>();
  readonly #blocked = new Set<string>();
  readonly #slowness = new Map<string, number>();
  readonly #connections = new Set<Connection>();
  #nextPort = 40_000;

  constructor(time: VirtualTime, random: Random) {
    this.time = time;
    this.#random = random;
  }

  listen(host: string, life: Life): Listen {
    return async ({ port }, events) => {
      const key = `${host}:${port}`;
      this.#ports.set(key, { life, events });
      return {
        port,
        close: async () => {
          if (this.#ports.get(key)?.life === life) this.#ports.delete(key);
        },
      };
    };
  }

  /** Outgoing connections of a process. */
  opener(host: string, life: Life): NodeSocketFactory {
    return (server, events) => {
      const connection = new Connection(this, { host, port: this.#nextPort++, life }, server, events);
      this.#connections.add(connection);
      connection.open();
      return {
        write: (chunks) => connection.clientWrites(chunks),
        destroy: () => connection.clientCloses(),
      };
    };
  }

  listenerAt(host: string, port: number): { readonly state: 'up' | 'powerless'; readonly port: Port | null } {
    if (this.#powerless.has(host)) return { state: 'powerless', port: null };
    const found = this.#ports.get(`${host}:${port}`);
    return { state: 'up', port: found === undefined || found.life.isOver ? null : found };
  }

  hostDied(host: string, isPowerless: boolean): void {
    if (isPowerless) this.#powerless.add(host);
    for (const connection of this.#of(host)) {
      connection.hostDied(host, isPowerless);
    }
  }

  hostIsBack(host: string): void {
    if (!this.#powerless.delete(host)) return;
    for (const connection of this.#of(host)) connection.hostIsBack(host);
  }

  block(from: string, to: string): void {
    this.#blocked.add(`${from}>${to}`);
  }

  isBlocked(from: string, to: string): boolean {
    return this.#blocked.has(`${from}>${to}`);
  }

  slow(from: string, to: string, factor: number): void {
    this.#slowness.set(`${from}>${to}`, factor);
  }

  /** Everything is mended; what was kept back comes with the next retransmission. */
  heal(): void {
    this.#blocked.clear();
    this.#slowness.clear();
    for (const connection of this.#connections) {
      for (const pipe of connection.pipes) {
        this.time.schedule(this.life, this.#random.nextInt(RETRANSMISSION_MS_MAX), 'retransmission', () =>
          pipe.flush(),
        );
      }
    }
  }

  breakOne(): void {
    const all = [...this.#connections];
    if (all.length > 0) all[this.#random.nextInt(all.length)]!.break();
  }

  delayMs(from: string, to: string): number {
    const factor = this.#slowness.get(`${from}>${to}`) ?? 1;
    const luck = 0.25 + (this.#random.nextInt(1000) / 1000) ** 3 * 4;
    return this.meanDelayMs * factor * luck;
  }

  forget(connection: Connection): void {
    this.#connections.delete(connection);
  }

  #of(host: string): Connection[] {
    return [...this.#connections].filter(({ clientHost, serverHost }) => clientHost === host || serverHost === host);
  }
}
