/** Bytes that are no such message, or a value that the version cannot carry. */
export class WireError extends Error {
  override name = 'WireError';
}
