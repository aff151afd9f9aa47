import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { atomicWriteFile } from '../../../src/io/atomic-write.ts';
import type { FileSystem } from '../../../src/io/file-system.ts';
import { MemoryFileSystem } from '../../../src/io/memory-file-system.ts';
import { NodeFileSystem } from '../../../src/io/node-file-system.ts';
import { SimulatedDisk } from '../../support/simulated-disk.ts';

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const kinds: [string, () => { fileSystem: FileSystem; root: string }][] = [
  [
    'node',
    () => {
      const root = mkdtempSync(join(tmpdir(), 'ottla-io-'));
      folders.push(root);
      return { fileSystem: new NodeFileSystem(), root };
    },
  ],
  [
    'memory',
    () => {
      const fileSystem = new MemoryFileSystem();
      fileSystem.makeDirectory('/root');
      return { fileSystem, root: '/root' };
    },
  ],
  [
    'simulated',
    () => {
      const fileSystem = new SimulatedDisk();
      fileSystem.makeDirectory('/root');
      return { fileSystem, root: '/root' };
    },
  ],
];

describe.each(kinds)('the %s file system', (_name, make) => {
  test('writes and reads at positions, across pages', async () => {
    const { fileSystem, root } = make();
    const handle = fileSystem.open(`${root}/f`, 'write');
    const content = Buffer.alloc(300_000, 7);
    for (let i = 0; i < content.length; i++) content[i] = i % 251;
    await handle.writev([content.subarray(0, 10), content.subarray(10, 100_000), content.subarray(100_000)], 0);
    handle.writevSync([Buffer.from('ab'), Buffer.from('c')], 65_535);
    content.set(Buffer.from('abc'), 65_535);
    expect(handle.size()).toBe(300_000);
    const target = Buffer.alloc(200_000);
    expect(await handle.read(target, 5, 150_000, 60_000)).toBe(150_000);
    expect(target.subarray(5, 150_005).equals(content.subarray(60_000, 210_000))).toBe(true);
    expect(handle.readSync(target, 0, 1000, 299_990)).toBe(10);
    expect(handle.readSync(target, 0, 1000, 400_000)).toBe(0);
    await handle.sync();
    handle.close();
    expect(fileSystem.readFile(`${root}/f`).equals(content)).toBe(true);
    expect(fileSystem.stat(`${root}/f`)).toMatchObject({ size: 300_000, isDirectory: false });
  });

  test('writes more buffers than one call of the system takes', async () => {
    const { fileSystem, root } = make();
    const handle = fileSystem.open(`${root}/f`, 'write');
    const buffers = Array.from({ length: 2500 }, (_, i) => Buffer.from([i % 256, (i + 1) % 256]));
    await handle.writev(buffers, 0);
    handle.writevSync(buffers, 5000);
    await handle.writev([], 0);
    handle.close();
    expect(fileSystem.readFile(`${root}/f`).equals(Buffer.concat([...buffers, ...buffers]))).toBe(true);
  });

  test('truncates, and what is later skipped reads as zeros', () => {
    const { fileSystem, root } = make();
    const handle = fileSystem.open(`${root}/f`, 'write');
    handle.writevSync([Buffer.alloc(100_000, 1)], 0);
    handle.truncate(70_000);
    expect(handle.size()).toBe(70_000);
    handle.writevSync([Buffer.from([2])], 70_010);
    const bytes = fileSystem.readFile(`${root}/f`);
    expect([bytes[69_999], bytes[70_000], bytes[70_009], bytes[70_010]]).toEqual([1, 0, 0, 2]);
    handle.close();
  });

  test('lists, renames over files, and removes what may be absent', () => {
    const { fileSystem, root } = make();
    fileSystem.makeDirectory(`${root}/a/b`);
    fileSystem.makeDirectory(`${root}/a/b`);
    fileSystem.writeFile(`${root}/a/b/x`, 'one');
    fileSystem.writeFile(`${root}/a/b/y`, 'two');
    fileSystem.rename(`${root}/a/b/x`, `${root}/a/b/y`);
    expect(fileSystem.list(`${root}/a/b`)).toEqual(['y']);
    fileSystem.rename(`${root}/a/b`, `${root}/c`);
    expect(fileSystem.readFile(`${root}/c/y`).toString()).toBe('one');
    fileSystem.remove(`${root}/c/none`);
    fileSystem.remove(`${root}/c/y`);
    fileSystem.removeDirectory(`${root}/c`);
    fileSystem.removeDirectory(`${root}/c`);
    expect(fileSystem.exists(`${root}/c`)).toBe(false);
    expect(() => fileSystem.list(`${root}/c`)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
    expect(() => fileSystem.open(`${root}/none`, 'read')).toThrow(expect.objectContaining({ code: 'ENOENT' }));
    expect(() => fileSystem.stat(`${root}/none`)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });

  test('replaces a file atomically and leaves no temporary one', () => {
    const { fileSystem, root } = make();
    atomicWriteFile(fileSystem, `${root}/f`, 'a long first content');
    atomicWriteFile(fileSystem, `${root}/f`, 'short');
    expect(fileSystem.readFile(`${root}/f`).toString()).toBe('short');
    expect(fileSystem.list(root)).toEqual(['f']);
  });

  test('gives a lock once until it is released', () => {
    const { fileSystem, root } = make();
    const lock = fileSystem.lock(`${root}/.lock`);
    expect(lock).not.toBeNull();
    expect(fileSystem.lock(`${root}/.lock`)).toBeNull();
    lock!.release();
    lock!.release();
    const again = fileSystem.lock(`${root}/.lock`);
    expect(again).not.toBeNull();
    again!.release();
  });
});

describe('a crash of the simulated disk', () => {
  function disk(seed = 1): SimulatedDisk {
    const made = new SimulatedDisk({ seed });
    made.makeDirectory('/d');
    made.syncDirectory('/');
    return made;
  }

  test('kill keeps what was written, a power loss what was synced, under names that were synced', () => {
    const fileSystem = disk();
    const handle = fileSystem.open('/d/f', 'write');
    handle.writevSync([Buffer.from('safe')], 0);
    handle.syncSync();
    fileSystem.syncDirectory('/d');
    handle.writevSync([Buffer.from('lost')], 4);
    const nameless = fileSystem.open('/d/nameless', 'write');
    nameless.writevSync([Buffer.from('x')], 0);
    nameless.syncSync();
    const killed = fileSystem.crashClone('kill');
    expect([killed.list('/d'), killed.readFile('/d/f').toString()]).toEqual([['f', 'nameless'], 'safelost']);
    for (const unpowered of [fileSystem.crashClone('power-loss'), killed.crashClone('power-loss')]) {
      expect([unpowered.list('/d'), unpowered.readFile('/d/f').toString()]).toEqual([['f'], 'safe']);
    }
  });

  test('renames and removals are forgotten until the directory is synced', () => {
    const fileSystem = disk();
    for (const name of ['a', 'b', 'c']) atomicWriteFile(fileSystem, `/d/${name}`, name);
    fileSystem.rename('/d/a', '/d/b');
    fileSystem.remove('/d/c');
    expect(fileSystem.list('/d')).toEqual(['b']);
    const unpowered = fileSystem.crashClone('power-loss');
    expect(unpowered.list('/d').map((name) => unpowered.readFile(`/d/${name}`).toString())).toEqual(['a', 'b', 'c']);
    fileSystem.syncDirectory('/d');
    expect(fileSystem.crashClone('power-loss').readFile('/d/b').toString()).toBe('a');
  });

  test('what is written while a sync runs is not promised by it', async () => {
    const fileSystem = disk();
    const handle = fileSystem.open('/d/f', 'write');
    fileSystem.syncDirectory('/d');
    handle.writevSync([Buffer.from('early')], 0);
    const synced = handle.sync();
    handle.writevSync([Buffer.from('late')], 5);
    await synced;
    expect(fileSystem.crashClone('power-loss').readFile('/d/f').toString()).toBe('early');
  });

  test('of unsynced writes any may survive: whole, torn, as zeros, a later one without an earlier', () => {
    const fileSystem = disk();
    const handle = fileSystem.open('/d/f', 'write');
    fileSystem.syncDirectory('/d');
    handle.writevSync([Buffer.from('aaaa')], 0);
    handle.writevSync([Buffer.from('bbbb')], 4);
    const found = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const content = fileSystem.crashClone('power-loss', { unsynced: 'some', seed }).readFile('/d/f').toString();
      found.add(content);
      expect(content).toBe(fileSystem.crashClone('power-loss', { unsynced: 'some', seed }).readFile('/d/f').toString());
    }
    for (const content of ['', 'aaaa', 'aaaabbbb', 'aa', 'aaaabb', '\0\0\0\0bbbb', '\0\0\0\0', 'aaaa\0\0\0\0']) {
      expect([...found], JSON.stringify(content)).toContain(content);
    }
  });

  test('names survive in their order, or in any', () => {
    const fileSystem = disk();
    for (const name of ['a', 'b', 'c']) fileSystem.writeFile(`/d/${name}`, '');
    const survivors = (names: 'ordered' | 'any') => {
      const found = new Set<string>();
      for (let seed = 0; seed < 100; seed++) {
        found.add(fileSystem.crashClone('power-loss', { unsynced: 'some', names, seed }).list('/d').join(''));
      }
      return [...found].sort();
    };
    expect(survivors('ordered')).toEqual(['', 'a', 'ab', 'abc']);
    expect(survivors('any')).toEqual(['', 'a', 'ab', 'abc', 'ac', 'b', 'bc', 'c']);
  });

  test('fails where the predicate says so; a write that fails has left a part', () => {
    const fileSystem = new SimulatedDisk({
      seed: 3,
      fault: ({ kind, path }) => {
        if (path === '/full') return kind === 'write' ? 'ENOSPC' : null;
        if (path === '/bad') return kind === 'sync' || kind === 'read' ? 'EIO' : null;
        return path === '/many' ? 'EMFILE' : null;
      },
    });
    const full = fileSystem.open('/full', 'write');
    expect(() => full.writevSync([Buffer.alloc(1000)], 0)).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
    expect(full.size()).toBeGreaterThan(0);
    expect(full.size()).toBeLessThan(1000);
    const bad = fileSystem.open('/bad', 'write');
    bad.writevSync([Buffer.from('x')], 0);
    expect(() => bad.syncSync()).toThrow(expect.objectContaining({ code: 'EIO' }));
    expect(() => bad.readSync(Buffer.alloc(1), 0, 1, 0)).toThrow(expect.objectContaining({ code: 'EIO' }));
    expect(() => fileSystem.open('/many', 'write')).toThrow(expect.objectContaining({ code: 'EMFILE' }));
    fileSystem.fault = null;
    expect(fileSystem.crashClone('kill').readFile('/bad').toString()).toBe('x');
  });
});
