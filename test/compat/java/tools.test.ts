// Apache Kafka 4.3.1's own command line tools against Ottla. Where the output can be compared, the same run is made against an Apache
// Kafka 4.3.1 broker with the same settings, and both texts have to be equal after ids, times and addresses are taken out.
//
// One broker of each kind and one tool JVM for each serve all suites, since starting them is most of the cost; so the suites are
// functions called here in order, and each uses topics and groups of its own.

import { afterAll, beforeAll, describe } from 'vitest';
import { startApacheKafka, startTested } from '../../support/brokers.ts';
import { prepareJava, suiteTitle, toolsOf } from '../../support/toolchain.ts';
import { Side, type Sides } from './comparison.ts';
import { configSuite } from './configs.ts';
import { consoleSuite } from './console.ts';
import { dumpLogSuite } from './dump-log.ts';
import { formatterSuite } from './formatters.ts';
import { groupSuite } from './groups.ts';
import { loadSuite } from './load.ts';
import { offsetSuite } from './offsets.ts';
import { quotaSuite } from './quotas.ts';
import { ToolHost } from './tool-host.ts';
import { topicSuite } from './topics.ts';
import { transactionSuite } from './transactions.ts';
import { wrapperSuite } from './wrappers.ts';

const toolchain = await prepareJava();

describe.skipIf(toolchain.kind === 'missing')(
  suiteTitle('Apache Kafka 4.3.1 tools', toolchain),
  { timeout: 90_000 },
  () => {
    let sides: Sides | null = null;
    const get = (): Sides => {
      if (sides === null) throw new Error('the brokers did not start');
      return sides;
    };

    beforeAll(async () => {
      const java = toolsOf(toolchain);
      const [ottla, apache] = await Promise.all([startTested(), startApacheKafka(java)]);
      sides = { ottla: new Side(ottla, new ToolHost(java)), apache: new Side(apache, new ToolHost(java)) };
    }, 120_000);

    afterAll(async () => {
      for (const side of sides === null ? [] : [sides.ottla, sides.apache]) {
        await side.host.stop();
        await side.broker.remove();
      }
    });

    topicSuite(get);
    configSuite(get);
    consoleSuite(get);
    groupSuite(get);
    offsetSuite(get);
    loadSuite(get);
    quotaSuite(get);
    transactionSuite(get);
    formatterSuite(get);
    wrapperSuite(get, () => toolsOf(toolchain));
    // From here on both brokers are stopped.
    dumpLogSuite(get);
  },
);
