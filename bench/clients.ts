// Other people's clients, each with the defaults that its users have: kafkajs in this process, confluent-kafka (librdkafka) in Python.
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import type { RunningBroker } from '../test/support/brokers.ts';
import { repositoryPath, runOrThrow } from '../test/support/processes.ts';
import { preparePython } from '../test/support/toolchain.ts';
import type { BenchOptions, BenchRow } from './bench.ts';
import { createTopic, waitForEnd } from './log-data.ts';
import { alternate, ROUNDS_UNJUDGED, rowOf, startServer } from './side-by-side.ts';
import { cpuSeconds } from './watch.ts';

const RECORD_BYTES = 1000;
const RECORDS_IN_SEND = 100;
/** Sends of kafkajs that wait at the same time. */
const SENDS = 4;

interface Rates {
  readonly produce: number;
  readonly consume: number;
  /** Processor time of the broker for both, in microseconds per record. */
  readonly cpu: number;
}

async function kafkajsRates(
  { bootstrap }: RunningBroker,
  records: number,
): Promise<{ produce: number; consume: number }> {
  const topic = 'kafkajs';
  const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING });
  const producer = kafka.producer();
  await producer.connect();
  const messages = Array.from({ length: RECORDS_IN_SEND }, () => ({ value: Buffer.alloc(RECORD_BYTES, 'o') }));
  await producer.send({ topic, messages });
  const startMs = performance.now();
  let left = Math.ceil(records / RECORDS_IN_SEND);
  const sent = left * RECORDS_IN_SEND;
  await Promise.all(
    Array.from({ length: SENDS }, async () => {
      while (left-- > 0) await producer.send({ topic, messages });
    }),
  );
  const produce = (sent * 1000) / (performance.now() - startMs);
  await producer.disconnect();
  const consumer = kafka.consumer({ groupId: 'bench' });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  let seen = 0;
  const runMs = performance.now();
  const consume = await new Promise<number>((resolve, reject) => {
    const eachBatch = async ({ batch }: { batch: { messages: readonly unknown[] } }): Promise<void> => {
      seen += batch.messages.length;
      if (seen >= sent) resolve((seen * 1000) / (performance.now() - runMs));
    };
    consumer.run({ eachBatch }).catch(reject);
  });
  await consumer.disconnect();
  return { produce, consume };
}

async function confluentRates(
  python: string,
  { bootstrap }: RunningBroker,
  records: number,
): Promise<{ produce: number; consume: number }> {
  const script = join(repositoryPath, 'bench', 'confluent.py');
  const args = [script, bootstrap, 'confluent', String(records), String(RECORD_BYTES)];
  const [produce, consume] = (await runOrThrow(python, args, { timeoutMs: 300_000 })).trim().split(' ').map(Number);
  return { produce: produce!, consume: consume! };
}

export async function benchClients({ size }: BenchOptions): Promise<BenchRow[]> {
  const python = await preparePython();
  const records = { smoke: 1000, quick: 50_000, full: 500_000 }[size];
  const clients: { name: string; rates: (broker: RunningBroker) => Promise<{ produce: number; consume: number }> }[] = [
    { name: 'kafkajs', rates: (broker) => kafkajsRates(broker, records) },
  ];
  if (python.kind === 'ready') {
    const rates = (broker: RunningBroker) => confluentRates(python.tools.python, broker, records);
    clients.push({ name: 'confluent', rates });
  } else console.log(`  confluent-kafka is left out: ${python.what} missing`);
  const rows: BenchRow[] = [];
  for (const { name, rates } of clients) {
    const samples = await alternate(ROUNDS_UNJUDGED[size], async (kind): Promise<Rates & Record<string, number>> => {
      const broker = await startServer(kind);
      try {
        await createTopic(broker, name, {});
        await waitForEnd(broker, name);
        const before = cpuSeconds(broker.pid);
        const { produce, consume } = await rates(broker);
        return { produce, consume, cpu: ((cpuSeconds(broker.pid) - before) * 1e6) / records };
      } finally {
        await broker.remove();
      }
    });
    const client = name === 'kafkajs' ? 'kafkajs' : 'confluent-kafka';
    rows.push(
      rowOf(samples, 'produce', { name: `${client} produces ${RECORD_BYTES} B`, unit: 'records/s' }),
      rowOf(samples, 'consume', { name: `${client} consumes them`, unit: 'records/s' }),
      rowOf(samples, 'cpu', { name: `${client}: broker CPU for both, per record`, unit: 'µs' }),
    );
  }
  return rows;
}
