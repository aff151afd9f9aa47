import { describe, expect, test } from 'vitest';
import { SnapshotRegistry, TimelineMap } from '../../../src/base/timeline-map.ts';

function newMap() {
  const registry = new SnapshotRegistry();
  return { registry, map: new TimelineMap<string, number>(registry) };
}

describe('timeline map', () => {
  test('a past snapshot is read as it was', () => {
    const { registry, map } = newMap();
    map.set('a', 1);
    registry.take(10);
    map.set('a', 2);
    map.set('b', 3);
    registry.take(20);
    map.delete('a');
    map.set('b', 4);
    expect([map.get('a', 10), map.get('b', 10)]).toEqual([1, undefined]);
    expect([map.get('a', 20), map.get('b', 20)]).toEqual([2, 3]);
    expect([map.get('a'), map.get('b')]).toEqual([undefined, 4]);
    expect([...map.entries(10)]).toEqual([['a', 1]]);
    expect(new Map(map.entries(20))).toEqual(
      new Map([
        ['a', 2],
        ['b', 3],
      ]),
    );
    expect(map.has('a', 20)).toBe(true);
    expect([...map.keys()]).toEqual(['b']);
  });

  test('reverting puts every later change back, also several of one key', () => {
    const { registry, map } = newMap();
    map.set('a', 1);
    registry.take(10);
    map.set('a', 2);
    registry.take(20);
    map.set('a', 3);
    map.set('c', 9);
    map.delete('a');
    registry.revertTo(10);
    expect([...map]).toEqual([['a', 1]]);
    expect(registry.epochs).toEqual([10]);
    map.set('a', 5);
    registry.revertTo(10);
    expect(map.get('a')).toBe(1);
  });

  test('a snapshot that is forgotten cannot be read, later ones can', () => {
    const { registry, map } = newMap();
    registry.take(10);
    map.set('a', 1);
    registry.take(20);
    map.set('a', 2);
    registry.deleteBelow(20);
    expect(() => map.get('a', 10)).toThrow('no snapshot 10');
    expect(map.get('a', 20)).toBe(1);
  });

  test('maps inside maps go back together', () => {
    const registry = new SnapshotRegistry();
    const outer = new TimelineMap<string, TimelineMap<number, string>>(registry);
    const inner = new TimelineMap<number, string>(registry);
    outer.set('g', inner);
    inner.set(0, 'x');
    registry.take(5);
    inner.delete(0);
    outer.delete('g');
    const other = new TimelineMap<number, string>(registry);
    outer.set('g', other);
    other.set(1, 'y');
    expect(outer.get('g', 5)?.get(0, 5)).toBe('x');
    registry.revertTo(5);
    expect([...outer.get('g')!]).toEqual([[0, 'x']]);
  });
});
