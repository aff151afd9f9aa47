import type { FileSystem } from './file-system.ts';

/**
 * Replaces a small file so that a crash at any moment leaves the old or the new content, never a mixture:
 * temporary file, fsync, rename, fsync of the directory. The temporary name is Kafka's (`<name>.tmp`).
 */
export function atomicWriteFile(fileSystem: FileSystem, path: string, data: Uint8Array | string): void {
  replaceFile(fileSystem, path, data, true);
  fileSystem.syncDirectory(path.slice(0, path.lastIndexOf('/')) || '/');
}

/** As atomicWriteFile, but after a power loss it may be the old one until the caller syncs the directory. */
export function replaceFileSynced(fileSystem: FileSystem, path: string, data: Uint8Array | string): void {
  replaceFile(fileSystem, path, data, true);
}

/** As atomicWriteFile, but only a killed process is survived: the caller syncs later, or can do without after a power loss. */
export function replaceFileUnsynced(fileSystem: FileSystem, path: string, data: Uint8Array | string): void {
  replaceFile(fileSystem, path, data, false);
}

function replaceFile(fileSystem: FileSystem, path: string, data: Uint8Array | string, syncContent: boolean): void {
  const temporary = `${path}.tmp`;
  const handle = fileSystem.open(temporary, 'write');
  try {
    handle.truncate(0);
    handle.writevSync([typeof data === 'string' ? Buffer.from(data) : data], 0);
    if (syncContent) handle.syncSync();
  } finally {
    handle.close();
  }
  fileSystem.rename(temporary, path);
}
