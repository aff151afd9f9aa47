// Loads the bundle, which holds the library and the command, with V8's code cache: compiling a megabyte of source takes longer than
// everything else that a start does. The build puts this file beside the bundle, with the bundle's name filled in.
// The cache is written when a process ends that had none (the build runs one); it is worth nothing to another release of Node,
// which then writes its own. Where the folder cannot be written, each start compiles.
const { readFileSync, renameSync, rmSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { constants, Script } = require('node:vm');

// The name has a hash of the content, and the cache its name: V8 itself would take the cache of another source of the same length.
const file = join(__dirname, 'BUNDLE_FILE');
const cacheFile = `${file}.${process.version}-${process.arch}.cache`;

function readCache() {
  try {
    return readFileSync(cacheFile);
  } catch {
    return undefined;
  }
}

const cachedData = readCache();
// One function, in ASCII.
const script = new Script(readFileSync(file, 'latin1'), {
  filename: file,
  cachedData,
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
});

if (cachedData === undefined || script.cachedDataRejected) {
  process.once('exit', () => {
    // Renamed into place: another process may be reading it.
    const written = `${cacheFile}.${process.pid}`;
    try {
      writeFileSync(written, script.createCachedData());
      renameSync(written, cacheFile);
    } catch {
      // A read-only installation: slower starts, nothing else.
      rmSync(written, { force: true });
    }
  });
}

script.runInThisContext()(exports, require, module, file, __dirname);
