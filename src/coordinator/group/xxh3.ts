/**
 * XXH3, 64 bits, seed 0 (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md), as a signed int64. For small
 * things hashed rarely: plain `bigint` arithmetic, no tables but the secret.
 */

const SECRET = Buffer.from(
  'b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c' +
    '3c2852bb91c300cb88d0658b532ea371644897a20df94e3819ef46a9deacd8a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364' +
    'eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e',
  'hex',
);

const MASK = (1n << 64n) - 1n;
const PRIME32_1 = 0x9e3779b1n;
const PRIME32_2 = 0x85ebca77n;
const PRIME32_3 = 0xc2b2ae3dn;
const PRIME64_1 = 0x9e3779b185ebca87n;
const PRIME64_2 = 0xc2b2ae3d27d4eb4fn;
const PRIME64_3 = 0x165667b19e3779f9n;
const PRIME64_4 = 0x85ebca77c2b2ae63n;
const PRIME64_5 = 0x27d4eb2f165667c5n;
const PRIME_MX1 = 0x165667919e3779f9n;
const PRIME_MX2 = 0x9fb21c651e98df25n;

const STRIPE_BYTES = 64;
const SECRET_STEP_BYTES = 8;

export function xxh3(input: Buffer): bigint {
  return BigInt.asIntN(64, hash(input));
}

function hash(input: Buffer): bigint {
  const { length } = input;
  if (length === 0) return avalanche64(secret(56) ^ secret(64));
  if (length <= 3) return hash1To3(input);
  if (length <= 8) return hash4To8(input);
  if (length <= 16) return hash9To16(input);
  if (length <= 128) return hash17To128(input);
  if (length <= 240) return hash129To240(input);
  return hashLong(input);
}

function hash1To3(input: Buffer): bigint {
  const { length } = input;
  const combined =
    (BigInt(input[length >> 1]!) << 24n) |
    (BigInt(input[0]!) << 16n) |
    BigInt(input[length - 1]!) |
    (BigInt(length) << 8n);
  const flip = BigInt(SECRET.readUInt32LE(0) ^ SECRET.readUInt32LE(4)) & 0xffffffffn;
  return avalanche64(combined ^ flip);
}

function hash4To8(input: Buffer): bigint {
  const { length } = input;
  const first = BigInt(input.readUInt32LE(0));
  const last = BigInt(input.readUInt32LE(length - 4));
  let mixed = (last | (first << 32n)) ^ (secret(8) ^ secret(16));
  mixed ^= rotateLeft(mixed, 49n) ^ rotateLeft(mixed, 24n);
  mixed = (mixed * PRIME_MX2) & MASK;
  mixed ^= (mixed >> 35n) + BigInt(length);
  mixed = (mixed * PRIME_MX2) & MASK;
  return mixed ^ (mixed >> 28n);
}

function hash9To16(input: Buffer): bigint {
  const { length } = input;
  const low = secret(24) ^ secret(32) ^ input.readBigUInt64LE(0);
  const high = secret(40) ^ secret(48) ^ input.readBigUInt64LE(length - 8);
  return avalanche((BigInt(length) + swapBytes(low) + high + foldedProduct(low, high)) & MASK);
}

function hash17To128(input: Buffer): bigint {
  const { length } = input;
  let sum = (BigInt(length) * PRIME64_1) & MASK;
  for (let i = Math.floor((length - 1) / 32); i >= 0; i--) {
    sum += mix16(input, i * 16, i * 32);
    sum += mix16(input, length - (i + 1) * 16, i * 32 + 16);
  }
  return avalanche(sum & MASK);
}

function hash129To240(input: Buffer): bigint {
  const { length } = input;
  let sum = (BigInt(length) * PRIME64_1) & MASK;
  for (let i = 0; i < 8; i++) sum += mix16(input, i * 16, i * 16);
  sum = avalanche(sum & MASK);
  for (let i = 8; i < Math.floor(length / 16); i++) sum += mix16(input, i * 16, (i - 8) * 16 + 3);
  sum += mix16(input, length - 16, 136 - 17);
  return avalanche(sum & MASK);
}

function hashLong(input: Buffer): bigint {
  const { length } = input;
  const lanes = [PRIME32_3, PRIME64_1, PRIME64_2, PRIME64_3, PRIME64_4, PRIME32_2, PRIME64_5, PRIME32_1];
  const stripesPerBlock = (SECRET.length - STRIPE_BYTES) / SECRET_STEP_BYTES;
  const blockBytes = STRIPE_BYTES * stripesPerBlock;
  const blockCount = Math.floor((length - 1) / blockBytes);
  for (let block = 0; block < blockCount; block++) {
    for (let stripe = 0; stripe < stripesPerBlock; stripe++) {
      accumulate(lanes, input, block * blockBytes + stripe * STRIPE_BYTES, stripe * SECRET_STEP_BYTES);
    }
    scramble(lanes);
  }
  const stripeCount = Math.floor((length - 1 - blockBytes * blockCount) / STRIPE_BYTES);
  for (let stripe = 0; stripe < stripeCount; stripe++) {
    accumulate(lanes, input, blockCount * blockBytes + stripe * STRIPE_BYTES, stripe * SECRET_STEP_BYTES);
  }
  accumulate(lanes, input, length - STRIPE_BYTES, SECRET.length - STRIPE_BYTES - 7);
  let sum = (BigInt(length) * PRIME64_1) & MASK;
  for (let i = 0; i < 4; i++) {
    sum += foldedProduct(lanes[2 * i]! ^ secret(11 + 16 * i), lanes[2 * i + 1]! ^ secret(19 + 16 * i));
  }
  return avalanche(sum & MASK);
}

function accumulate(lanes: bigint[], input: Buffer, position: number, secretPosition: number): void {
  for (let i = 0; i < 8; i++) {
    const value = input.readBigUInt64LE(position + 8 * i);
    const keyed = value ^ secret(secretPosition + 8 * i);
    lanes[i ^ 1] = (lanes[i ^ 1]! + value) & MASK;
    lanes[i] = (lanes[i]! + (keyed & 0xffffffffn) * (keyed >> 32n)) & MASK;
  }
}

function scramble(lanes: bigint[]): void {
  for (let i = 0; i < 8; i++) {
    const lane = lanes[i]!;
    lanes[i] = ((lane ^ (lane >> 47n) ^ secret(SECRET.length - STRIPE_BYTES + 8 * i)) * PRIME32_1) & MASK;
  }
}

function mix16(input: Buffer, position: number, secretPosition: number): bigint {
  return foldedProduct(
    input.readBigUInt64LE(position) ^ secret(secretPosition),
    input.readBigUInt64LE(position + 8) ^ secret(secretPosition + 8),
  );
}

function foldedProduct(a: bigint, b: bigint): bigint {
  const product = a * b;
  return (product & MASK) ^ (product >> 64n);
}

function avalanche(value: bigint): bigint {
  let mixed = value ^ (value >> 37n);
  mixed = (mixed * PRIME_MX1) & MASK;
  return mixed ^ (mixed >> 32n);
}

/** The last step of the older XXH64. */
function avalanche64(value: bigint): bigint {
  let mixed = ((value ^ (value >> 33n)) * PRIME64_2) & MASK;
  mixed = ((mixed ^ (mixed >> 29n)) * PRIME64_3) & MASK;
  return mixed ^ (mixed >> 32n);
}

function rotateLeft(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & MASK;
}

function swapBytes(value: bigint): bigint {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes.readBigUInt64BE(0);
}

function secret(position: number): bigint {
  return SECRET.readBigUInt64LE(position);
}
