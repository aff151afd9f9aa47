// The tools that are about several brokers, unmodified, against three of Ottla. What they have to print was recorded from three of Apache Kafka
// 4.3.1 with the same settings (cluster-expected.json), because three more virtual machines are too slow for every run: `npm run
// record:cluster-tools` records it anew. With OTTLA_TOOLS_ONLY=<text>,…, only scripts with that in
// their name are run.

import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BrokerCluster, startApacheCluster, startOttlaCluster } from '../../support/broker-cluster.ts';
import { prepareJava, suiteTitle, toolsOf } from '../../support/toolchain.ts';
import { Side } from '../java/comparison.ts';
import { ToolHost } from '../java/tool-host.ts';
import { threeBrokerScripts } from './cases/three-brokers.ts';
import { clusterExpectedPath, type ExpectedScript, fingerprint, readClusterExpected } from './results.ts';
import { type Outcome, runScripts } from './run-scripts.ts';

const toolchain = await prepareJava();
const recording = process.env['OTTLA_TOOLS_RECORD'] === '1';
const only = process.env['OTTLA_TOOLS_ONLY'];
const scripts = threeBrokerScripts.filter(
  ({ name }) => only === undefined || only.split(',').some((text) => name.includes(text)),
);

/** No election that nobody asked for, however busy the machine is, and a snapshot of the metadata soon. */
const properties = {
  'controller.quorum.fetch.timeout.ms': '15000',
  'broker.session.timeout.ms': '18000',
  'replica.fetch.max.bytes': '1000',
  'auto.leader.rebalance.enable': 'false',
  'metadata.log.max.record.bytes.between.snapshots': '4000',
};

describe.skipIf(toolchain.kind === 'missing')(suiteTitle('Official tools and a cluster of three', toolchain), () => {
  let side: Side<BrokerCluster> | null = null;
  let outcomes = new Map<string, Outcome>();

  beforeAll(async () => {
    const java = toolsOf(toolchain);
    const cluster = await (recording ? startApacheCluster(java, properties) : startOttlaCluster(properties));
    side = new Side(cluster, new ToolHost(java));
    outcomes = await runScripts(side, scripts);
  }, 900_000);

  afterAll(async () => {
    await side?.host.stop();
    await side?.broker.remove();
  });

  for (const script of scripts) {
    test(script.name, () => {
      const outcome = outcomes.get(script.name) ?? [];
      expect(outcome.at(-1)?.step, outcome.at(-1)?.text).not.toBe('end of the script');
      if (recording) return;
      const expected = readClusterExpected().find(({ name }) => name === script.name);
      expect(expected?.fingerprint, 'the script has changed: npm run record:cluster-tools').toBe(fingerprint(script));
      expect(outcome).toEqual(expected?.outcome);
    });
  }

  // Not skipped in other runs: it is not there.
  if (!recording) return;
  test('what Apache Kafka printed is recorded', () => {
    const known = new Map(readClusterExpected().map((expected) => [expected.name, expected]));
    for (const script of scripts) {
      const outcome = outcomes.get(script.name) ?? [];
      known.set(script.name, { name: script.name, fingerprint: fingerprint(script), outcome });
    }
    const all = threeBrokerScripts.flatMap(({ name }): ExpectedScript[] => {
      const expected = known.get(name);
      return expected === undefined ? [] : [expected];
    });
    writeFileSync(clusterExpectedPath, `${JSON.stringify(all, null, 2)}\n`);
  });
});
