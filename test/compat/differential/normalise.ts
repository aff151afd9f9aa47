// Takes out of an answer what differs between two brokers by its nature: ids that were drawn, the time of day, ports. What the same
// thing is called twice within a script stays recognisable as the same thing.

import { createHash } from 'node:crypto';
import { ONE_UUID, ZERO_UUID } from '../../../src/base/uuid.ts';
import type { Fields, MessageSchema, Type } from '../../../src/wire/schema.ts';
import { includesVersion } from '../../../src/wire/versions.ts';
import type { Body } from '../../support/raw-client.ts';

const HOUR_MS = 3_600_000;
const SHORT_BYTES = 200;
const DASHED_UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

export interface Known {
  readonly clusterId: string;
  readonly ports: readonly number[];
  readonly dataPath: string;
}

export class Normaliser {
  readonly #known: Known;
  /** Drawn value -> what it is called. */
  readonly #names = new Map<string, string>();
  readonly #counts = new Map<string, number>();
  /** What is being normalised tells of the metadata log. */
  #ofQuorum = false;

  constructor(known: Known) {
    this.#known = known;
  }

  /** The fields that the version has, as plain JSON values; the collections at `unordered` sorted. */
  normalise(schema: MessageSchema, version: number, body: Body, unordered: readonly string[]): unknown {
    this.#ofQuorum = schema.name === 'DescribeQuorumResponse';
    const normalised = this.#fields(schema.fields, version, body);
    for (const path of unordered) sortAt(normalised, path.split('.'));
    return normalised;
  }

  #fields(fields: Fields, version: number, body: Body): Body {
    const result: Record<string, unknown> = {};
    for (const [name, { type, versions }] of Object.entries(fields)) {
      if (includesVersion(versions, version)) result[name] = this.#value(type, name, version, body[name]);
    }
    if (body['unknownTaggedFields'] !== undefined) result['unknownTaggedFields'] = body['unknownTaggedFields'];
    return result;
  }

  #value(type: Type, name: string, version: number, value: unknown): unknown {
    if (value === null || value === undefined) return null;
    switch (type.kind) {
      case 'array':
        return (value as unknown[]).map((element) => this.#value(type.element, name, version, element));
      case 'struct':
        return this.#fields(type.fields, version, value as Body);
      case 'uuid':
        return value === ZERO_UUID || value === ONE_UUID ? value : this.#nameOf('uuid', value as string);
      case 'string':
        // Drawn by the broker for a member of a KIP-848 group.
        if (name === 'memberId' && /^[\w-]{22}$/.test(value as string)) return this.#nameOf('id', value as string);
        return this.#text(value as string);
      case 'bytes':
      case 'records':
        return bytesText(value as Buffer);
      case 'int64':
        return this.#int64(name, value as number);
      case 'uint16':
        // The controller's own.
        return this.#ofQuorum || this.#known.ports.includes(value as number) ? '<port>' : value;
      case 'int32':
        // A matter of milliseconds.
        if (name === 'throttleTimeMs' && (value as number) > 0) return '<a while>';
        if (name === 'port' && this.#known.ports.includes(value as number)) return '<port>';
        return name === 'sessionId' && value !== 0 ? this.#nameOf('session', String(value)) : value;
      default:
        return value;
    }
  }

  #int64(name: string, value: number): unknown {
    // An offset of the metadata log.
    const ofMetadataLog = name === 'finalizedFeaturesEpoch' || (this.#ofQuorum && /Watermark$|EndOffset$/.test(name));
    if (ofMetadataLog && value >= 0) return '<offset>';
    // Of a disk that others use, too.
    if ((name === 'usableBytes' || name === 'totalBytes') && value > 0) return '<bytes>';
    if (name === 'producerId' && value >= 0) return this.#nameOf('producer', String(value));
    return Math.abs(value - Date.now()) < HOUR_MS ? '<now>' : value;
  }

  #text(value: string): string {
    let text = value
      .replaceAll(this.#known.clusterId, '<cluster>')
      .replaceAll(this.#known.dataPath, '<data>')
      .replace(/127\.0\.0\.1:[0-9]+/g, '127.0.0.1:<port>');
    for (const [key, name] of this.#names) {
      if (key.startsWith('uuid ')) text = text.replaceAll(key.slice('uuid '.length), name);
    }
    text = text.replace(/(?<=directoryId=)[\w-]{22}/g, (id) => this.#nameOf('uuid', id));
    return text.replace(DASHED_UUID, (id) => this.#nameOf('id', id));
  }

  #nameOf(kind: string, drawn: string): string {
    const key = `${kind} ${drawn}`;
    let name = this.#names.get(key);
    if (name === undefined) {
      const count = (this.#counts.get(kind) ?? 0) + 1;
      this.#counts.set(kind, count);
      name = `<${kind} ${count}>`;
      this.#names.set(key, name);
    }
    return name;
  }
}

function bytesText(bytes: Buffer): string {
  const text = bytes.toString('hex');
  if (text.length <= SHORT_BYTES) return text;
  return `${text.slice(0, SHORT_BYTES)}… (${bytes.length} bytes, SHA-1 ${createHash('sha1').update(bytes).digest('hex')})`;
}

/** Sorts the collection at a path, in which '*' is any index. */
function sortAt(value: unknown, path: readonly string[]): void {
  const [step, ...rest] = path;
  if (step === undefined) {
    const list = value as unknown[];
    const keyed = list.map((element) => ({ key: JSON.stringify(element), element }));
    keyed.sort((a, b) => (a.key < b.key ? -1 : 1));
    list.splice(0, list.length, ...keyed.map(({ element }) => element));
  } else if (step === '*') {
    for (const element of value as unknown[]) sortAt(element, rest);
  } else if (value !== null && (value as Body)[step] !== null && (value as Body)[step] !== undefined) {
    sortAt((value as Body)[step], rest);
  }
}

/** The value at 'topics.0.errorCode'; undefined where the path ends early. */
export function valueAt(value: unknown, path: string): unknown {
  let found: unknown = value;
  for (const step of path.split('.')) found = (found as Record<string, unknown> | null | undefined)?.[step];
  return found;
}
