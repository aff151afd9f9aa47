import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { acquireFileLock } from '../../../src/io/file-lock.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ottla-lock-'));
  path = join(folder, '.lock');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a file lock', () => {
  test('names its holder and leaves nothing behind', () => {
    const lock = acquireFileLock(path)!;
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: process.pid });
    lock.release();
    expect(existsSync(path)).toBe(false);
  });

  test('of a living process is respected', () => {
    const child = spawn('sleep', ['30']);
    try {
      const startTime = null;
      writeFileSync(path, JSON.stringify({ pid: child.pid, startTime, nonce: 0 }));
      expect(acquireFileLock(path)).toBeNull();
    } finally {
      child.kill();
    }
  });

  test('of a dead process is taken over', () => {
    const { pid } = spawnSync('true');
    writeFileSync(path, JSON.stringify({ pid, startTime: 'long ago', nonce: 0 }));
    const lock = acquireFileLock(path);
    expect(lock).not.toBeNull();
    lock!.release();
  });

  test.runIf(process.platform === 'linux')('of another process that had this id is taken over', () => {
    writeFileSync(path, JSON.stringify({ pid: process.pid, startTime: 'another boot 42', nonce: 0 }));
    const lock = acquireFileLock(path);
    expect(lock).not.toBeNull();
    lock!.release();
  });

  test('that a Kafka broker left behind, an empty file, is taken over', () => {
    writeFileSync(path, '');
    const lock = acquireFileLock(path);
    expect(lock).not.toBeNull();
    lock!.release();
  });

  test('is the same by whatever path the folder is named', () => {
    const lock = acquireFileLock(path)!;
    expect(acquireFileLock(join(folder, '..', folder.split('/').pop()!, '.lock'))).toBeNull();
    lock.release();
  });
});
