// kafka-python and confluent-kafka (librdkafka) against the broker.

import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RunningBroker } from '../../support/brokers.ts';
import { repositoryPath } from '../../support/processes.ts';
import { scope } from '../../support/scope.ts';
import { preparePython, toolsOf } from '../../support/toolchain.ts';
import {
  type ClientProgram,
  clientProgram,
  clientSuite,
  codecs,
  commonScenarios,
  copyScenario,
  expectWholeTopic,
  type SeenRecord,
} from './scenarios.ts';

const toolchain = await preparePython();

const script = (name: string): (() => ClientProgram) => {
  const path = join(repositoryPath, 'test', 'compat', 'clients', 'python', name);
  return () => clientProgram(toolsOf(toolchain).python, path);
};

function transactionScenarios(name: string, broker: () => RunningBroker, program: () => ClientProgram): void {
  test('transactions: a read_committed consumer sees the committed records only, in order', async () => {
    await program().run(broker(), 'create', `${name}-transactions`, 1);
    const values = await program().run(broker(), 'transactions', `${name}-transactions`);
    const expected = [0, 2, 4, 6, 8].flatMap((transaction) =>
      Array.from({ length: 10 }, (_, index) => `committed-${transaction}-${index}`),
    );
    expect(values).toEqual(expected);
  });

  copyScenario(name, broker, program);
}

clientSuite('kafka-python', toolchain, (broker) => {
  const program = script('kafka_python_client.py');

  commonScenarios('kafka-python', broker, program);

  if (scope.transactions) transactionScenarios('kafka-python', broker, program);
});

clientSuite('confluent-kafka', toolchain, (broker) => {
  const program = script('confluent_client.py');

  commonScenarios('confluent', broker, program);

  if (scope.consumerGroupProtocol)
    test('a group of three under the KIP-848 protocol reads every record once', async () => {
      const topic = 'confluent-848';
      await program().run(broker(), 'create', topic, 6);
      for (const codec of codecs) await program().run(broker(), 'produce', topic, 40, codec);
      const args = [topic, 'confluent-848-group', 3, 200, 'group.protocol=consumer'];
      const read = (await program().run(broker(), 'group', ...args)) as SeenRecord[][];
      expectWholeTopic(read, 40, codecs.length);
    });

  if (scope.transactions) transactionScenarios('confluent', broker, program);
});
