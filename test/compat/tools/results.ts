// What the last full run found, and the page that is made of it.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scripts } from './cases/index.ts';
import { threeBrokerScripts } from './cases/three-brokers.ts';
import type { Outcome } from './run-scripts.ts';
import { capabilities, listed, type ToolScript } from './tool-script.ts';

export interface Recorded {
  readonly name: string;
  readonly outcome: 'equal' | 'listed' | 'waiting';
  /** Of the script as it was run. */
  readonly fingerprint: string;
}

/** What Apache Kafka's own cluster of three printed. */
export interface ExpectedScript {
  readonly name: string;
  readonly fingerprint: string;
  readonly outcome: Outcome;
}

export const clusterExpectedPath = join(import.meta.dirname, 'cluster-expected.json');

export function readClusterExpected(): ExpectedScript[] {
  if (!existsSync(clusterExpectedPath)) return [];
  return JSON.parse(readFileSync(clusterExpectedPath, 'utf8')) as ExpectedScript[];
}

const resultsPath = join(import.meta.dirname, 'results.json');

/** Changes with anything in the script. */
export function fingerprint(script: ToolScript): string {
  const text = JSON.stringify(script, (_, value) => (value instanceof RegExp ? value.source : value));
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

export function readResults(): Recorded[] {
  return existsSync(resultsPath) ? (JSON.parse(readFileSync(resultsPath, 'utf8')) as Recorded[]) : [];
}

/** Notes what a run found; what it did not run stays as it was, and what is no script any more goes. */
export function record(found: readonly { readonly script: ToolScript; readonly outcome: Recorded['outcome'] }[]): void {
  const results = new Map(readResults().map((result) => [result.name, result]));
  for (const { script, outcome } of found) {
    results.set(script.name, { name: script.name, outcome, fingerprint: fingerprint(script) });
  }
  const lines = scripts.flatMap(({ name }) => (results.has(name) ? [`  ${lineOf(results.get(name)!)}`] : []));
  writeFileSync(resultsPath, `[\n${lines.join(',\n')}\n]\n`);
}

/** As the formatter has it. */
function lineOf(result: Recorded): string {
  const fields = Object.entries(result).map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  return `{ ${fields.join(', ')} }`;
}

/** Throws, with a sentence, where the recorded run is not of these scripts. */
export function renderTools(): string {
  const results = new Map(readResults().map((result) => [result.name, result]));
  const tools = [...new Set(scripts.map(({ tool }) => tool))].sort();
  const rows = tools.map((tool) => {
    const own = scripts.filter((script) => script.tool === tool);
    const outcomes = own.map((script) => {
      const result = results.get(script.name);
      if (result?.fingerprint !== fingerprint(script))
        throw new Error(`${script.name} has changed: npm run test:tools`);
      return { script, outcome: result.outcome };
    });
    const of = (outcome: Recorded['outcome']): ToolScript[] =>
      outcomes.filter((each) => each.outcome === outcome).map(({ script }) => script);
    const calls = own.reduce((sum, { steps }) => sum + steps.filter(({ setup }) => !setup).length, 0);
    const waiting = of('waiting');
    const compared = own.length - waiting.length;
    const works = compared === 0 ? 'not yet' : waiting.length === 0 ? 'yes' : 'yes, but for what waits';
    const differences = of('listed').map(
      ({ name }) => listed.find(({ script }) => script === name)?.documented ?? name,
    );
    const awaited = [...new Set(waiting.map(({ waits }) => waits))].map(
      (capability) =>
        `${capability}: ${waiting
          .filter(({ waits }) => waits === capability)
          .map(({ name }) => name)
          .join(', ')}`,
    );
    return `| \`${tool}\` | ${works} | ${own.length} (${calls}) | ${of('equal').length} | ${differences.join('; ')} | ${awaited.join('; ')} |`;
  });
  const missing = Object.entries(capabilities).flatMap(([capability, isThere]) => (isThere ? [] : [capability]));
  const total = (outcome: Recorded['outcome']): number =>
    [...results.values()].filter((each) => each.outcome === outcome).length;
  return [
    '# Official tools',
    'Written by `npm run test:tools` from a run of all scripts in `test/compat/tools`; a test keeps it equal to the scripts.',
    `Each script is a series of calls of the unmodified tools of Apache Kafka 4.3.1, good and bad use. It is run against Apache Kafka and against Ottla, and
what is printed on both streams and the exit codes have to be the same, after ids, times and addresses are taken out. What waits for something
that Ottla does not have yet (${missing.join(', ')}) is run against Apache Kafka alone. \`test/compat/java\` has more of the same for the tools that are
used most.`,
    `${results.size} scripts: ${total('equal')} equal, ${total('listed')} with listed differences, ${total('waiting')} waiting.`,
    [
      '| tool | works | scripts (calls) | equal | differences | waiting for |',
      '| --- | --- | --- | --- | --- | --- |',
      ...rows,
    ].join('\n'),
    '## Against three brokers',
    `The scripts of \`cases/three-brokers.ts\` run against a cluster of three, each node broker and controller, with nodes that are stopped and started in
between. What has to be printed was recorded from three nodes of Apache Kafka with the same settings (\`npm run record:cluster-tools\`).`,
    ['| tool | scripts (calls) |', '| --- | --- |', ...threeBrokerRows()].join('\n'),
  ]
    .join('\n\n')
    .concat('\n');
}

function threeBrokerRows(): string[] {
  const tools = [...new Set(threeBrokerScripts.map(({ tool }) => tool))].sort();
  return tools.map((tool) => {
    const own = threeBrokerScripts.filter((script) => script.tool === tool);
    const calls = own.reduce((sum, { steps }) => sum + steps.filter(({ setup }) => !setup).length, 0);
    return `| \`${tool}\` | ${own.length} (${calls}) |`;
  });
}
