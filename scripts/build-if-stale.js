// Builds with tsc only when a source is newer than the last build, so that `npm start` on an unchanged tree is immediate.
// Plain JavaScript on purpose: it runs before anything has been compiled.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

function newestMtimeMs(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  let newest = stat.mtimeMs;
  for (const name of readdirSync(path)) newest = Math.max(newest, newestMtimeMs(join(path, name)));
  return newest;
}

const sources = ['src', 'bench', 'scripts', 'tsconfig.json', 'tsconfig.build.json', 'package.json'];
const newestSource = Math.max(...sources.map((source) => newestMtimeMs(join(root, source))));
const builtAt = newestMtimeMs(join(root, 'dist', '.tsbuildinfo'));
if (newestSource > builtAt) {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const result = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' });
  process.exitCode = result.status ?? 1;
}
