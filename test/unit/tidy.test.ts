/**
 * Keeps the house in order: who may import whom, calls that only one file may make, leftovers, handler cards, cycles.
 * The rules are those of STYLE; a folder that is not in the table is an error, so that it cannot be forgotten.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const source = join(root, 'src');

/** Domain folders whose service interfaces, and the values that belong to these, APIs speak of. */
const DOMAIN = ['raft', 'metadata', 'controller', 'coordinator', 'replication', 'security'];
const SERVED = ['base', 'wire', 'config', 'metrics', 'telemetry', ...DOMAIN];

/** Folders of ours that a folder may import, also only for a type; itself always. */
const rules: Record<string, readonly string[]> = {
  base: [],
  wire: ['base'],
  io: ['base'],
  config: ['base'],
  metrics: ['base'],
  telemetry: ['base', 'wire', 'metrics'],
  log: ['base', 'wire', 'io', 'metrics'],
  raft: ['base', 'wire'],
  metadata: ['base', 'wire'],
  controller: ['base', 'wire', 'metadata', 'metrics'],
  coordinator: ['base', 'wire', 'metadata', 'metrics'],
  security: ['base', 'wire', 'metadata', 'metrics'],
  replication: ['base', 'wire', 'log', 'metadata', 'metrics'],
  apis: SERVED,
  http: SERVED,
  console: SERVED,
  net: ['base', 'wire', 'security', 'metrics'],
};

/** Composition: these import everything and only each other import them. `node/` holds node.ts's adapters. */
const composition = new Set(['main.ts', 'index.ts', 'node.ts', 'node']);

/** Files that alone may import a module of Node's or of npm's; folders end with a slash. */
const restrictedModules: Record<string, readonly string[]> = {
  'node:net': ['net/'],
  'node:tls': ['net/'],
  'node:dns': ['net/'],
  'node:dns/promises': ['net/'],
  'node:fs': ['io/', 'main.ts', 'node/', 'node.ts'],
  'node:fs/promises': ['io/', 'main.ts', 'node/', 'node.ts'],
  'node:http': ['http/', 'console/'],
  'node:child_process': ['main.ts', 'node/', 'io/'],
  'node:timers': [],
  'node:timers/promises': [],
  pino: ['main.ts', 'node.ts', 'node/'],
};

/** Time, chance and waiting reach code through interfaces; only base/system.ts has the real ones. */
const forbiddenCalls: readonly RegExp[] = [
  /\bDate\.now\b/,
  /\bnew Date\(\)/,
  /\bperformance\.now\b/,
  /\bMath\.random\b/,
  /\bset(Timeout|Interval)\(/,
  /\brandom(Bytes|Int|UUID)\(/,
];
const mayCall = new Set(['base/system.ts', 'main.ts']);

interface Import {
  readonly specifier: string;
  /** Only types are imported: nothing is left of it at run time. */
  readonly typeOnly: boolean;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) return filesBelow(path);
      return name.endsWith('.ts') ? [path] : [];
    });
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}

