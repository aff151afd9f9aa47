import { describe, expect, test } from 'vitest';
import { crc32c, hasNativeCrc32c, scriptCrc32c } from '../../../src/wire/crc32c.ts';

describe('crc32c', () => {
  test('has the check value of CRC-32C', () => {
    expect(crc32c(Buffer.from('123456789'), 0, 9)).toBe(0xe3069283);
    expect(scriptCrc32c(Buffer.from('123456789'), 0, 9)).toBe(0xe3069283);
    expect(crc32c(Buffer.alloc(0), 0, 0)).toBe(0);
  });

  test('the native library is there on this machine', () => {
    expect(hasNativeCrc32c()).toBe(true);
  });

  test('native and script agree for any length and place', () => {
    const bytes = Buffer.alloc(13_000);
    for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 31 + (i >> 3)) & 0xff;
    for (let start = 0; start < 20; start++) {
      for (const end of [
        start,
        start + 1,
        start + 15,
        start + 16,
        start + 17,
        255 + start,
        256 + start,
        4099 + start,
        4100 + start,
        8192 + start,
        12_999,
      ]) {
        expect(crc32c(bytes, start, end)).toBe(bitByBit(bytes, start, end));
        expect(scriptCrc32c(bytes, start, end)).toBe(bitByBit(bytes, start, end));
      }
    }
  });
});

function bitByBit(bytes: Buffer, start: number, end: number): number {
  let crc = -1;
  for (let i = start; i < end; i++) {
    crc ^= bytes[i]!;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}
