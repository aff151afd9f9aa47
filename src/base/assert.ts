/** A broken invariant. It stays on in production and stops the node: recovery is tested, a wrong log is forever. */
export class AssertionError extends Error {
  override name = 'AssertionError';
}

/** For invariants only; bad input is never an assertion. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Ends a switch over a closed union: the compiler refuses it while a kind is missing. */
export function unreachable(value: never): never {
  throw new AssertionError(`unexpected value ${JSON.stringify(value)}`);
}
