// The same requests to Ottla and to Apache Kafka 4.3.1, started with the same settings: each answer has to be the same, field by field,
// or the difference has to be listed (deviations.ts). With OTTLA_DIFFERENTIAL_DUMP=<folder>, all transcripts are written there; with
// OTTLA_DIFFERENTIAL_ONLY=<text>, only scripts with that in their name are run.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningBroker, selfTest, startApacheKafka, startTested } from '../../support/brokers.ts';
import { repositoryPath } from '../../support/processes.ts';
import { prepareJava, suiteTitle, toolsOf } from '../../support/toolchain.ts';
import { compareTranscripts, type Difference } from './compare.ts';
import { type Deviation, deviations, isListed } from './deviations.ts';
import { runAll, type Transcripts } from './run-all.ts';
import { scripts as allScripts } from './scripts/index.ts';

const toolchain = await prepareJava();
/** Sessions that end while the test waits, and assignments that follow at once, so that nothing depends on how fast the steps are. */
const properties = {
  'group.min.session.timeout.ms': '100',
  'group.consumer.assignment.interval.ms': '0',
  'log.dirs': '<data>,<data>-second',
};
const SHOWN_VALUE_LENGTH = 300;
const only = process.env['OTTLA_DIFFERENTIAL_ONLY'];
const scripts = allScripts.filter(({ name }) => only === undefined || name.includes(only));

describe.skipIf(toolchain.kind === 'missing')(suiteTitle('Requests to both brokers', toolchain), () => {
  let brokers: { readonly ottla: RunningBroker; readonly apache: RunningBroker } | null = null;
  const unlisted: Difference[] = [];
  const used = new Set<Deviation>();

  beforeAll(async () => {
    const java = toolsOf(toolchain);
    const [ottla, apache] = await Promise.all([startTested({ properties }), startApacheKafka(java, { properties })]);
    brokers = { ottla, apache };
  }, 120_000);

  afterAll(async () => {
    await brokers?.ottla.remove();
    await brokers?.apache.remove();
  });

  test('are answered in the same way, but for what is listed', { timeout: 120_000 }, async () => {
    if (brokers === null) throw new Error('the brokers did not start');
    const [apache, ottla] = await Promise.all([runAll(scripts, brokers.apache), runAll(scripts, brokers.ottla)]);
    dump({ apache, ottla });
    let requests = 0;
    const unequal = new Set<string>();
    for (const { name } of scripts) {
      const expected = apache.get(name) ?? [];
      requests += expected.length;
      for (const difference of compareTranscripts(name, expected, ottla.get(name) ?? [])) {
        unequal.add(`${name} ${difference.step}`);
        const deviation = deviations.find((each) => isListed(each, difference));
        if (deviation === undefined) unlisted.push(difference);
        else used.add(deviation);
      }
    }
    console.log(
      `${requests} requests: ${requests - unequal.size} answered equally, ${unequal.size} not; ` +
        `${used.size} deviations listed and met, ${unlisted.length} differences not listed`,
    );
    expect(brokenScripts(apache), 'scripts that Apache Kafka could not be led through').toEqual([]);
    expect(unlisted.map(textOf)).toEqual([]);
  });

  test.skipIf(selfTest || only !== undefined)('each listed deviation still shows', () => {
    expect(deviations.filter((each) => !used.has(each))).toEqual([]);
  });

  test('each listed deviation is documented', () => {
    const documented = readFileSync(join(repositoryPath, 'docs', 'deviations.md'), 'utf8');
    expect(deviations.map((each) => each.documented).filter((text) => !documented.includes(text))).toEqual([]);
  });
});

function brokenScripts(transcripts: Transcripts): unknown[] {
  return [...transcripts.values()].map((steps) => steps.at(-1)!).filter(({ api }) => api === '');
}

function textOf({ script, step, path, apache, ottla }: Difference): string {
  const shown = (value: unknown): string => JSON.stringify(value)?.slice(0, SHOWN_VALUE_LENGTH) ?? 'nothing';
  return `${script}: ${step}: ${path}: Apache Kafka has ${shown(apache)}, Ottla ${shown(ottla)}`;
}

function dump(transcripts: { readonly [side: string]: Transcripts }): void {
  const folder = process.env['OTTLA_DIFFERENTIAL_DUMP'];
  if (folder === undefined) return;
  for (const [side, transcript] of Object.entries(transcripts)) {
    writeFileSync(join(folder, `${side}.json`), JSON.stringify(Object.fromEntries(transcript), null, 1));
  }
}
