// franz-go against the broker.

import { expect, test } from 'vitest';
import { scope } from '../../support/scope.ts';
import { prepareGo, toolsOf } from '../../support/toolchain.ts';
import {
  clientProgram,
  clientSuite,
  codecs,
  commonScenarios,
  copyScenario,
  expectWholeTopic,
  type SeenRecord,
} from './scenarios.ts';

const toolchain = await prepareGo();

clientSuite('franz-go', toolchain, (broker) => {
  const program = () => clientProgram(toolsOf(toolchain).program);

  commonScenarios('franz', broker, program);

  if (scope.consumerGroupProtocol)
    test('a group of three under the KIP-848 protocol reads every record once', async () => {
      await program().run(broker(), 'create', 'franz-848', 6);
      for (const codec of codecs) await program().run(broker(), 'produce', 'franz-848', 40, codec);
      const read = await program().run(broker(), 'group', 'franz-848', 'franz-848-group', 3, 200, 'consumer');
      expectWholeTopic(read as SeenRecord[][], 40, codecs.length);
    });

  if (!scope.transactions) return;

  copyScenario('franz', broker, program);

  test('transactions: a read_committed consumer sees the committed records only, in order', async () => {
    await program().run(broker(), 'transactions', 'franz-transactions');
    const read = (await program().run(broker(), 'consume', 'franz-transactions', 50, 'read_committed')) as SeenRecord[];
    const expected = [0, 2, 4, 6, 8].flatMap((transaction) =>
      Array.from({ length: 10 }, (_, index) => `committed-${transaction}-${index}`),
    );
    expect(read.map((record) => record.value)).toEqual(expected);
  });
});
