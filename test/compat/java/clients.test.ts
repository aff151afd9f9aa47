// Apache Kafka's Java clients, unmodified, against Ottla and against Apache Kafka: groups under both protocols, and transactions. The
// scenarios are in programs/ClientScenarios.java; what the application sees in each has to be the same with both brokers.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningBroker, startApacheKafka, startTested } from '../../support/brokers.ts';
import { runOrThrow } from '../../support/processes.ts';
import { prepareJava, programArguments, suiteTitle, toolsOf } from '../../support/toolchain.ts';

const toolchain = await prepareJava();

/** The program's output, by scenario. */
async function runScenarios(broker: RunningBroker): Promise<Map<string, string>> {
  const args = programArguments(toolsOf(toolchain), '384m', 'ClientScenarios', [broker.bootstrap]);
  const output = await runOrThrow('java', args, { timeoutMs: 240_000 });
  const scenarios = new Map<string, string>();
  let name = '';
  for (const line of output.split('\n').filter(Boolean)) {
    if (!line.startsWith(' ')) name = line;
    scenarios.set(name, line.startsWith(' ') ? `${scenarios.get(name)}${line.trim()}\n` : '');
  }
  return scenarios;
}

describe.skipIf(toolchain.kind === 'missing')(suiteTitle('Apache Kafka 4.3.1 Java clients', toolchain), () => {
  const brokers: RunningBroker[] = [];

  beforeAll(async () => {
    const java = toolsOf(toolchain);
    const properties = {
      'group.min.session.timeout.ms': '1000',
      'transaction.abort.timed.out.transaction.cleanup.interval.ms': '200',
    };
    brokers.push(...(await Promise.all([startTested({ properties }), startApacheKafka(java, { properties })])));
  }, 120_000);

  afterAll(async () => {
    await Promise.all(brokers.map((broker) => broker.remove()));
  });

  test('groups and transactions look the same to the application', async () => {
    const [ottla, apache] = await Promise.all(brokers.map(runScenarios));
    expect(ottla!.size).toBeGreaterThan(30);
    for (const [name, text] of apache!) expect.soft(`${name}\n${ottla!.get(name)}`).toBe(`${name}\n${text}`);
    // Two sides that fail alike would look the same as well.
    for (const [name, text] of ottla!) expect.soft(text, name).not.toContain('ended with');
  }, 260_000);
});
