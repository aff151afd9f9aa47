// The least that a broker in Node could do for a consumer: for each request, read the next megabyte of a file and send it. Takes the
// file as its argument, prints its port; ends when it is told.
import { open } from 'node:fs/promises';
import { createServer } from 'node:net';

/** As much as one fetch of one partition brings. */
const ANSWER_BYTES = 1_048_576;
const path = process.argv[2];
if (path === undefined) throw new Error('the file to send?');
process.on('SIGTERM', () => process.exit(0));

const file = await open(path);
const server = createServer(async (socket) => {
  const buffer = Buffer.allocUnsafeSlow(ANSWER_BYTES);
  let position = 0;
  for await (const _request of socket) {
    const { bytesRead } = await file.read(buffer, 0, ANSWER_BYTES, position);
    position += bytesRead;
    if (bytesRead === 0) break;
    await new Promise((resolve) => socket.write(buffer.subarray(0, bytesRead), resolve));
  }
  socket.end();
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(typeof address === 'object' && address !== null ? address.port : 0);
});
