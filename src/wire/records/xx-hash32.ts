const PRIME_1 = 0x9e3779b1;
const PRIME_2 = 0x85ebca77;
const PRIME_3 = 0xc2b2ae3d;
const PRIME_4 = 0x27d4eb2f;
const PRIME_5 = 0x165667b1;

/** xxHash32 with seed 0 of `buffer[start, end)`, unsigned: the checksum of LZ4 frames. */
export function xxHash32(buffer: Uint8Array, start: number, end: number): number {
  let position = start;
  let hash: number;
  if (end - start >= 16) {
    let a = (PRIME_1 + PRIME_2) | 0;
    let b = PRIME_2 | 0;
    let c = 0;
    let d = -PRIME_1 | 0;
    for (const last = end - 16; position <= last; position += 16) {
      a = round(a, word(buffer, position));
      b = round(b, word(buffer, position + 4));
      c = round(c, word(buffer, position + 8));
      d = round(d, word(buffer, position + 12));
    }
    hash = (rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)) | 0;
  } else {
    hash = PRIME_5 | 0;
  }
  hash = (hash + (end - start)) | 0;
  for (; position + 4 <= end; position += 4) {
    hash = Math.imul(rotate((hash + Math.imul(word(buffer, position), PRIME_3)) | 0, 17), PRIME_4);
  }
  for (; position < end; position++) {
    hash = Math.imul(rotate((hash + Math.imul(buffer[position]!, PRIME_5)) | 0, 11), PRIME_1);
  }
  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2);
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function round(lane: number, input: number): number {
  return Math.imul(rotate((lane + Math.imul(input, PRIME_2)) | 0, 13), PRIME_1);
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function word(buffer: Uint8Array, position: number): number {
  return (
    buffer[position]! | (buffer[position + 1]! << 8) | (buffer[position + 2]! << 16) | (buffer[position + 3]! << 24)
  );
}
