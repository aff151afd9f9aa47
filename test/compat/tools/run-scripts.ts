// Runs scripts of tool calls against one broker and gives what each call printed, normalised.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { metadataBarrier } from '../../support/metadata-barrier.ts';
import { type RunningProcess, temporaryFolder } from '../../support/processes.ts';
import { type Side, sortedLines, type ToolTarget, words } from '../java/comparison.ts';
import { startWrapper, type ToolName, type ToolResult } from '../java/tool-host.ts';
import type { Normaliser, ToolScript, ToolStep } from './tool-script.ts';

const TRIES = 60;
const BETWEEN_TRIES_MS = 200;
const OWN_PROCESS_TRIES = 300;

/** Per compared step what was run, and the normalised outcome. */
export type Outcome = readonly { readonly step: string; readonly text: string }[];

export async function runScripts(
  side: Side<ToolTarget>,
  scripts: readonly ToolScript[],
): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  for (const script of scripts) {
    const startedMs = performance.now();
    outcomes.set(script.name, await runScript(side, script));
    if (process.env['OTTLA_TOOLS_TIMES'] !== undefined) {
      console.log(`${side.broker.kind} ${script.name}: ${Math.round(performance.now() - startedMs)} ms`);
    }
  }
  return outcomes;
}

async function runScript(side: Side<ToolTarget>, script: ToolScript): Promise<Outcome> {
  const folder = temporaryFolder('tools');
  const outcome: { step: string; text: string }[] = [];
  try {
    for (const [index, step] of script.steps.entries()) {
      if (step.node !== undefined) {
        await nodeStep(side.broker, step.node);
        continue;
      }
      const tool = step.run ?? script.tool;
      const path = join(folder.path, `file-${index}`);
      const emptyPath = join(folder.path, `folder-${index}`);
      mkdirSync(emptyPath);
      const expand = (text: string): string => {
        const own = { bootstrap: side.broker.bootstrap, file: path, folder: emptyPath };
        return [...Object.entries(own), ...side.broker.places].reduce(
          (expanded, [name, value]) => expanded.replaceAll(`{${name}}`, value),
          text.replaceAll('@', `${script.name}-`),
        );
      };
      if (step.file !== undefined) writeFileSync(path, expand(step.file));
      const args = (): string[] => [...serverArgs(side, step), ...step.args.map(expand), ...settles(side, tool)];
      const options = {
        ...(step.stdin === undefined ? {} : { stdin: expand(step.stdin) }),
        ...(step.timeoutMs === undefined ? {} : { timeoutMs: step.timeoutMs }),
      };
      const run = (): Promise<ToolResult> =>
        step.ownProcess === true && step.until !== undefined
          ? runUntil(step.until, startWrapper(side.host.java, tool, args()))
          : side.host.run(tool, args(), options);
      let result = await run();
      for (let tries = 0; step.until !== undefined && !step.until.test(result.stdout) && tries < TRIES; tries++) {
        await sleep(BETWEEN_TRIES_MS);
        result = await run();
      }
      if (!script.stopped) await side.settled(tool, args());
      const title = `${tool} ${step.args.join(' ')}`;
      if (step.setup) {
        const failed = result.exitCode !== 0 || result.timedOut || /^\[.*\] ERROR/m.test(result.stderr);
        if (failed) throw new Error(`${script.name}: ${title}: ${textOf(result)}`);
        if (tool === 'kafka-topics') await untilServed(side, args());
      } else {
        const known = side.normalise(side.withoutNoise(textOf(result))).replaceAll(folder.path, '<folder>');
        outcome.push({ step: title, text: (step.normalise ?? []).reduce(normalised, withoutChance(known)) });
      }
    }
  } catch (error) {
    // What was compared until then still counts.
    outcome.push({ step: 'end of the script', text: `failed: ${error}` });
  }
  folder.remove();
  return outcome;
}

/** Ends a tool that runs for ever when it has printed what is waited for. */
async function runUntil(until: RegExp, tool: RunningProcess): Promise<ToolResult> {
  for (let tries = 0; !until.test(tool.output()) && tries < OWN_PROCESS_TRIES; tries++) await sleep(BETWEEN_TRIES_MS);
  await tool.stop('SIGTERM');
  return { exitCode: 0, stdout: tool.output(), stderr: '', timedOut: true };
}

