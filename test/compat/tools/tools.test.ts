// Apache Kafka's own tools, unmodified: the same calls against Apache Kafka 4.3.1 and against Ottla, started with the same settings, have
// to print the same, or the difference has to be listed. `npm run test:tools` runs every script and writes docs/tools.md; without it, the
// scripts that are marked as extended are left out. With OTTLA_TOOLS_ONLY=<text>, only scripts with that in their name are run.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { selfTest, startApacheKafka, startTested } from '../../support/brokers.ts';
import { repositoryPath } from '../../support/processes.ts';
import { prepareJava, suiteTitle, toolsOf } from '../../support/toolchain.ts';
import { Side } from '../java/comparison.ts';
import { ToolHost } from '../java/tool-host.ts';
import { scripts as allScripts } from './cases/index.ts';
import { type Recorded, readResults, record, renderTools } from './results.ts';
import { type Outcome, runScripts } from './run-scripts.ts';
import { capabilities, listed, type ToolScript } from './tool-script.ts';

const toolchain = await prepareJava();
const full = process.env['OTTLA_TOOLS'] === 'full';
const only = process.env['OTTLA_TOOLS_ONLY'];
const scripts = allScripts.filter(
  ({ name, extended }) => (full || !extended) && (only === undefined || name.includes(only)),
);
const waits = ({ waits: capability }: ToolScript): boolean => capability !== undefined && !capabilities[capability];

describe.skipIf(toolchain.kind === 'missing')(suiteTitle('Official tools beside Apache Kafka', toolchain), () => {
  const sides: Side[] = [];
  let apache = new Map<string, Outcome>();
  let ottla = new Map<string, Outcome>();

  beforeAll(async () => {
    const java = toolsOf(toolchain);
    const brokers = await Promise.all([startApacheKafka(java), startTested()]);
    const started = brokers.map((broker) => new Side(broker, new ToolHost(java)));
    sides.push(...started);
    const run = async (side: Side, chosen: readonly ToolScript[]): Promise<Map<string, Outcome>> => {
      const outcomes = await runScripts(
        side,
        chosen.filter(({ stopped }) => !stopped),
      );
      await side.broker.stop();
      for (const [name, outcome] of await runScripts(
        side,
        chosen.filter(({ stopped }) => stopped),
      ))
        outcomes.set(name, outcome);
      return outcomes;
    };
    [apache, ottla] = await Promise.all([
      run(started[0]!, scripts),
      run(started[1]!, selfTest ? scripts : scripts.filter((script) => !waits(script))),
    ]);
  }, 1_500_000);

  afterAll(async () => {
    for (const side of sides) {
      await side.host.stop();
      await side.broker.remove();
    }
  });

  const compared = new Map<string, Recorded['outcome']>();
  for (const script of scripts) {
    test(script.name, () => {
      const expected = apache.get(script.name);
      expect(expected?.at(-1)?.step, expected?.at(-1)?.text).not.toBe('end of the script');
      if (waits(script) && !selfTest) {
        compared.set(script.name, 'waiting');
        return;
      }
      const deviation = listed.find((each) => each.script === script.name);
      if (deviation === undefined || selfTest) {
        expect(ottla.get(script.name)).toEqual(expected);
        compared.set(script.name, 'equal');
      } else {
        expect(ottla.get(script.name), 'the listed difference no longer shows').not.toEqual(expected);
        compared.set(script.name, 'listed');
      }
    });
  }

  test.skipIf(selfTest)('the run is what docs/tools.md was made from (npm run test:tools)', () => {
    const count = (outcome: Recorded['outcome']): number =>
      [...compared.values()].filter((each) => each === outcome).length;
    const calls = [...apache.values()].reduce((sum, outcome) => sum + outcome.length, 0);
    console.log(
      `${scripts.length} scripts of tools, ${calls} outputs: ${count('equal')} scripts equal, ${count('listed')} listed, ` +
        `${count('waiting')} waiting, ${scripts.length - compared.size} not listed`,
    );
    if (full && compared.size === scripts.length) {
      record(scripts.map((script) => ({ script, outcome: compared.get(script.name)! })));
      writeFileSync(join(repositoryPath, 'docs', 'tools.md'), renderTools());
    }
    const recorded = new Map(readResults().map((result) => [result.name, result.outcome]));
    expect(Object.fromEntries(compared)).toEqual(
      Object.fromEntries(scripts.map(({ name }) => [name, recorded.get(name)])),
    );
  });

  test('each listed difference is documented', () => {
    const documented = readFileSync(join(repositoryPath, 'docs', 'deviations.md'), 'utf8');
    expect(listed.map((each) => each.documented).filter((text) => !documented.includes(text))).toEqual([]);
  });
});
