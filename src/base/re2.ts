import { createRequire } from 'node:module';

type Re2 = typeof import('re2js');

let loaded: Re2 | null = null;

/**
 * Regular expressions of RE2's dialect, matched in linear time: what clients may send must not be able to hold the event
 * loop. Loaded when the first one comes, because most brokers never see one.
 */
export function re2(): Re2 {
  loaded ??= createRequire(import.meta.url)('re2js') as Re2; // the package's own type
  return loaded;
}