async function nodeStep(target: ToolTarget, node: NonNullable<ToolStep['node']>): Promise<void> {
  if (target.stopNode === undefined || target.startNode === undefined) throw new Error('not a cluster');
  await ('stop' in node ? target.stopNode(node.stop) : target.startNode(node.start));
  for (const port of target.runningPorts ?? []) await metadataBarrier(port);
}

/** Apache Kafka answers before the leaders of a new topic serve. */
async function untilServed(side: Side<ToolTarget>, createArgs: readonly string[]): Promise<void> {
  const optionOf = (option: string): string | undefined => createArgs[createArgs.indexOf(option) + 1];
  const topic = optionOf('--topic');
  if (!createArgs.includes('--create') || topic === undefined) return;
  const assigned = createArgs.includes('--replica-assignment')
    ? optionOf('--replica-assignment')?.split(',').length
    : 1;
  const partitionCount = createArgs.includes('--partitions') ? Number(optionOf('--partitions')) : assigned;
  const args = ['--bootstrap-server', side.broker.bootstrap, '--topic', topic];
  for (let tries = 0; tries < TRIES; tries++) {
    const { stdout } = await side.host.run('kafka-get-offsets', args);
    if (stdout.trim().split('\n').filter(Boolean).length === partitionCount) return;
    await sleep(BETWEEN_TRIES_MS);
  }
  throw new Error(`${topic} is not served`);
}

/** Many calls in one process: it has to wait by itself for the broker to hear of each. */
function settles(side: Side<ToolTarget>, tool: ToolName): string[] {
  return tool === 'admin-client' && side.broker.kind === 'apache' ? ['settle'] : [];
}

function serverArgs(side: Side<ToolTarget>, { server, args }: ToolStep): string[] {
  if (server === 'none' || args.some((arg) => arg.includes('{bootstrap}'))) return [];
  return [server ?? '--bootstrap-server', side.broker.bootstrap];
}

function textOf(result: ToolResult): string {
  return `exit ${result.timedOut ? 'stopped' : result.exitCode}\n${result.stdout}\n--\n${result.stderr}`;
}

/** Java's hash sets, where the tools and the client print them, the times of records, and where in a tool it went wrong. */
function withoutChance(text: string): string {
  return text
    .replace(
      /\[(ReplicaKey\(.*?\))\]/g,
      (_, keys: string) =>
        `[${keys
          .split(/, (?=ReplicaKey)/)
          .sort()
          .join(', ')}]`,
    )
    .replace(/(?<=Isr: )[\d,]+/g, (isr) => isr.split(',').sort().join(','))
    .replace(/^\s+at [\w.]+\S*\(.*\)\n/gm, '')
    .replace(/^(Option |Invalid ).*$/gm, sortedSets)
    .replace(/(?<=authorizedOperations=\[)[^\]]*/g, sortedSets)
    .replace(/\btimestamp=\d{13}\b/g, 'timestamp=<time>');
}

function sortedSets(text: string): string {
  return text.replace(/[[\]\w.-]+(, [[\]\w.-]+)+/g, (set) => set.replace(/[[\]]/g, '').split(', ').sort().join(', '));
}

function normalised(text: string, how: Normaliser): string {
  switch (how) {
    case 'lines':
      return sortedLines(text);
    case 'words':
      return words(text);
    case 'sets':
      return sortedSets(text);
    case 'numbers':
      return text.replace(/(?<!^exit |[\w.-])-?\d+([.,]\d+)*(E-?\d+)?/gm, '<n>');
    case 'quorum':
      return text.replace(/^(Leader(?:Id|Epoch)|HighWatermark|MaxFollowerLag(?:TimeMs)?):\s+-?\d+/gm, '$1: <n>');
    case 'proposal':
      return text.replace(/(?<=^Proposed partition reassignment configuration\n)[^\n]*/m, '<some assignment>');
    case 'lags':
      return [...new Set(text.replace(/^.*(max lag is \d+) for .* (among \d+ .*)$/gm, '$1 $2').split('\n'))].join('\n');
    case 'ids':
      return text.replace(/(?<![\w-])[\w-]{22}(?![\w-])/g, '<id>');
    case 'summary':
      return [/^exit .*/.exec(text)?.[0], ...new Set(text.match(/[\w.]+(Exception|Error)\b:?[^\n]*/g))].join('\n');
    default:
      return /^exit .*/.exec(text)?.[0] ?? '';
  }
}
