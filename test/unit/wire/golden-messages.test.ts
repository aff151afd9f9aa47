import { describe, expect, test } from 'vitest';
import { decode, decodeFrom, encode, encodeInto } from '../../../src/wire/codec.ts';
import { Reader } from '../../../src/wire/reader.ts';
import { requestHeader } from '../../../src/wire/schema/request-header.ts';
import { responseHeader } from '../../../src/wire/schema/response-header.ts';
import { Writer } from '../../../src/wire/writer.ts';
import { goldenFiles, readGolden } from '../../support/golden.ts';
import { messageFromJson, messageToJson, saturateInt64s } from '../../support/message-json.ts';
import { allSchemas } from '../../support/schemas.ts';

interface Vector {
  name: string;
  version: number;
  fill: string;
  json: Record<string, unknown>;
  hex: string;
  unknownTags?: { tag: number; hex: string }[];
}

interface Frame {
  name: string;
  type: 'request' | 'response';
  apiKey: number;
  version: number;
  headerVersion: number;
  correlationId: number;
  clientId?: string | null;
  hex: string;
}

const schemas = await allSchemas();

function schemaOf(name: string) {
  const schema = schemas.get(name);
  if (schema === undefined) throw new Error(`no schema ${name}`);
  return schema;
}

describe('golden vectors of the official classes', () => {
  test.each(goldenFiles('messages'))('messages/%s decodes to its JSON and encodes to its bytes', (file) => {
    const vectors = readGolden<Vector>(`messages/${file}`);
    expect(vectors.length).toBeGreaterThan(0);
    for (const vector of vectors) {
      const label = `${vector.name} v${vector.version} ${vector.fill}`;
      const schema = schemaOf(vector.name);
      const value = decode(schema, vector.version, Buffer.from(vector.hex, 'hex'));
      expect(messageToJson(schema, vector.version, value), label).toEqual(saturateInt64s(vector.json));
      const unknown = vector.unknownTags?.map(({ tag, hex }) => ({ tag, data: Buffer.from(hex, 'hex') }));
      expect(value.unknownTaggedFields, label).toEqual(unknown);
      const saturated = JSON.stringify(saturateInt64s(vector.json)) !== JSON.stringify(vector.json);
      if (saturated) continue; // its exact bytes are what the number policy gives up
      expect(encode(schema, vector.version, value).toString('hex'), label).toBe(vector.hex);
      const fromJson = { ...messageFromJson(schema, vector.version, vector.json), unknownTaggedFields: unknown };
      expect(encode(schema, vector.version, fromJson).toString('hex'), `${label} from JSON`).toBe(vector.hex);
    }
  });

  // Other vectors, which GOLDEN_DIR names, may be of some messages only.
  if (process.env['GOLDEN_DIR'] === undefined) {
    test('every schema has vectors', () => {
      const covered = new Set(goldenFiles('messages').map((file) => file.replace('.jsonl.gz', '')));
      expect([...schemas.keys()].filter((name) => !covered.has(name))).toEqual([]);
    });
  }

  test('whole frames decode with the header version of their API and encode back', () => {
    for (const frame of readGolden<Frame>('frames.jsonl.gz')) {
      const label = `${frame.name} v${frame.version}`;
      const bytes = Buffer.from(frame.hex, 'hex');
      const reader = new Reader(bytes);
      expect(reader.int32(), label).toBe(bytes.length - 4);
      const schema = schemaOf(frame.name);
      const writer = new Writer();
      writer.int32(bytes.length - 4);
      if (frame.type === 'request') {
        const header = decodeFrom(requestHeader, frame.headerVersion, reader);
        expect(header, label).toMatchObject({ requestApiKey: frame.apiKey, requestApiVersion: frame.version });
        expect(header.correlationId, label).toBe(frame.correlationId);
        expect(header.clientId, label).toBe(frame.clientId);
        encodeInto(requestHeader, frame.headerVersion, header, writer);
      } else {
        const header = decodeFrom(responseHeader, frame.headerVersion, reader);
        expect(header.correlationId, label).toBe(frame.correlationId);
        encodeInto(responseHeader, frame.headerVersion, header, writer);
      }
      encodeInto(schema, frame.version, decodeFrom(schema, frame.version, reader), writer);
      expect(reader.remaining, label).toBe(0);
      expect(writer.toBuffer().toString('hex'), label).toBe(frame.hex);
    }
  });
});
