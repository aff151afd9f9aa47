import type { Random } from './random.ts';

/**
 * Kafka writes a UUID as 22 characters of unpadded base64url over its 16 bytes; that text is also our in-memory form,
 * because it compares and hashes as a plain string and is what every tool prints.
 */
export type Uuid = string;

export const ZERO_UUID: Uuid = 'AAAAAAAAAAAAAAAAAAAAAA';
/** Reserved by Kafka (`Uuid.ONE_UUID`, `METADATA_TOPIC_ID`). */
export const ONE_UUID: Uuid = 'AAAAAAAAAAAAAAAAAAAAAQ';

/** A random version-4 UUID. Kafka never hands out one whose text starts with '-' (option parsers trip over it). */
export function randomUuid(random: Random): Uuid {
  for (;;) {
    const bytes = random.bytes(16);
    bytes[6] = (bytes[6]! & 0x0f) | 0x40;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    const text = bytes.toString('base64url');
    if (!text.startsWith('-')) return text;
  }
}

export function isUuid(text: string): boolean {
  return /^[A-Za-z0-9_-]{22}$/.test(text);
}
