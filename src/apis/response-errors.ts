/** Finds the error codes in responses, wherever the schema has them; for the count of errors by API. */
import type { Fields, MessageSchema, Type } from '../wire/schema.ts';

/** Calls `count` with each code of a response; a field that was left out has its default, no error. */
export type ErrorCodes = (response: object, count: (code: number) => void) => void;

interface Branch {
  readonly field: string;
  readonly isArray: boolean;
  readonly errors: Errors;
}

interface Errors {
  readonly hasCode: boolean;
  readonly branches: readonly Branch[];
}

export function errorCodesOf(schema: MessageSchema): ErrorCodes {
  /** Undefined: nobody has asked yet. */
  let errors: Errors | null | undefined;
  return (response, count) => {
    if (errors === undefined) errors = errorsIn(schema.fields);
    if (errors !== null) walk(errors, response as Readonly<Record<string, unknown>>, count); // a message is one
  };
}

function errorsIn(fields: Fields): Errors | null {
  const branches: Branch[] = [];
  for (const [field, { type }] of Object.entries(fields)) {
    const isArray = type.kind === 'array';
    const inner: Type = isArray ? type.element : type;
    const errors = inner.kind === 'struct' ? errorsIn(inner.fields) : null;
    if (errors !== null) branches.push({ field, isArray, errors });
  }
  const hasCode = fields['errorCode'] !== undefined;
  return hasCode || branches.length > 0 ? { hasCode, branches } : null;
}

function walk(errors: Errors, value: Readonly<Record<string, unknown>>, count: (code: number) => void): void {
  if (errors.hasCode) count(typeof value['errorCode'] === 'number' ? value['errorCode'] : 0);
  for (const { field, isArray, errors: inner } of errors.branches) {
    const child = value[field];
    if (child === null || child === undefined) continue;
    // The schema says which of the two it is.
    if (isArray)
      for (const element of child as readonly Readonly<Record<string, unknown>>[]) walk(inner, element, count);
    else walk(inner, child as Readonly<Record<string, unknown>>, count);
  }
}
