/** Both ends inclusive; `max` may be infinite. `none` has max < min. */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

const NONE: VersionRange = { min: 0, max: -1 };

/** '3+' | '0-12' | '5' | 'none' */
export function parseVersions(text: string): VersionRange {
  if (text === 'none') return NONE;
  if (text.endsWith('+')) return { min: Number(text.slice(0, -1)), max: Number.POSITIVE_INFINITY };
  const dash = text.indexOf('-');
  if (dash === -1) return { min: Number(text), max: Number(text) };
  return { min: Number(text.slice(0, dash)), max: Number(text.slice(dash + 1)) };
}

export function includesVersion(text: string | undefined, version: number): boolean {
  if (text === undefined) return false;
  const range = parseVersions(text);
  return version >= range.min && version <= range.max;
}
