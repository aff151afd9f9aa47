// Every broker setting and every topic setting, with good and bad values, given to Kafka's own configuration classes and to Ottla's: both
// accept it or both refuse it, in the same words. No broker is started.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadNodeConfig } from '../../../src/config/node-config.ts';
import { readFacts } from '../../support/golden.ts';
import { repositoryPath, run } from '../../support/processes.ts';
import { javaArguments, prepareJava, suiteTitle, toolsOf } from '../../support/toolchain.ts';

interface Fact {
  readonly name: string;
  readonly type: string;
  readonly default?: string | null;
}

interface Verdict {
  readonly accepted: boolean;
  readonly message?: string;
}

const facts = readFacts<{ broker: Fact[]; topic: Fact[] }>('configs.json');
const toolchain = await prepareJava();

const base: Readonly<Record<string, string>> = {
  'process.roles': 'broker,controller',
  'node.id': '1',
  'controller.listener.names': 'CONTROLLER',
  listeners: 'PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093',
  'controller.quorum.bootstrap.servers': '127.0.0.1:9093',
  'log.dirs': '/tmp/ottla-no-such-folder',
};

const numbers = [
  '-2',
  '-1',
  '0',
  '1',
  '10',
  '+5',
  '1.5',
  '1e3',
  '0x10',
  '2147483647',
  '2147483648',
  '9223372036854775808',
  '5 6',
  '1_000',
];
const probes: Readonly<Record<string, readonly string[]>> = {
  INT: numbers,
  SHORT: [...numbers, '32768'],
  LONG: numbers,
  DOUBLE: ['-1', '0', '0.5', '1', '2', '1e3', 'NaN', '0,5'],
  BOOLEAN: ['true', 'TRUE', 'False', 'yes', '1', ''],
  LIST: ['a', 'a,b', 'a,,b', ' a , b ', 'a,a', ''],
  STRING: ['a', ''],
  PASSWORD: ['a', ''],
  CLASS: ['no.such.Class'],
};

const cases = [
  ...facts.broker.flatMap((fact) => probesOf(fact).map((value) => ({ table: 'broker', name: fact.name, value }))),
];

function probesOf({ type, default: text }: Fact): string[] {
  return [
    ...new Set([...(text === null || text === undefined ? [] : [text]), 'nonsense', ' 7 ', ...(probes[type] ?? [])]),
  ];
}

function ottlaVerdict(settings: Readonly<Record<string, string>>): Verdict {
  try {
    loadNodeConfig({
      file: Object.entries(settings)
        .map(([name, value]) => `${name}=${value.replace(/^ /, '\\ ')}\n`)
        .join(''),
    });
    return { accepted: true };
  } catch (error) {
    return { accepted: false, message: (error as Error).message };
  }
}

/** Differences that are meant. The reasons are in docs/deviations.md, under Settings and under Clearer errors. */
const meant: readonly {
  readonly setting: RegExp;
  readonly apache: RegExp;
  readonly ottla: RegExp;
  readonly documented: string;
}[] = [
  {
    setting: /\.class|reporters=|assignors=/,
    apache: /^(accepts it|says "Invalid value .* Class .* could not be found\."|says "Class .* cannot be found")$/,
    ottla: /Ottla runs no Java classes/,
    documented: 'classes that Kafka does not ship',
  },
  {
    setting: /^authorizer\.class\.name=/,
    apache: /^accepts/,
    ottla: /cannot enforce access rules/,
    documented: '`authorizer.class.name`',
  },
  { setting: /^config\.providers=/, apache: /^accepts/, ottla: /has no providers/, documented: '`config.providers`' },
  {
    setting: /^remote\.log\.storage\.system\.enable=true/i,
    apache: /^accepts/,
    ottla: /no tiered storage/,
    documented: '`remote.log.storage.system.enable=true`',
  },
  {
    setting: /^log\.cleaner\.threads=0$/,
    apache: /by zero/,
    ottla: /at least 1/,
    documented: '`log.cleaner.threads=0`',
  },
  {
    setting: /^node\.id=/,
    apache: /for configuration broker\.id/,
    ottla: /for configuration node\.id/,
    documented: 'a bad `node.id`',
  },
  {
    setting: /^listener\.security\.protocol\.map=/,
    apache: /begin 0, end -1/,
    ottla: /^says "Error parsing configuration property/,
    documented: 'an entry without a colon in `listener.security.protocol.map`',
  },
];

describe.skipIf(toolchain.kind === 'missing')(suiteTitle("Settings beside Kafka's own classes", toolchain), () => {
  test('are accepted and refused alike', { timeout: 120_000 }, async () => {
    const java = toolsOf(toolchain);
    const asked = cases.map(({ table, name, value }) => ({ table, settings: { ...base, [name]: value } }));
    const { stdout, stderr } = await run(
      'java',
      javaArguments(java, '256m', 'ConfigValues', [], `${java.programClassPath}:`),
      {
        input: asked.map((each) => `${JSON.stringify(each)}\n`).join(''),
        timeoutMs: 100_000,
      },
    );
    const answers = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Verdict);
    expect(answers.length, stderr).toBe(cases.length);
    const unlisted: string[] = [];
    const met = new Set<(typeof meant)[number]>();
    let equal = 0;
    for (const [index, { name, value }] of cases.entries()) {
      const apache = textOf(answers[index]!);
      const ottla = textOf(ottlaVerdict(asked[index]!.settings));
      const listed = meant.find(
        (each) => each.setting.test(`${name}=${value}`) && each.apache.test(apache) && each.ottla.test(ottla),
      );
      if (apache === ottla) equal++;
      else if (listed === undefined) unlisted.push(`${name}=${value}: Apache Kafka ${apache}, Ottla ${ottla}`);
      else met.add(listed);
    }
    console.log(
      `${cases.length} values of settings: ${equal} judged equally, ${met.size} differences listed, ${unlisted.length} not`,
    );
    expect(unlisted).toEqual([]);
    expect(meant.filter((each) => !met.has(each))).toEqual([]);
  });

  test('each difference is documented', () => {
    const page = readFileSync(join(repositoryPath, 'docs', 'deviations.md'), 'utf8');
    expect(meant.map(({ documented }) => documented).filter((text) => !page.includes(text))).toEqual([]);
  });
});

function textOf({ accepted, message }: Verdict): string {
  return accepted ? 'accepts it' : `says "${message?.replace(/^requirement failed: /, '')}"`;
}
