// Exactly once through kills: Apache Kafka's TransactionalMessageCopier (a read_committed consumer and a transactional producer with
// sendOffsetsToTransaction) copies 100,000 records in transactions, some of which it aborts at random, while the copier, the broker and
// both are killed with `kill -9` and started again. Under read_committed the output is the input: each record once, in order.

import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Kafka as KafkaClient } from 'kafkajs';
import { afterEach, describe, expect, test } from 'vitest';
import { type RunningBroker, startTested } from '../../support/brokers.ts';
import { type RunningProcess, startProcess } from '../../support/processes.ts';
import { javaArguments, prepareJava, suiteTitle, toolsOf } from '../../support/toolchain.ts';

const { Kafka, Partitioners, logLevel } = kafkajs;

const toolchain = await prepareJava();
const records = 100_000;
const victims = ['copier', 'broker', 'both', 'broker', 'copier', 'both', 'broker', 'copier'] as const;

/** The copier as a process; `copied` is what it has committed, by its own account, in all its lives. */
class Copier {
  readonly #args: string[];
  #before = 0;
  #now = 0;
  #process: RunningProcess;

  constructor(bootstrap: string) {
    this.#args = javaArguments(toolsOf(toolchain), '128m', 'org.apache.kafka.tools.TransactionalMessageCopier', [
      ...[
        '--broker-list',
        bootstrap,
        '--input-topic',
        'copy-in',
        '--input-partition',
        '0',
        '--output-topic',
        'copy-out',
      ],
      ...['--consumer-group', 'copiers', '--transactional-id', 'copier', '--transaction-size', '500'],
      // What a killed copier leaves open is aborted after this time; until then its offsets are not stable.
      ...['--transaction-timeout', '3000', '--enable-random-aborts', '--use-group-metadata'],
    ]);
    this.#process = this.#start();
  }

  get copied(): number {
    return this.#before + this.#now;
  }

  get exited(): Promise<number | null> {
    return this.#process.exited;
  }

  output(): string {
    return this.#process.output().slice(-4000);
  }

  async kill(): Promise<void> {
    await this.#process.stop('SIGKILL');
  }

  restart(): void {
    this.#before += this.#now;
    this.#now = 0;
    this.#process = this.#start();
  }

  #start(): RunningProcess {
    return startProcess('java', this.#args, {
      onStdoutLine: (line) => {
        if (line.startsWith('{')) this.#now = (JSON.parse(line) as { totalProcessed: number }).totalProcessed;
      },
    });
  }
}

describe.skipIf(toolchain.kind === 'missing')(suiteTitle('TransactionalMessageCopier', toolchain), () => {
  let broker: RunningBroker | null = null;
  let copier: Copier | null = null;
  const open: { disconnect(): Promise<void> }[] = [];

  afterEach(async () => {
    await Promise.all(open.splice(0).map((client) => client.disconnect()));
    await copier?.kill();
    await broker?.remove();
  });

  async function writeInput(kafka: KafkaClient): Promise<void> {
    const admin = kafka.admin();
    open.push(admin);
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 'copy-in' }, { topic: 'copy-out' }] });
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    open.push(producer);
    await producer.connect();
    for (let at = 0; at < records; at += 5000) {
      const messages = Array.from({ length: 5000 }, (_, index) => ({ value: String(at + index) }));
      await producer.send({ topic: 'copy-in', acks: -1, messages });
    }
  }

  async function readOutput(kafka: KafkaClient): Promise<string[]> {
    const consumer = kafka.consumer({ groupId: 'reader', readUncommitted: false, maxWaitTimeInMs: 200 });
    open.push(consumer);
    await consumer.connect();
    await consumer.subscribe({ topic: 'copy-out', fromBeginning: true });
    const values: string[] = [];
    let batches = 0;
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: true,
      eachBatch: async ({ batch }) => {
        batches++;
        for (const { value } of batch.messages) values.push(String(value));
      },
    });
    // Anything beyond what was asked for comes at once, too: until nothing has come for a while.
    for (let last = -1, idleMs = 0; idleMs < (values.length < records ? 20_000 : 1000); ) {
      idleMs = batches === last ? idleMs + 100 : 0;
      last = batches;
      await sleep(100);
    }
    return values;
  }

  test(`${records} records in transactions, ${victims.length} kills`, async () => {
    broker = await startTested({
      properties: { 'transaction.abort.timed.out.transaction.cleanup.interval.ms': '200' },
    });
    const kafka = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING });
    await writeInput(kafka);
    copier = new Copier(broker.bootstrap);

    // A copier that finds no way on after a kill of the broker may end by itself: it is started again, as an operator would.
    let exitCode: number | null = null;
    let livesLeft = 20;
    const supervised = async (running: Copier): Promise<void> => {
      while (exitCode !== 0) {
        exitCode = await running.exited;
        if (exitCode === 0) return;
        expect(livesLeft--, running.output()).toBeGreaterThan(0);
        running.restart();
      }
    };
    const done = supervised(copier);
    for (const [round, victim] of victims.entries()) {
      const target = ((round + 1) * records) / (victims.length + 2);
      while (copier.copied < target && exitCode !== 0) await sleep(5);
      expect(exitCode, 'the copier is at work when the kill comes').not.toBe(0);
      // Not always in the same moment of a transaction.
      await sleep(Math.random() * 50);
      if (victim !== 'broker') await copier.kill();
      if (victim !== 'copier') {
        await broker.kill();
        await broker.restart();
      }
    }
    await done;

    const values = await readOutput(kafka);
    expect(values.length).toBe(records);
    expect(values.findIndex((value, index) => value !== String(index))).toBe(-1);
  }, 400_000);
});
