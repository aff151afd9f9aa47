// A producer and a consumer for half an hour (SOAK_MINUTES), with retention at work: memory has to stay flat.
import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { type BenchOptions, type BenchRow, median } from './bench.ts';
import { createTopic, waitForEnd } from './log-data.ts';
import { produceRecords } from './produce.ts';
import { startServer } from './side-by-side.ts';
import { cpuSeconds, residentMegabytes } from './watch.ts';

const TOPIC = 'soaked';
const RECORDS_PER_SECOND = 20_000;
const SAMPLE_MS = 2000;
/** What the heap does between two collections is not growth. */
const FLAT = 1.1;
const workload = { recordBytes: 1000, acks: 'all', batchBytes: 16_384, compression: 'none' } as const;

export async function benchSoak({ size }: BenchOptions): Promise<BenchRow[]> {
  const minutes = size === 'smoke' ? 0.2 : Number(process.env['SOAK_MINUTES'] ?? 30);
  const broker = await startServer('ottla', { 'log.retention.check.interval.ms': '10000' });
  const consumer = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING }).consumer({ groupId: 'soak' });
  try {
    // A few segments, so that files come and go all the time.
    const configs = { 'retention.bytes': '268435456', 'segment.bytes': '67108864', 'file.delete.delay.ms': '1000' };
    await createTopic(broker, TOPIC, configs, 4);
    await waitForEnd(broker, TOPIC);
    await consumer.connect();
    await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
    let consumed = 0;
    await consumer.run({
      eachBatch: async ({ batch }) => {
        consumed += batch.messages.length;
      },
    });
    const records = Math.round(minutes * 60 * RECORDS_PER_SECOND);
    const samples: number[] = [];
    let isProducing = true;
    const sampling = (async () => {
      while (isProducing) {
        samples.push(residentMegabytes(broker.pid));
        await sleep(SAMPLE_MS);
      }
    })();
    const before = cpuSeconds(broker.pid);
    const rate = await produceRecords(broker.bootstrap, TOPIC, workload, {
      records,
      recordsPerSecond: RECORDS_PER_SECOND,
    });
    const cpu = cpuSeconds(broker.pid) - before;
    isProducing = false;
    await sampling;
    const third = Math.floor(samples.length / 3);
    const [second, last] = [median(samples.slice(third, 2 * third)), median(samples.slice(2 * third))];
    const what = `resident memory over ${minutes} minutes`;
    return [
      { name: 'produced', value: rate, unit: 'records/s' },
      { name: 'consumed meanwhile, of all', value: (100 * consumed) / records, unit: '%' },
      { name: 'broker CPU', value: (cpu * 1000) / (minutes * 60), unit: 'ms/s' },
      { name: 'resident memory in the second third, median', value: second, unit: 'MB' },
      { name: 'resident memory in the last third, median', value: last, unit: 'MB' },
      { name: `${what}: last third in units of the one before`, value: last / second, unit: '×', target: FLAT },
    ];
  } finally {
    await consumer.disconnect();
    await broker.remove();
  }
}
