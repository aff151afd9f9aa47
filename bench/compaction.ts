// One compaction of a log in which each key was written ten times, from the moment the topic becomes compacted until the checkpoint says
// that it is clean; memory and answers meanwhile.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningBroker } from '../test/support/brokers.ts';
import { RawConnection } from '../test/support/raw-client.ts';
import type { BenchOptions, BenchRow, BenchSize } from './bench.ts';
import { createTopic, fillPartition, recordsPerBatch, request, waitForEnd } from './log-data.ts';
import { alternate, residentMegabytes, rowOf, startServer } from './side-by-side.ts';

const TOPIC = 'compacted';
const RECORDS: Readonly<Record<BenchSize, number>> = { smoke: 100_000, quick: 1_000_000, full: 10_000_000 };
const DEDUPE_BUFFER_MB = 128;
const PING_MS = 5;
const ALTER_SET = 0;
const TOPIC_RESOURCE = 2;

/** What `cleaner-offset-checkpoint` says of the topic; -1 for nothing. */
function cleanEnd(dataPath: string): number {
  const path = join(dataPath, 'cleaner-offset-checkpoint');
  if (!existsSync(path)) return -1;
  return Number(new RegExp(`^${TOPIC} 0 (\\d+)$`, 'm').exec(readFileSync(path, 'utf8'))?.[1] ?? -1);
}

/** Sends the smallest request again and again; how long answers took. */
function pings(broker: RunningBroker): { stop(): Promise<number[]> } {
  let running = true;
  const times: number[] = [];
  const done = (async () => {
    const connection = await RawConnection.open({ host: '127.0.0.1', port: broker.port });
    while (running) {
      const startMs = performance.now();
      await connection.send({ api: 'ApiVersions', version: 0 }, 60_000);
      times.push(performance.now() - startMs);
      await sleep(PING_MS);
    }
    connection.close();
  })();
  return {
    async stop() {
      running = false;
      await done;
      return times.sort((a, b) => a - b);
    },
  };
}

export async function benchCompaction({ size }: BenchOptions): Promise<BenchRow[]> {
  const shape = { batchSize: 16_384, recordSize: 100, keyCount: RECORDS[size] / 10, count: 0 };
  const count = Math.floor(RECORDS[size] / recordsPerBatch(shape));
  const samples = await alternate(1, async (kind) => {
    const broker = await startServer(kind, {
      'log.cleaner.backoff.ms': '100',
      'log.cleaner.dedupe.buffer.size': String(DEDUPE_BUFFER_MB * 1_048_576),
    });
    try {
      const segmentBytes = size === 'smoke' ? 1_048_576 : 104_857_600;
      const configs = { 'segment.bytes': String(segmentBytes), 'min.cleanable.dirty.ratio': '0.01' };
      await createTopic(broker, TOPIC, configs);
      await waitForEnd(broker, TOPIC);
      await broker.stop();
      await fillPartition(broker.dataPath, TOPIC, { ...shape, count }, { segmentBytes });
      await broker.restart();
      await waitForEnd(broker, TOPIC);
      await sleep(size === 'smoke' ? 0 : 2000);
      const before = residentMegabytes(broker.pid);
      const pinging = pings(broker);
      const startMs = performance.now();
      await request(broker, 'IncrementalAlterConfigs', 1, {
        resources: [
          {
            resourceType: TOPIC_RESOURCE,
            resourceName: TOPIC,
            configs: [{ name: 'cleanup.policy', configOperation: ALTER_SET, value: 'compact' }],
          },
        ],
        validateOnly: false,
      });
      let peak = before;
      while (cleanEnd(broker.dataPath) <= 0) {
        peak = Math.max(peak, residentMegabytes(broker.pid));
        await sleep(20);
      }
      const time = performance.now() - startMs;
      const answers = await pinging.stop();
      return {
        time,
        memory: peak - before,
        p99: answers[Math.floor(answers.length * 0.99)] ?? 0,
      };
    } finally {
      await broker.remove();
    }
  });
  const what = `compaction of ${RECORDS[size].toLocaleString('en')} records`;
  const memory = rowOf(samples, 'memory', { name: `${what}: peak extra memory`, unit: 'MB' });
  const p99 = rowOf(samples, 'p99', { name: `${what}: answers meanwhile, p99`, unit: 'ms' });
  return [
    rowOf(samples, 'time', { name: `${what}: until it is clean`, unit: 'ms', target: 1 }),
    memory,
    { name: `${what}: peak extra memory of Ottla`, value: memory.value, unit: 'MB', target: DEDUPE_BUFFER_MB + 64 },
    p99,
    { name: `${what}: answers of Ottla meanwhile, p99`, value: p99.value, unit: 'ms', target: 20 },
  ];
}
