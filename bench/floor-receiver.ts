// The least that a broker in Node could do: receive bytes, write them to a file, answer each 16 KiB. Prints its port; ends when it is told.
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const REQUEST_BYTES = 16_384;
const answer = Buffer.alloc(50);
const folder = mkdtempSync(join(tmpdir(), 'ottla-floor-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
process.on('SIGTERM', () => process.exit(0));

const server = createServer((socket) => {
  const file = createWriteStream(join(folder, 'received'));
  let unanswered = 0;
  socket.on('data', (chunk: Buffer) => {
    if (!file.write(chunk)) {
      socket.pause();
      file.once('drain', () => socket.resume());
    }
    for (unanswered += chunk.length; unanswered >= REQUEST_BYTES; unanswered -= REQUEST_BYTES) socket.write(answer);
  });
  socket.on('end', () => file.end(() => socket.end()));
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(typeof address === 'object' && address !== null ? address.port : 0);
});
