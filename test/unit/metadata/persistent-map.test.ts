import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PersistentMap } from '../../../src/metadata/persistent-map.ts';

test('it is a map, and every version of it stays as it was', () => {
  const step = fc.record({ key: fc.integer({ min: 0, max: 60 }), value: fc.option(fc.nat()) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const model = new Map<string, number>();
      let map = PersistentMap.empty<string, number>();
      const versions: [PersistentMap<string, number>, Map<string, number>][] = [];
      for (const { key, value } of steps) {
        const name = `key-${key}`;
        if (value === null) {
          map = map.delete(name);
          model.delete(name);
        } else {
          map = map.set(name, value);
          model.set(name, value);
        }
        versions.push([map, new Map(model)]);
      }
      for (const [version, expected] of versions) {
        expect(version.size).toBe(expected.size);
        expect(new Map(version)).toEqual(expected);
        for (const [key, value] of expected) expect(version.get(key)).toBe(value);
      }
    }),
    { numRuns: 50 },
  );
});

test('keys of the same hash live side by side', () => {
  // Two pairs of 32-bit FNV-1a collisions.
  const colliding = ['costarring', 'liquid', 'declinate', 'macallums'];
  let map = PersistentMap.from(colliding.map((key, index) => [key, index] as const));
  expect(colliding.map((key) => map.get(key))).toEqual([0, 1, 2, 3]);
  for (const key of colliding) map = map.delete(key);
  expect([...map]).toEqual([]);
});

test('numbers are keys, too', () => {
  let map = PersistentMap.empty<number, string>();
  for (let i = 0; i < 10_000; i++) map = map.set(i, String(i));
  expect(map.size).toBe(10_000);
  expect(map.get(9_999)).toBe('9999');
  expect(map.get(10_000)).toBeUndefined();
});
