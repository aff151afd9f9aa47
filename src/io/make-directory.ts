/** Directories that a power loss does not take away again. */
import type { FileSystem } from './file-system.ts';

/** With its missing parents. The creation of a directory is durable when the one above it is synced. */
export function makeDirectoryDurable(fileSystem: FileSystem, directory: string): void {
  const missing: string[] = [];
  for (let path = directory; path !== '' && path !== '.' && !fileSystem.exists(path); path = parentOf(path)) {
    missing.push(path);
  }
  fileSystem.makeDirectory(directory);
  for (const path of missing) fileSystem.syncDirectory(parentOf(path));
}

function parentOf(path: string): string {
  const end = path.lastIndexOf('/');
  if (end === -1) return '.';
  return end === 0 ? '/' : path.slice(0, end);
}
