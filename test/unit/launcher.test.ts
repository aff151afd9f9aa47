// scripts/load.cjs, as the build puts it beside the bundle.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { repositoryPath } from '../support/processes.ts';

const bundles = join(repositoryPath, 'dist', 'bundle');
let directory: string;

beforeEach(() => {
  // Inside the repository, so that dependencies are found; without the code cache of the build.
  directory = mkdtempSync(join(repositoryPath, 'dist', 'launcher-'));
  for (const name of readdirSync(bundles).filter((name) => /js$/.test(name))) {
    copyFileSync(join(bundles, name), join(directory, name));
  }
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function version(): string {
  return execFileSync(process.execPath, [join(directory, 'main.cjs'), '--version'], { encoding: 'utf8' }).trim();
}

function caches(): string[] {
  return readdirSync(directory).filter((name) => name.endsWith('.cache'));
}

const { version: expected } = JSON.parse(readFileSync(join(repositoryPath, 'package.json'), 'utf8')) as {
  version: string;
};

test('the first run leaves a code cache, which the next one takes as it is', () => {
  expect(version()).toBe(expected);
  const [cache] = caches();
  const written = readFileSync(join(directory, cache!));
  expect(written.length).toBeGreaterThan(10_000);
  expect(version()).toBe(expected);
  expect(caches()).toEqual([cache]);
  expect(readFileSync(join(directory, cache!)).equals(written)).toBe(true);
});

test('the library takes the cache that the command has left', () => {
  version();
  const before = caches();
  const library = JSON.stringify(pathToFileURL(join(directory, 'index.js')).href);
  const program = `import { Broker } from ${library};
    const broker = await Broker.start({ port: 0, ephemeral: true });
    console.log(broker.bootstrapServers);
    await broker.stop();`;
  const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' });
  expect(printed).toMatch(/^127\.0\.0\.1:\d+\n$/);
  expect(caches()).toEqual(before);
});

test('a code cache that V8 does not take is replaced', () => {
  version();
  const [cache] = caches();
  writeFileSync(join(directory, cache!), 'not a cache');
  expect(version()).toBe(expected);
  expect(readFileSync(join(directory, cache!)).length).toBeGreaterThan(10_000);
});

test('a cache that cannot be written is no obstacle, and leaves nothing behind', () => {
  version();
  const [cache] = caches();
  rmSync(join(directory, cache!));
  // A folder in its place: nobody, root included, can rename a file over it.
  mkdirSync(join(directory, cache!));
  const before = readdirSync(directory);
  expect(version()).toBe(expected);
  expect(readdirSync(directory)).toEqual(before);
});
