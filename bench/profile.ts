/**
 * npm run profile -- <bench>: Ottla alone, each broker's process with V8's own profilers, which write a .cpuprofile and a .heapprofile
 * when the process ends. Benches that measure in this process are run in one that is profiled.
 */
import { mkdirSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { repositoryPath } from '../test/support/processes.ts';
import { resultsPath } from './results.ts';

let folder: string | null = null;

export function isProfiling(): boolean {
  return folder !== null;
}

/** From now on, every process of Ottla's that a bench starts is profiled. Gives the folder of the profiles. */
export function startProfiling(bench: string): string {
  folder = join(resultsPath, 'profiles', bench);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Options of Node; none unless profiles are wanted. */
export function profileArguments(): string[] {
  if (folder === null) return [];
  return ['--cpu-prof', '--heap-prof', `--cpu-prof-dir=${folder}`, `--heap-prof-dir=${folder}`];
}

export function printProfiles(): void {
  if (folder === null) return;
  console.log('\nOpen in the Performance and Memory panels of Chrome’s developer tools, or in speedscope.app:');
  for (const name of readdirSync(folder).sort()) console.log(`  ${relative(repositoryPath, join(folder, name))}`);
}
