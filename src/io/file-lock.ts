/**
 * An exclusive lock on a file name, held by a living process. Node has no flock, so the file says who holds it:
 * process id, the process's start time (a process id alone is used again, and in a container it is always 1) and a nonce.
 *
 * - Taking it is one `link` of a finished file, which fails when the name exists: no half-written lock is ever seen.
 * - A lock whose process is gone is stale and is moved away; the move is checked, so that two that find the same stale
 *   lock do not both win.
 * - Locks of this process are known to it by name, across copies of this module.
 * - An empty file is what Apache Kafka leaves behind. While a Kafka broker runs it holds a POSIX lock on the file, which
 *   Linux lists in /proc/locks.
 *
 * Not seen: processes in another container or on another machine that share the volume.
 */
import * as fs from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { FileLock } from './file-system.ts';

interface Holder {
  pid: number;
  /** Opaque; null where the system does not tell. */
  startTime: string | null;
  nonce: number;
}

const registryKey = Symbol.for('ottla.file-locks');

/** On globalThis, because a test runner or a bundler may load this module twice in one process. */
function heldHere(): Set<string> {
  const holder = globalThis as { [registryKey]?: Set<string> };
  holder[registryKey] ??= new Set();
  return holder[registryKey];
}

let nonces = 0;

export function acquireFileLock(path: string): FileLock | null {
  const name = join(fs.realpathSync(dirname(resolve(path))), resolve(path).slice(dirname(resolve(path)).length + 1));
  const held = heldHere();
  if (held.has(name)) return null;
  const self: Holder = { pid: process.pid, startTime: startTimeOf(process.pid), nonce: nonces++ };
  const text = `${JSON.stringify(self)}\n`;
  const draft = `${name}.${process.pid}.${self.nonce}`;
  fs.writeFileSync(draft, text);
  try {
    // A stale lock is removed at most a few times; whoever keeps losing has met a living competitor.
    for (let attempt = 0; attempt < 5; attempt++) {
      if (linkExclusively(draft, name)) {
        held.add(name);
        return {
          release() {
            if (!held.delete(name)) return;
            if (readOrNull(name) === text) fs.rmSync(name, { force: true });
          },
        };
      }
      const found = readOrNull(name);
      if (found === null) continue;
      if (isHeld(name, found)) return null;
      moveStaleAway(name, found, `${draft}.stale`);
    }
    return null;
  } finally {
    fs.rmSync(draft, { force: true });
  }
}

function linkExclusively(draft: string, name: string): boolean {
  try {
    fs.linkSync(draft, name);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EEXIST') return false;
    // A file system without hard links (FAT, some network shares): created empty, then filled.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS' && code !== 'EOPNOTSUPP') throw error;
  }
  try {
    fs.writeFileSync(name, fs.readFileSync(draft), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readOrNull(name: string): string | null {
  try {
    return fs.readFileSync(name, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function isHeld(name: string, text: string): boolean {
  const holder = parse(text);
  if (holder === null) return hasPosixLock(name);
  if (!isAlive(holder.pid)) return false;
  const startTime = startTimeOf(holder.pid);
  // The same process id with another start time is another process. Where start times are not told, the id decides.
  return startTime === null || holder.startTime === null ? holder.pid !== process.pid : startTime === holder.startTime;
}

function parse(text: string): Holder | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('pid' in value) || !Number.isInteger(value.pid)) return null;
    const startTime = 'startTime' in value && typeof value.startTime === 'string' ? value.startTime : null;
    return { pid: value.pid as number, startTime, nonce: 0 };
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Boot and clock tick at which a process began, from /proc; null elsewhere. */
function startTimeOf(pid: number): string | null {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command in parentheses may hold spaces and parentheses; field 22 counts from behind the last one.
    const startTicks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    const bootId = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return `${bootId} ${startTicks}`;
  } catch {
    return null;
  }
}

/** A Kafka broker (or another fcntl user) holds this very file. Linux only. */
function hasPosixLock(name: string): boolean {
  try {
    const inode = fs.statSync(name).ino;
    return fs
      .readFileSync('/proc/locks', 'latin1')
      .split('\n')
      .some((line) => line.includes(`:${inode} `));
  } catch {
    return false;
  }
}

function moveStaleAway(name: string, expected: string, aside: string): void {
  try {
    fs.renameSync(name, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  // Someone replaced the stale lock between our look and our move: give the new owner its name back.
  if (readOrNull(aside) !== expected) linkExclusively(aside, name);
  fs.rmSync(aside, { force: true });
}
