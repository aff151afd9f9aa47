// Builds dist/: `node scripts/build.js`, or with --if-stale only when a source is newer than the last build, so that `npm start`
// on an unchanged tree is immediate. tsc checks and emits every module with its types; rolldown then joins the modules of
// the entries, because loading three hundred files takes longer than everything else that a start does.
// Plain JavaScript on purpose: it runs before anything has been compiled.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'dist', '.built');

/** Less to read at each start; names stay, for stack traces. */
const minify = { compress: true, mangle: false, codegen: { removeWhitespace: true } };

/** Loaded at each start, as many small files. */
const BUNDLED_DEPENDENCIES = /^(commander|pino)$/;

/** Not a file of ours, as our own package.json is, whose version goes into the bundles. */
const isInstalled = (id) => /^[^./]/.test(id) && id !== 'ottla/package.json';

function newestMtimeMs(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  let newest = stat.mtimeMs;
  for (const name of readdirSync(path)) newest = Math.max(newest, newestMtimeMs(join(path, name)));
  return newest;
}

function isStale() {
  const sources = [
    'src',
    'bench',
    'scripts',
    'tsconfig.json',
    'tsconfig.build.json',
    'package.json',
    'package-lock.json',
  ];
  return Math.max(...sources.map((source) => newestMtimeMs(join(root, source)))) > newestMtimeMs(stamp);
}

/** What is inside the command's bundle by others, each with the text of its licence. */
function licensesOf(moduleIds) {
  const packages = new Set(moduleIds.flatMap((id) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? []));
  return [...packages]
    .sort()
    .map((directory) => {
      const { name, version, license } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
      const file = readdirSync(directory).find((entry) => /^licen[sc]e/i.test(entry));
      const text = file === undefined ? '' : readFileSync(join(directory, file), 'utf8').trim();
      return `${name} ${version} (${license})\n\n${text}\n`;
    })
    .join('\n---\n\n');
}

/**
 * A CommonJS script as the function that scripts/load.cjs calls, whole and in ASCII: read as latin1 it is the string that V8
 * takes, neither decoded nor copied.
 */
function asFunction(script) {
  const body = script.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return `(function (exports, require, module, __filename, __dirname) {${body}\n})`;
}

/** A build without it is whole: the first process that ends would write it. */
function warmCodeCache(bundles) {
  const directory = mkdtempSync(join(tmpdir(), 'ottla-build-'));
  try {
    const script = join(root, 'scripts', 'warm-code-cache.cjs');
    const { status } = spawnSync(process.execPath, [script, bundles, directory], { stdio: 'ignore' });
    if (status !== 0) throw new Error(`what was built does not start: exit code ${status}`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What the bundle holds: the library's exports, and the command. */
const ENTRY = 'ottla-bundle';
const entry = {
  name: ENTRY,
  resolveId: (id) => (id === ENTRY ? id : null),
  load(id) {
    if (id !== ENTRY) return null;
    const [library, command] = ['index.js', 'main.js'].map((file) => JSON.stringify(join(root, 'dist/src', file)));
    return `export * from ${library}; export { runCommandLine } from ${command};`;
  },
};

async function build() {
  const startMs = Date.now();
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const compiled = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' });
  if (compiled.status !== 0) return compiled.status ?? 1;
  const bundles = join(root, 'dist/bundle');
  rmSync(bundles, { recursive: true, force: true });
  const { rolldown } = await import('rolldown');
  // A thread of its own, which compaction-thread.ts looks for beside itself.
  const worker = await rolldown({
    input: { 'compaction-worker': join(root, 'dist/src/node/compaction-worker.js') },
    platform: 'node',
    // What is installed stays outside; node resolves it.
    external: (id) => isInstalled(id),
    logLevel: 'warn',
  });
  await worker.write({ dir: bundles, format: 'esm', sourcemap: true, minify });
  await worker.close();
  // Library and command, in the form that the code cache takes: one script, with the dependencies that every start needs inside.
  const bundle = await rolldown({
    input: { ottla: ENTRY },
    plugins: [entry],
    platform: 'node',
    // What a bundled dependency needs comes with it.
    external: (id, importer) =>
      isInstalled(id) && id !== ENTRY && !BUNDLED_DEPENDENCIES.test(id) && importer?.includes('node_modules') !== true,
    logLevel: 'warn',
  });
  const { output } = await bundle.write({
    dir: bundles,
    format: 'cjs',
    sourcemap: true,
    minify,
    entryFileNames: '[name]-[hash].cjs',
    codeSplitting: false,
  });
  await bundle.close();
  const [{ fileName, moduleIds, exports }] = output;
  const file = join(bundles, fileName);
  writeFileSync(file, asFunction(readFileSync(file, 'utf8')), 'latin1');
  const load = readFileSync(join(root, 'scripts/load.cjs'), 'utf8').replace('BUNDLE_FILE', fileName);
  writeFileSync(join(bundles, 'load.cjs'), load);
  // The same again, because looking for one more file takes a millisecond.
  const command = `#!/usr/bin/env node\n${load}\nexports.runCommandLine();\n`;
  writeFileSync(join(bundles, 'main.cjs'), command, { mode: 0o755 });
  const names = exports.filter((name) => name !== 'runCommandLine').sort();
  writeFileSync(
    join(bundles, 'index.js'),
    `import bundle from './load.cjs';\n\nexport const { ${names.join(', ')} } = bundle;\n`,
  );
  writeFileSync(join(bundles, 'THIRD_PARTY_LICENSES'), licensesOf(moduleIds));
  warmCodeCache(bundles);
  // As old as the start of the build: what was edited meanwhile is stale.
  writeFileSync(stamp, '');
  utimesSync(stamp, startMs / 1000, startMs / 1000);
  return 0;
}

if (!process.argv.includes('--if-stale') || isStale()) process.exitCode = await build();
