// Installs what the compatibility tests need from Debian's packages: `node scripts/ci-install.js [name ...]`, without names everything.
// What is there already stays as it is. For continuous integration; a developer's machine is never changed (the tests are skipped there).
// Plain JavaScript: it runs before anything has been installed or compiled.
import { spawnSync } from 'node:child_process';

/** How to see that it is there, and the packages that bring it. */
const tools = {
  java: { check: ['javac', '-version'], packages: ['default-jdk-headless'] },
  maven: { check: ['mvn', '-v'], packages: ['maven'] },
  'python3-venv': { check: ['python3', '-c', 'import venv, ensurepip'], packages: ['python3', 'python3-venv'] },
  go: { check: ['go', 'version'], packages: ['golang-go', 'ca-certificates'] },
  kcat: { check: ['kcat', '-V'], packages: ['kcat'] },
};

const runs = ([command, ...args]) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

function aptGet(...args) {
  const command = ['apt-get', '-o', 'DPkg::Lock::Timeout=120', ...args];
  if (process.getuid?.() !== 0) command.unshift('sudo', '-n');
  const [program, ...rest] = command;
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync(program, rest, { stdio: ['ignore', 'inherit', 'inherit'], env: environment }).status === 0;
}

const asked = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(tools);
const unknown = asked.filter((name) => !(name in tools));
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(', ')}; known: ${Object.keys(tools).join(', ')}`);
  process.exit(2);
}
const missing = asked.filter((name) => !runs(tools[name].check));
if (missing.length > 0) {
  console.log(`installing ${missing.join(', ')}`);
  if (!aptGet('update')) console.error('apt-get update failed; trying with the lists there are');
  aptGet('install', '-y', '--no-install-recommends', ...missing.flatMap((name) => tools[name].packages));
}
const still = asked.filter((name) => !runs(tools[name].check));
if (still.length > 0) console.error(`could not be installed: ${still.join(', ')}`);
process.exitCode = still.length > 0 ? 1 : 0;
