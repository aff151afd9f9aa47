// Thousands of connections that do nothing, and clients that ask and do not read: what they cost in memory, and what another client
// notices of them.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { encodeInto } from '../src/wire/codec.ts';
import { buildBatch } from '../src/wire/records/records.ts';
import { apiVersionsRequest } from '../src/wire/schema/api-versions.ts';
import { fetchRequest } from '../src/wire/schema/fetch.ts';
import { produceRequest } from '../src/wire/schema/produce.ts';
import { requestHeader } from '../src/wire/schema/request-header.ts';
import type { InputOf, MessageSchema } from '../src/wire/schema.ts';
import { Writer } from '../src/wire/writer.ts';
import type { BenchOptions, BenchRow } from './bench.ts';
import { createTopic, waitForEnd } from './log-data.ts';
import { startServer } from './side-by-side.ts';
import { residentMegabytes } from './watch.ts';

/** Few enough that no listen queue overflows. */
const OPENED_AT_ONCE = 100;
const RECORD_BYTES = 900_000;
const RECORDS = 8;
const SLOW_READERS = 4;
/** Each asks for all there is: 200 times 7 MB, read by nobody. */
const FETCHES_UNREAD = 200;
const SETTLE_MS = 1500;
const HEADER_VERSION = 1;
const TOPIC = 'bench';

const RESIDENT_PER_CONNECTION_TARGET_KB = 30;
const SLOW_READER_TARGET_MB = 16;

function frame<S extends MessageSchema>(schema: S, version: number, correlationId: number, body: InputOf<S>): Buffer {
  const writer = new Writer();
  writer.int32(0);
  const header = { requestApiKey: schema.apiKey!, requestApiVersion: version, correlationId, clientId: 'bench' };
  encodeInto(requestHeader, HEADER_VERSION, header, writer);
  encodeInto(schema, version, body, writer);
  const bytes = writer.toBuffer();
  bytes.writeInt32BE(bytes.length - 4, 0);
  return bytes;
}

const askVersions = frame(apiVersionsRequest, 0, 1, {});

function askProduce(valueBytes: number): Buffer {
  const records = buildBatch({ nowMs: 0, records: [{ timestamp: 0, key: null, value: Buffer.alloc(valueBytes) }] });
  const topicData = [{ name: TOPIC, partitionData: [{ index: 0, records }] }];
  return frame(produceRequest, 7, 2, { acks: 1, timeoutMs: 10_000, topicData });
}

function askFetch(fetchOffset: number, maxBytes: number): Buffer {
  const partitions = [{ partition: 0, fetchOffset, partitionMaxBytes: maxBytes }];
  return frame(fetchRequest, 11, 3, { maxWaitMs: 0, minBytes: 0, maxBytes, topics: [{ topic: TOPIC, partitions }] });
}

/** One connection, one request at a time; of an answer only its length is looked at. */
class Client {
  readonly socket: Socket;
  /** Bytes of the answer that are still to come; null before its length is known. */
  #missing: number | null = null;
  #answered: ((error: Error | null) => void) | null = null;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => this.#answered?.(new Error('the broker has closed the connection')));
    socket.on('data', (chunk) => {
      // The length comes in one piece: it is the beginning of an answer's first packet.
      this.#missing = (this.#missing ?? 4 + chunk.readInt32BE(0)) - chunk.length;
      if (this.#missing > 0) return;
      this.#missing = null;
      this.#answered?.(null);
    });
  }

  static async open(port: number): Promise<Client> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    await once(socket, 'connect');
    return new Client(socket);
  }

  ask(request: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#answered = (error) => (error === null ? resolve() : reject(error));
      this.socket.write(request);
    });
  }
}

interface Latency {
  readonly medianMs: number;
  readonly p99Ms: number;
}

/** One record written and one read, again and again. */
async function latency(port: number, roundTrips: number): Promise<Latency> {
  const client = await Client.open(port);
  const [produce, fetch] = [askProduce(100), askFetch(RECORDS, 1000)];
  const samples: number[] = [];
  for (let i = 0; i < roundTrips; i++) {
    const start = performance.now();
    await client.ask(produce);
    await client.ask(fetch);
    samples.push(performance.now() - start);
  }
  client.socket.destroy();
  samples.sort((a, b) => a - b);
  return { medianMs: samples[roundTrips >> 1]!, p99Ms: samples[Math.floor(roundTrips * 0.99)]! };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function benchConnections({ size }: BenchOptions): Promise<BenchRow[]> {
  const connections = size === 'smoke' ? 200 : 5000;
  const roundTrips = { smoke: 50, quick: 2000, full: 10_000 }[size];
  const broker = await startServer('ottla');
  const { port, pid } = broker;
  const sockets: Socket[] = [];
  try {
    await createTopic(broker, TOPIC, {});
    await waitForEnd(broker, TOPIC);
    const writer = await Client.open(port);
    for (let i = 0; i < RECORDS; i++) await writer.ask(askProduce(RECORD_BYTES));
    writer.socket.destroy();
    const alone = await latency(port, roundTrips);
    await pause(SETTLE_MS);
    const residentAlone = residentMegabytes(pid);

    for (let opened = 0; opened < connections; opened += OPENED_AT_ONCE) {
      const batch = await Promise.all(Array.from({ length: OPENED_AT_ONCE }, () => Client.open(port)));
      await Promise.all(batch.map((client) => client.ask(askVersions)));
      sockets.push(...batch.map(({ socket }) => socket));
    }
    await pause(SETTLE_MS);
    const residentIdle = residentMegabytes(pid);
    const amongIdle = await latency(port, roundTrips);
    await pause(SETTLE_MS);
    const residentBefore = residentMegabytes(pid);

    for (let reader = 0; reader < SLOW_READERS; reader++) {
      const { socket } = await Client.open(port);
      socket.pause();
      const fetch = askFetch(0, RECORDS * RECORD_BYTES);
      for (let i = 0; i < FETCHES_UNREAD; i++) socket.write(fetch);
      sockets.push(socket);
    }
    await pause(SETTLE_MS);
    const residentUnread = residentMegabytes(pid);
    const besideSlow = await latency(port, roundTrips);

    const kept = sockets.filter((socket) => !socket.destroyed).length;
    return [
      { name: `connections held, of ${connections + SLOW_READERS}`, value: kept, unit: '' },
      { name: 'resident memory, one client', value: residentAlone, unit: 'MB' },
      { name: `resident memory, ${connections} idle connections`, value: residentIdle, unit: 'MB' },
      {
        name: 'resident memory per idle connection',
        value: ((residentIdle - residentAlone) * 1024) / connections,
        unit: 'kB',
        target: RESIDENT_PER_CONNECTION_TARGET_KB,
      },
      {
        name: `more resident memory per reader that does not read (${FETCHES_UNREAD} fetches of 7 MB)`,
        value: (residentUnread - residentBefore) / SLOW_READERS,
        unit: 'MB',
        target: SLOW_READER_TARGET_MB,
      },
      ...latencyRows('alone', alone),
      ...latencyRows(`among ${connections} idle connections`, amongIdle),
      ...latencyRows(`beside ${SLOW_READERS} slow readers`, besideSlow),
    ];
  } finally {
    for (const socket of sockets) socket.destroy();
    await broker.remove();
  }
}

function latencyRows(where: string, { medianMs, p99Ms }: Latency): BenchRow[] {
  return [
    { name: `produce and fetch, median, ${where}`, value: medianMs, unit: 'ms' },
    { name: `produce and fetch, 99 %, ${where}`, value: p99Ms, unit: 'ms' },
  ];
}
