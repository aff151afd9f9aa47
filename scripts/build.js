// Builds dist/: `node scripts/build.js`, or with --if-stale only when a source is newer than the last build, so that `npm start`
// on an unchanged tree is immediate. tsc checks and emits every module with its types; rolldown then joins the modules of
// the entries, because loading three hundred files takes longer than everything else that a start does.
// Plain JavaScript on purpose: it runs before anything has been compiled.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'dist', '.built');

/** Less to read at each start; names stay, for stack traces. */
const minify = { compress: true, mangle: false, codegen: { removeWhitespace: true } };

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

async function build() {
  const startMs = Date.now();
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const compiled = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' });
  if (compiled.status !== 0) return compiled.status ?? 1;
  const { rolldown } = await import('rolldown');
  const bundle = await rolldown({
    input: {
      main: join(root, 'dist/src/main.js'),
      index: join(root, 'dist/src/index.js'),
      // A thread of its own, which compaction-thread.ts looks for beside itself.
      'compaction-worker': join(root, 'dist/src/node/compaction-worker.js'),
    },
    platform: 'node',
    // What is installed stays outside; node resolves it.
    external: /^[^./]/,
    logLevel: 'warn',
  });
  await bundle.write({ dir: join(root, 'dist/bundle'), format: 'esm', sourcemap: true, cleanDir: true, minify });
  await bundle.close();
  // As old as the start of the build: what was edited meanwhile is stale.
  writeFileSync(stamp, '');
  utimesSync(stamp, startMs / 1000, startMs / 1000);
  return 0;
}

if (!process.argv.includes('--if-stale') || isStale()) process.exitCode = await build();
