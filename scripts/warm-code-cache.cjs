// `node warm-code-cache.cjs <folder of the bundle> <empty folder>`: does what most processes do first, so that the code cache which
// it leaves behind has the functions for that: a broker in memory, on an empty directory, on that of an earlier run, as a library
// and as the command, and its first answer.
const { join } = require('node:path');

const [bundles, directory] = process.argv.slice(2);
const { Broker, runCommandLine } = require(join(bundles, 'load.cjs'));

function command(...args) {
  process.argv.splice(2, Number.POSITIVE_INFINITY, ...args);
  return runCommandLine();
}

async function warm() {
  for (const options of [{ ephemeral: true }, { dataDir: directory }, { dataDir: directory }]) {
    const broker = await Broker.start({ port: 0, ...options });
    await command('wait', '--bootstrap', broker.bootstrapServers);
    await broker.stop();
  }
  await command('--port', '0', '--data-dir', directory);
  process.kill(process.pid, 'SIGTERM');
}

void warm();
