import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameDecoder, FrameError } from '../../../src/net/frame-decoder.ts';
import { framed } from './fakes.ts';

const MAX = 104_857_600;

function drain(decoder: FrameDecoder): string[] {
  const frames: string[] = [];
  for (let frame = decoder.next(); frame !== null; frame = decoder.next()) frames.push(frame.toString());
  return frames;
}

describe('frames', () => {
  it('come out whole wherever the stream is split', () => {
    const stream = Buffer.concat([
      framed(Buffer.from('first')),
      framed(Buffer.from('')),
      framed(Buffer.from('third one')),
    ]);
    for (let cut = 0; cut <= stream.length; cut++) {
      const decoder = new FrameDecoder(MAX);
      decoder.push(stream.subarray(0, cut));
      const frames = drain(decoder);
      decoder.push(stream.subarray(cut));
      frames.push(...drain(decoder));
      expect(frames).toEqual(['first', '', 'third one']);
      expect(decoder.betweenFrames).toBe(true);
      expect(decoder.bufferedBytes).toBe(0);
    }
  });

  it('come out whole when the stream arrives byte by byte', () => {
    const stream = Buffer.concat([framed(Buffer.from('first')), framed(Buffer.from('second'))]);
    const decoder = new FrameDecoder(MAX);
    const frames: string[] = [];
    for (const byte of stream) {
      decoder.push(Buffer.from([byte]));
      frames.push(...drain(decoder));
    }
    expect(frames).toEqual(['first', 'second']);
  });

  it('are the same for any chunking of any frames', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 300_000 }), { maxLength: 4 }),
        fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 20 }),
        (sizes, chunkSizes) => {
          const bodies = sizes.map((size, i) => Buffer.alloc(size, `frame ${i}, `));
          const stream = Buffer.concat(bodies.map(framed));
          const decoder = new FrameDecoder(MAX);
          const frames: Buffer[] = [];
          for (let position = 0, i = 0; position < stream.length; i++) {
            const end = position + chunkSizes[i % chunkSizes.length]!;
            decoder.push(stream.subarray(position, end));
            position = end;
            for (let frame = decoder.next(); frame !== null; frame = decoder.next()) frames.push(frame);
          }
          expect(frames.length).toBe(bodies.length);
          expect(frames.every((frame, i) => frame.equals(bodies[i]!))).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('inside one chunk are views of it, not copies', () => {
    const chunk = framed(Buffer.from('view'));
    const decoder = new FrameDecoder(MAX);
    decoder.push(chunk);
    expect(decoder.next()!.buffer).toBe(chunk.buffer);
  });

  it('that claim much get no more room than a few times what has arrived', () => {
    const before = process.memoryUsage().arrayBuffers;
    const decoders: FrameDecoder[] = [];
    const claim = Buffer.alloc(8);
    claim.writeInt32BE(100_000_000);
    for (let i = 0; i < 200; i++) {
      const decoder = new FrameDecoder(MAX);
      decoder.push(Buffer.from(claim));
      expect(decoder.next()).toBeNull();
      decoders.push(decoder);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(200 * 70_000);
    expect(decoders).toHaveLength(200);
  });

  it('with a negative or too great length are refused before anything is kept', () => {
    for (const [length, message] of [
      [-1, 'frame with a negative length (-1)'],
      [MAX + 1, 'frame of 104857601 bytes is longer than socket.request.max.bytes (104857600)'],
    ] as const) {
      const head = Buffer.alloc(4);
      head.writeInt32BE(length);
      const decoder = new FrameDecoder(MAX);
      decoder.push(head);
      expect(() => decoder.next()).toThrow(new FrameError(message));
    }
  });

  it('that are another protocol are called by its name', () => {
    const cases: [Buffer, string][] = [
      [Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'looks like an HTTP request'],
      [Buffer.from('POST /topics HTTP/1.1\r\n'), 'looks like an HTTP request'],
      [Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]), 'TLS handshake on a PLAINTEXT listener'],
      [Buffer.from('SSH-2.0-OpenSSH_9.6\r\n'), 'looks like an SSH client'],
    ];
    for (const [bytes, cause] of cases) {
      const decoder = new FrameDecoder(2_147_483_647);
      decoder.push(bytes);
      expect(() => decoder.next()).toThrow(cause);
    }
  });
});
