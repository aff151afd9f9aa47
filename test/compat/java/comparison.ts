// The two sides of a comparison and what must be taken out of their outputs before they can be equal: ids, times, addresses, folders.

import { expect } from 'vitest';
import type { RunningBroker } from '../../support/brokers.ts';
import { metadataBarrier } from '../../support/metadata-barrier.ts';
import type { RunningProcess } from '../../support/processes.ts';
import { startWrapper, type ToolHost, type ToolName, type ToolOptions, type ToolResult } from './tool-host.ts';

const optionsThatChange = /^--(create|alter|delete|add-config|delete-config|execute|cancel|election-type)\b/;
const toolsThatChange: ReadonlySet<ToolName> = new Set([
  'admin-client',
  'kafka-features',
  'kafka-client-metrics',
  'kafka-cluster',
]);

/** What tools are run against: a broker, or several. */
export interface ToolTarget {
  readonly kind: RunningBroker['kind'];
  readonly bootstrap: string;
  /** What is this target's alone, by the name that stands for it: addresses, directories, ids. */
  readonly places: ReadonlyMap<string, string>;
  /** Of several: where those listen that run. */
  readonly runningPorts?: readonly number[];
  /** Of several: stops one cleanly, and starts it again. */
  stopNode?(nodeId: number): Promise<void>;
  startNode?(nodeId: number): Promise<void>;
}

/** A target with the JVM that runs the official tools against it. */
export class Side<Target extends ToolTarget = RunningBroker> {
  readonly broker: Target;
  readonly host: ToolHost;

  constructor(broker: Target, host: ToolHost) {
    this.broker = broker;
    this.host = host;
  }

  /** Runs a tool against this side's broker. */
  async run(tool: ToolName, args: readonly string[], options: ToolOptions = {}): Promise<ToolResult> {
    const result = await this.host.run(tool, ['--bootstrap-server', this.broker.bootstrap, ...args], options);
    await this.settled(tool, args);
    return result;
  }

  /** After a call that may have changed metadata. A lone Ottla has a change before it is answered; that is not helped along. */
  async settled(tool: ToolName, args: readonly string[]): Promise<void> {
    if (!toolsThatChange.has(tool) && !args.some((arg) => optionsThatChange.test(arg))) return;
    const { kind, bootstrap, runningPorts } = this.broker;
    const own = kind === 'apache' ? [Number(bootstrap.split(':').at(-1))] : [];
    for (const port of runningPorts ?? own) await metadataBarrier(port);
  }

  /** Starts a tool as a process of its own, for one that has to run while others do. */
  start(tool: ToolName, args: readonly string[]): RunningProcess {
    return startWrapper(this.host.java, tool, ['--bootstrap-server', this.broker.bootstrap, ...args]);
  }

  /** Runs a tool that has to succeed; answers its standard output. */
  async output(tool: ToolName, args: readonly string[], options: ToolOptions = {}): Promise<string> {
    const result = await this.run(tool, args, options);
    if (result.exitCode !== 0 || result.timedOut) {
      const how = result.timedOut ? 'did not end' : `ended with ${result.exitCode}`;
      throw new Error(`${this.broker.kind}: ${tool} ${args.join(' ')} ${how}\n${result.stdout}\n${result.stderr}`);
    }
    return result.stdout;
  }

  /** Runs a tool for its outcome, good or bad: exit code and both streams, normalised. */
  async outcome(tool: ToolName, args: readonly string[], options: ToolOptions = {}): Promise<string> {
    const result = await this.run(tool, args, options);
    const text = `exit ${result.timedOut ? 'timed out' : result.exitCode}\n${result.stdout}\n--\n${result.stderr}`;
    return this.normalise(withoutClientNoise(text));
  }

  /** Writes records with the console producer, one per line. */
  async produce(topic: string, lines: readonly string[], args: readonly string[] = []): Promise<void> {
    const result = await this.run('kafka-console-producer', ['--topic', topic, ...args], {
      stdin: `${lines.join('\n')}\n`,
    });
    // The console producer reports a failed send in its log only and still ends with 0.
    if (result.exitCode !== 0 || result.timedOut || /ERROR|Exception/.test(result.stderr)) {
      throw new Error(`${this.broker.kind}: produce to ${topic} failed\n${result.stdout}\n${result.stderr}`);
    }
  }

  normalise(text: string): string {
    return normalise(text, this.broker.places);
  }

  withoutNoise(text: string): string {
    return withoutClientNoise(text);
  }
}

/** Progress and advice that the clients print about themselves; how often depends on timing. */
function withoutClientNoise(text: string): string {
  return text
    .split('\n')
    .filter(
      (line) =>
        !/^\[[^\]]*\] WARN .*\((org\.apache\.kafka\.clients\.|org\.apache\.kafka\.common\.utils\.AppInfoParser)/.test(
          line,
        ),
    )
    .join('\n');
}

function normalise(text: string, places: ReadonlyMap<string, string>): string {
  // One may be a part of another.
  const longestFirst = [...places].sort(([, a], [, b]) => b.length - a.length);
  return (
    longestFirst
      .reduce((replaced, [name, value]) => replaced.replaceAll(value, `<${name}>`), text)
      .replace(/^\[\d{4}-[^\]]*\]/gm, '[<time>]')
      .replace(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, '<uuid>')
      .replace(/(TopicId: |topic id |topicId[=:] ?|"topicId":")[\w-]{22}/gi, '$1<uuid>')
      .replace(/\b(clientId=[\w-]*?)\d+\b/g, '$1<n>')
      .replace(/\b(CreateTime|LogAppendTime):\d+/g, '$1:<time>')
      .replace(/\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[.:,]\d{3}(Z|\+\d\d:\d\d)?/g, '<time>')
      // Columns are as wide as the widest id, and ids hold ports.
      .replace(/[ \t]+$/gm, '')
  );
}

/** The words of each line, for tables whose column widths depend on what they hold. */
export function words(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/).join(' '))
    .filter((line) => line !== '')
    .join('\n');
}

export function sortedLines(text: string): string {
  return text.split('\n').filter(Boolean).sort().join('\n');
}

export interface Sides {
  readonly ottla: Side;
  readonly apache: Side;
}

/** Does the same on both sides, side by side. */
export async function onBoth<T>(sides: Sides, act: (side: Side) => Promise<T>): Promise<{ ottla: T; apache: T }> {
  const [ottla, apache] = await Promise.all([act(sides.ottla), act(sides.apache)]);
  return { ottla, apache };
}

/** Does the same on both sides and expects the same text; answers it for further checks. */
export async function expectSame(sides: Sides, act: (side: Side) => Promise<string>): Promise<string> {
  const { ottla, apache } = await onBoth(sides, act);
  expect(ottla).toBe(apache);
  return ottla;
}
