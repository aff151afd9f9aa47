/**
 * Cuts a byte stream into Kafka's frames: an int32 length, then that many bytes.
 *
 *   chunk   | len | frame ........ | len | frame .. |      a frame inside one chunk is a view of it, not a copy
 *   chunk   | ......... | len | fra                        a frame over several chunks is gathered in one buffer
 *
 * Invariants: the length is checked before anything is kept for it; the gathering buffer never holds room for more than
 * FIRST_ROOM bytes, or GROWTH times what has really arrived, whatever the length says.
 */
const LENGTH_BYTES = 4;
/** Room that a length alone may claim. */
const FIRST_ROOM = 64 * 1024;
const GROWTH = 4;

/** The stream cannot be cut any further; the message says why in plain words. */
export class FrameError extends Error {
  override name = 'FrameError';
}

export class FrameDecoder {
  readonly #frameSizeMax: number;
  /** Chunks that were pushed and not looked at yet, oldest first; the first one from `#position` on. */
  #chunks: Buffer[] = [];
  #position = 0;
  #unreadBytes = 0;
  /** Length of the frame being read; -1 while its length is not known. */
  #frameSize = -1;
  /** A length whose bytes came in different chunks. */
  #lengthBytesSeen = 0;
  #lengthSoFar = 0;
  #gathered: Buffer | null = null;
  #gatheredBytes = 0;
  #atStart = true;

  constructor(frameSizeMax: number) {
    this.#frameSizeMax = frameSizeMax;
  }

  /** Bytes held for frames that were not handed out yet. */
  get bufferedBytes(): number {
    return this.#unreadBytes + this.#gatheredBytes + this.#lengthBytesSeen;
  }

  /** Size of the frame that is being read; -1 while it is not known. */
  get frameSize(): number {
    return this.#frameSize;
  }

  /** The stream may end here: no frame has begun. */
  get betweenFrames(): boolean {
    return this.#unreadBytes === 0 && this.#frameSize === -1 && this.#lengthBytesSeen === 0;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#unreadBytes += chunk.length;
  }

  /** The next whole frame without its length, or null when more bytes are needed. Throws FrameError. */
  next(): Buffer | null {
    if (this.#frameSize === -1 && !this.#readLength()) return null;
    const size = this.#frameSize;
    if (this.#gathered === null) {
      const chunk = this.#chunks[0];
      if (chunk === undefined && size > 0) return null;
      if (chunk === undefined || chunk.length - this.#position >= size) {
        const frame = chunk === undefined ? Buffer.alloc(0) : chunk.subarray(this.#position, this.#position + size);
        this.#consume(size);
        this.#frameSize = -1;
        return frame;
      }
    }
    return this.#gather(size);
  }

  #readLength(): boolean {
    const chunk = this.#chunks[0];
    if (chunk === undefined) return false;
    let length: number;
    if (this.#lengthBytesSeen === 0 && chunk.length - this.#position >= LENGTH_BYTES) {
      length = chunk.readInt32BE(this.#position);
      this.#consume(LENGTH_BYTES);
    } else {
      while (this.#lengthBytesSeen < LENGTH_BYTES) {
        const rest = this.#chunks[0];
        if (rest === undefined) return false;
        this.#lengthSoFar = (this.#lengthSoFar << 8) | rest[this.#position]!;
        this.#lengthBytesSeen++;
        this.#consume(1);
      }
      length = this.#lengthSoFar;
      this.#lengthBytesSeen = 0;
      this.#lengthSoFar = 0;
    }
    if (this.#atStart) {
      const otherProtocol = recognise(length);
      if (otherProtocol !== null) throw new FrameError(otherProtocol);
      this.#atStart = false;
    }
    if (length < 0) throw new FrameError(`frame with a negative length (${length})`);
    if (length > this.#frameSizeMax) {
      throw new FrameError(`frame of ${length} bytes is longer than socket.request.max.bytes (${this.#frameSizeMax})`);
    }
    this.#frameSize = length;
    return true;
  }

  #gather(size: number): Buffer | null {
    let target = this.#gathered ?? Buffer.allocUnsafeSlow(Math.min(size, Math.max(FIRST_ROOM, this.#unreadBytes)));
    for (let chunk = this.#chunks[0]; chunk !== undefined; chunk = this.#chunks[0]) {
      const count = Math.min(chunk.length - this.#position, size - this.#gatheredBytes);
      if (this.#gatheredBytes + count > target.length) {
        const grown = Buffer.allocUnsafeSlow(
          Math.min(size, Math.max(target.length, this.#gatheredBytes + count) * GROWTH),
        );
        target.copy(grown, 0, 0, this.#gatheredBytes);
        target = grown;
      }
      chunk.copy(target, this.#gatheredBytes, this.#position, this.#position + count);
      this.#gatheredBytes += count;
      this.#consume(count);
      if (this.#gatheredBytes === size) {
        this.#gathered = null;
        this.#gatheredBytes = 0;
        this.#frameSize = -1;
        return target;
      }
    }
    this.#gathered = target;
    return null;
  }

  #consume(count: number): void {
    this.#unreadBytes -= count;
    this.#position += count;
    const chunk = this.#chunks[0];
    if (chunk !== undefined && this.#position >= chunk.length) {
      this.#position = 0;
      if (this.#chunks.length === 1) this.#chunks = [];
      else this.#chunks.shift();
    }
  }
}

/** What else speaks first on a TCP port: its first four bytes, read as a length. */
function recognise(length: number): string | null {
  const first = Buffer.allocUnsafe(LENGTH_BYTES);
  first.writeInt32BE(length);
  if (first[0] === 0x16 && first[1] === 0x03 && first[2]! <= 0x04) {
    return 'TLS handshake on a PLAINTEXT listener (the client is set to SSL or SASL_SSL, this listener is not)';
  }
  const text = first.toString('latin1');
  if (/^(GET |POST|PUT |HEAD|DELE|OPTI|PATC|CONN|TRAC|PRI )$/.test(text)) return 'looks like an HTTP request';
  if (text === 'SSH-') return 'looks like an SSH client';
  return null;
}
