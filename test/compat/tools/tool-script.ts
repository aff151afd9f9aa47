// What the tool comparison runs: scripts of tool calls, written as data. Each script has topics and groups of its own.
//
// In arguments and files, '@' stands for the script's name and a dash, {bootstrap} for the broker's address, {file} for the path of the
// step's file, {folder} for an empty one, and the names of the target's places ({data}, {port}; of a cluster {brokers}, {data 1} …) for those.

import type { ToolName } from '../java/tool-host.ts';

/** What is to come, and brings cases that wait for it to life. `true`: it is there. */
export const capabilities = {
  'several brokers': true,
  'log directories': true,
  'quorum changes': true,
  'feature levels': true,
  quotas: true,
  telemetry: true,
  'share groups': false,
  SCRAM: false,
} as const;

export type Capability = keyof typeof capabilities;

export interface ToolScript {
  readonly name: string;
  readonly tool: ToolName;
  readonly steps: readonly ToolStep[];
  /** Ottla cannot do it yet. The script runs against Apache Kafka alone. */
  readonly waits?: Capability;
  /** Only in the full run (`npm run test:tools`). */
  readonly extended?: true;
  /** It runs when both brokers have been stopped. */
  readonly stopped?: true;
}

export interface ToolStep {
  /** Another tool than the script's. */
  readonly run?: ToolName;
  readonly args: readonly string[];
  readonly stdin?: string;
  readonly file?: string;
  /** The option that takes the broker's address; none where `args` have {bootstrap}. */
  readonly server?: '--broker-list' | 'none';
  /** When a tool that runs for ever is ended. */
  readonly timeoutMs?: number;
  /** Of a cluster of three: no tool runs, but this node is cleanly stopped, or started again. */
  readonly node?: { readonly stop: number } | { readonly start: number };
  /**
   * Run as a user does, and ended when its output matches `until`: what it prints from threads of its own does not come out of
   * the JVM that runs the others.
   */
  readonly ownProcess?: true;
  /** It only prepares: it has to succeed and is not compared. */
  readonly setup?: true;
  /** Run again until its output matches; only then compared. */
  readonly until?: RegExp;
  /** Applied to the output in this order, before the comparison. */
  readonly normalise?: readonly Normaliser[];
}

/**
 * `lines`: in any order; `words`: columns are as wide as they like; `sets`: what stands between commas in any order; `numbers`: any number; `ids`: 22 letters of an id; `summary`: nothing but the
 * exit code and what kind of exception there was; `exit`: nothing but the exit code; `quorum`: who leads, since when and
 * how far; `proposal`: without the assignment that is proposed by chance; `lags`: the same lag once, wherever it is.
 */
export type Normaliser =
  | 'quorum'
  | 'proposal'
  | 'lags'
  | 'lines'
  | 'words'
  | 'sets'
  | 'numbers'
  | 'ids'
  | 'summary'
  | 'exit';

export interface Listed {
  readonly script: string;
  /** Text from docs/deviations.md, which has the reason. */
  readonly documented: string;
}

/** The scripts whose output is known and meant to differ. */
export const listed: readonly Listed[] = [
  { script: 'configs-broker-no-cleaner', documented: '`log.cleaner.threads=0`' },
];

export function step(args: string, more: Omit<Partial<ToolStep>, 'args'> = {}): ToolStep {
  return { args: splitArgs(args), ...more };
}

export const prepare = (run: ToolName, args: string, more: Omit<Partial<ToolStep>, 'args'> = {}): ToolStep =>
  step(args, { run, setup: true, ...more });

export const stopNode = (id: number): ToolStep => ({ args: [], setup: true, node: { stop: id } });
export const startNode = (id: number): ToolStep => ({ args: [], setup: true, node: { start: id } });

export const createTopic = (name: string, partitions = 1): ToolStep =>
  prepare('kafka-topics', `--create --topic ${name} --partitions ${partitions}`);

/** Records `0`, `1`, … with the key `k0`, `k1`, …, one request each. */
export const produce = (topic: string, count: number): ToolStep =>
  prepare(
    'kafka-console-producer',
    `--topic ${topic} --sync --reader-property parse.key=true --reader-property key.separator=:`,
    {
      stdin: Array.from({ length: count }, (_, i) => `k${i}:${i}\n`).join(''),
    },
  );

export const consume = (topic: string, group: string, count: number, more = ''): ToolStep =>
  prepare(
    'kafka-console-consumer',
    `--topic ${topic} --group ${group} --from-beginning --max-messages ${count} --timeout-ms 15000 ${more}`,
  );

/** Words, and what stands in quotation marks as one. */
function splitArgs(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');
}

/**
 * So slowly that the last record is on its way when the transaction is committed. Otherwise Java's producer (4.3.1, transaction.version 2)
 * may end a transaction before it sends its first batch: Sender asks for incomplete batches before it takes the lock under which it
 * looks for an EndTxn to send. The broker then knows of no transaction: INVALID_TXN_STATE, seen once in some 3,000 on a busy machine.
 */
export const SLOWLY = '--throughput 100';
