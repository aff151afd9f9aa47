import type { Field, Fields, Type } from './schema.ts';

const NO_BYTES = Buffer.alloc(0);
const ZERO_UUID_TEXT = 'AAAAAAAAAAAAAAAAAAAAAA';

/** What decoding delivers for a field that the version lacks, and what encoding writes for one that is left out. */
export function defaultOf(field: Field): unknown {
  return field.options.default !== undefined ? field.options.default : defaultOfType(field.type);
}

function defaultOfType(type: Type): unknown {
  switch (type.kind) {
    case 'bool':
      return false;
    case 'string':
      return '';
    case 'uuid':
      return ZERO_UUID_TEXT;
    case 'bytes':
      return NO_BYTES;
    case 'records':
      return null;
    case 'array':
      return [];
    case 'struct':
      return defaultStruct(type.fields);
    default:
      return 0;
  }
}

function defaultStruct(fields: Fields): object {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, defaultOf(field)]));
}

/** Whether `value` says no more than leaving the field out would. */
export function isDefault(field: Field, value: unknown): boolean {
  const expected = defaultOf(field);
  if (value === expected) return true;
  if (value === null || expected === null) return false;
  switch (field.type.kind) {
    case 'array':
      return (value as readonly unknown[]).length === 0;
    case 'bytes':
      return (value as Buffer).length === 0;
    case 'struct': {
      const struct = value as Record<string, unknown>;
      if ((struct['unknownTaggedFields'] as readonly unknown[] | undefined)?.length) return false;
      return Object.entries(field.type.fields).every(
        ([name, inner]) => struct[name] === undefined || isDefault(inner, struct[name]),
      );
    }
    default:
      return false;
  }
}