function importsOf(text: string): Import[] {
  const found: Import[] = [];
  const pattern =
    /^(?:import|export)\s+(type\s+)?([^;'"]*?)\s*from\s*'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm;
  for (const [, type, names, from, bare, dynamic] of withoutComments(text).matchAll(pattern)) {
    const braces = /^\{([\s\S]*)\}$/.exec(names ?? '');
    const typeOnly =
      type !== undefined || (braces !== null && braces[1]!.split(',').every((name) => /^\s*(type\s|$)/.test(name)));
    found.push({ specifier: from ?? bare ?? dynamic ?? '', typeOnly });
  }
  return found;
}

/** First part of the path below src: a folder, or a file that stands there. */
function folderOf(path: string): string {
  return path.split('/')[0]!;
}

interface SourceFile {
  /** Below src, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

const sources: SourceFile[] = filesBelow(source).map((file) => {
  const text = readFileSync(file, 'utf8');
  return { path: relative(source, file), text, imports: importsOf(text) };
});

function target(from: SourceFile, specifier: string): string | null {
  return specifier.startsWith('.') ? relative(source, resolve(source, dirname(from.path), specifier)) : null;
}

describe('tidy:', () => {
  it('each folder imports only what stands in its row of the table', () => {
    const wrong: string[] = [];
    for (const file of sources) {
      const folder = folderOf(file.path);
      if (composition.has(folder)) continue;
      const rule = rules[folder];
      if (rule === undefined) {
        wrong.push(`${file.path}: the folder has no row in the table`);
        continue;
      }
      for (const { specifier } of file.imports) {
        const path = target(file, specifier);
        if (path === null) continue;
        const other = folderOf(path);
        if ((other !== folder && !rule.includes(other)) || path === 'base/system.ts')
          wrong.push(`${file.path} imports ${path}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('modules that reach the outside are imported by their owners only', () => {
    const wrong: string[] = [];
    for (const file of sources) {
      for (const { specifier, typeOnly } of file.imports) {
        const owners = restrictedModules[specifier];
        if (owners === undefined || typeOnly) continue;
        if (!owners.some((owner) => file.path === owner || (owner.endsWith('/') && file.path.startsWith(owner)))) {
          wrong.push(`${file.path} imports ${specifier}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('nothing reads the clock, throws dice or waits by itself', () => {
    const wrong: string[] = [];
    for (const file of sources) {
      if (mayCall.has(file.path)) continue;
      const code = withoutComments(file.text);
      for (const call of forbiddenCalls) if (call.test(code)) wrong.push(`${file.path}: ${call.source}`);
    }
    expect(wrong).toEqual([]);
  });

  it('there is no cycle of imports, not even of types', () => {
    const bySource = new Map(sources.map((file) => [file.path, file]));
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (path: string, trail: string[]): void => {
      const start = trail.indexOf(path);
      if (start !== -1) {
        cycles.push([...trail.slice(start), path].join(' -> '));
        return;
      }
      if (done.has(path)) return;
      const file = bySource.get(path);
      for (const { specifier } of file?.imports ?? []) {
        const next = file === undefined ? null : target(file, specifier);
        if (next !== null) visit(next, [...trail, path]);
      }
      done.add(path);
    };
    for (const file of sources) visit(file.path, []);
    expect(cycles).toEqual([]);
  });

  it('apis/index.ts and the public index are the only files that only pass on what others export', () => {
    const barrels = sources.filter(({ path, text }) => {
      const code = withoutComments(text);
      const passesOn = /^export\s[^;=]*?\sfrom\s/m.test(code) || /^export \* from/m.test(code);
      const declares = /^export (async )?(function|class|const|interface|type \w+.*=|abstract)/m.test(code);
      return passesOn && !declares && path !== 'index.ts' && path !== 'apis/index.ts';
    });
    expect(barrels.map(({ path }) => path)).toEqual([]);
  });

  it('no leftovers stay in the code', () => {
    const leftover = /\b(FIXME|TODO|XXX)\b/;
    const wrong = sources
      .filter(({ text }) => leftover.test(text) || /@ts-(ignore|nocheck|expect-error)/.test(text))
      .map(({ path }) => path);
    expect(wrong).toEqual([]);
  });

  it('each API handler begins with its card: name, key, versions, errors', () => {
    const wrong: string[] = [];
    for (const { path, text } of sources) {
      if (!path.startsWith('apis/') || !/export function \w+Handler\(/.test(text)) continue;
      const card = /^\/\*\*([\s\S]*?)\*\//.exec(text)?.[1] ?? '';
      if (!/\bkey \d+/.test(card) || !/\bversions? \d+/.test(card) || !/\berrors?\b/i.test(card)) wrong.push(path);
    }
    expect(wrong).toEqual([]);
  });

  it('each API handler is in a table', () => {
    const tables = sources.filter(({ path }) => path === 'apis/index.ts' || path === 'apis/controller-table.ts');
    const table = tables.map(({ text }) => text).join('\n');
    const missing: string[] = [];
    for (const { path, text } of sources) {
      if (!path.startsWith('apis/')) continue;
      for (const [, name] of text.matchAll(/export function (\w+Handler)\(/g)) {
        if (!table.includes(`apiOf(${name}(`)) missing.push(`${path}: ${name}`);
      }
    }
    expect(missing).toEqual([]);
  });
});
