/**
 * The only file that knows that an int64 has two halves. Everywhere else it is a `number`.
 *
 * Reading saturates at ±(2^53-1): a client's Long.MAX_VALUE still compares rightly. Writing takes safe integers only.
 */
const TWO_32 = 4_294_967_296;
/** High halves beyond these hold magnitudes of 2^53 and more. */
const HIGH_MAX = 0x1f_ffff;
const HIGH_MIN = -0x20_0000;

/**
 * Kafka's Long.MAX_VALUE as the default of a field: greater than any decoded value, so that a peer which really says
 * 2^53-1 is told apart from one that says nothing. The one unsafe number that may be written.
 */
export const INT64_MAX = 2 ** 63;

export function readInt64(buffer: Uint8Array, position: number): number {
  const high =
    (buffer[position]! << 24) | (buffer[position + 1]! << 16) | (buffer[position + 2]! << 8) | buffer[position + 3]!;
  if (high > HIGH_MAX) return Number.MAX_SAFE_INTEGER;
  if (high < HIGH_MIN) return Number.MIN_SAFE_INTEGER;
  const low =
    ((buffer[position + 4]! << 24) |
      (buffer[position + 5]! << 16) |
      (buffer[position + 6]! << 8) |
      buffer[position + 7]!) >>>
    0;
  return Math.max(high * TWO_32 + low, Number.MIN_SAFE_INTEGER);
}

/** Throws RangeError when `value` is neither a safe integer nor INT64_MAX. */
export function writeInt64(buffer: Uint8Array, position: number, value: number): void {
  if (value === INT64_MAX) {
    buffer.fill(0xff, position, position + 8);
    buffer[position] = 0x7f;
    return;
  }
  if (!Number.isSafeInteger(value)) throw new RangeError(`not a safe integer: ${value}`);
  const high = Math.floor(value / TWO_32);
  const low = value >>> 0;
  buffer[position] = high >>> 24;
  buffer[position + 1] = high >>> 16;
  buffer[position + 2] = high >>> 8;
  buffer[position + 3] = high;
  buffer[position + 4] = low >>> 24;
  buffer[position + 5] = low >>> 16;
  buffer[position + 6] = low >>> 8;
  buffer[position + 7] = low;
}
