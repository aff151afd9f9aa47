// What a state machine decides, as text: each command in each situation, with its exact answer, records and effects. The tables are
// recorded in files beside the tests and are read like code when they change; OTTLA_RECORD=1 writes them anew.
import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Decision } from '../../../src/coordinator/shard.ts';

/** Made anew for each command. */
export interface Situation<F> {
  readonly title: string;
  readonly given: () => F;
  /** Another situation before it, from which only what is otherwise is shown. */
  readonly like?: string;
  /** Kinds of commands, where the others say nothing new. */
  readonly only?: readonly string[];
}

/** By kind, so that a command without a row does not compile; then by what is asked. */
export type Commands<F, Command extends { readonly kind: string }> = {
  readonly [K in Command['kind']]: Readonly<Record<string, (fixture: F) => Extract<Command, { kind: K }>>>;
};

type AnyDecision = Decision<{ readonly kind: string }, unknown, unknown, unknown>;

export interface Table<F, Command extends { readonly kind: string }> {
  readonly situations: readonly Situation<F>[];
  readonly commands: Commands<F, Command>;
  readonly decide: (fixture: F, command: Command) => AnyDecision;
  /** Called behind each decision, with the fixture that has carried it out. */
  readonly check?: (fixture: F, command: Command) => void;
}

/** Commands that a situation answers alike stand together. */
export function textOfTable<F, Command extends { readonly kind: string }>(table: Table<F, Command>): string {
  const parts: string[] = [];
  const rowsOf = new Map<string, readonly Row[]>();
  for (const situation of table.situations) {
    const rows = decideAll(table, situation);
    const known = situation.like === undefined ? [] : rowsOf.get(situation.like)!;
    rowsOf.set(situation.title, rows);
    parts.push(
      headingOf(situation),
      ...paragraphsOf(rows.filter((_, index) => rows[index]!.text !== known[index]?.text)),
    );
  }
  return parts.join('\n');
}

interface Row {
  readonly kind: string;
  readonly asked: string;
  readonly text: string;
}

function decideAll<F, Command extends { readonly kind: string }>(
  { commands, decide, check }: Table<F, Command>,
  { given, only }: Situation<F>,
): readonly Row[] {
  return Object.entries<Readonly<Record<string, (fixture: F) => Command>>>(commands).flatMap(([kind, variants]) =>
    Object.entries(only === undefined || only.includes(kind) ? variants : {}).map(([asked, make]) => {
      const fixture = given();
      const command = make(fixture);
      const text = textOfDecision(decide(fixture, command));
      check?.(fixture, command);
      return { kind, asked, text };
    }),
  );
}

function headingOf({ title, like, only }: Situation<unknown>): string {
  const base = like === undefined ? '' : `; where it is not as in: ${like}`;
  return `======== ${title}${base}${only === undefined ? '' : `; only ${only.join(', ')}`}\n`;
}

function paragraphsOf(rows: readonly Row[]): string[] {
  const alike = new Map<string, Map<string, string[]>>();
  for (const { kind, asked, text } of rows) {
    const kinds = alike.get(text) ?? new Map<string, string[]>();
    alike.set(text, kinds.set(kind, [...(kinds.get(kind) ?? []), asked]));
  }
  return [...alike].map(([text, kinds]) => {
    const asked = [...kinds].map(([kind, titles]) => `${kind} (${titles.join('; ')})`);
    return `${asked.join('\n')}\n${text}\n`;
  });
}

export function expectRecorded(text: string, file: URL): void {
  if (process.env['OTTLA_RECORD'] === '1') writeFileSync(file, text);
  expect(text).toBe(readFileSync(file, 'utf8'));
}

function textOfDecision({ response, records, effects, settled, divisible, transaction }: AnyDecision): string {
  const lines = [`  answer ${textOf(response)}`];
  for (const record of records) lines.push(`  record ${textOf(record)}`);
  let cancelled = false;
  for (const effect of effects) {
    switch (effect.kind) {
      case 'cancel':
        if (cancelled) lines.push(`${lines.pop()}, ${effect.key}`);
        else lines.push(`  cancel ${effect.key}`);
        break;
      case 'schedule':
        lines.push(`  in ${effect.delayMs} ms, as ${effect.key}: ${textOf(effect.command)}`);
        break;
      case 'reply':
        lines.push(`  reply ${textOf(effect.reply)}`);
    }
    cancelled = effect.kind === 'cancel';
  }
  if (transaction !== undefined) lines.push(`  in the transaction of ${textOf(transaction)}`);
  if (divisible === true) lines.push('  divisible');
  if (settled !== undefined) lines.push(`  when written: ${textOf(settled(null))}`);
  return lines.join('\n');
}

/** Every value by its content; bytes as text where they are. */
function textOf(value: unknown): string {
  if (value === null || typeof value !== 'object') return typeof value === 'bigint' ? `${value}n` : String(value);
  if (Buffer.isBuffer(value)) {
    const text = value.toString('latin1');
    return /^[ -~]*$/.test(text) ? `'${text}'` : `<${value.toString('hex')}>`;
  }
  if (Array.isArray(value)) return `[${value.map(textOf).join(', ')}]`;
  if (value instanceof Set) return textOf([...value]);
  if (value instanceof Map) return `{${[...value].map(([key, each]) => `${key} → ${textOf(each)}`).join(', ')}}`;
  return `{${Object.entries(value)
    .map(([key, each]) => `${key}: ${textOf(each)}`)
    .join(', ')}}`;
}
