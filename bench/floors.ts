// What bare Node programs need for the same bytes: the measure for a broker written in Node.
import { once } from 'node:events';
import { closeSync, openSync, writeSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RunningProcess, startProcess, temporaryFolder } from '../test/support/processes.ts';
import { profileArguments } from './profile.ts';
import { cpuSeconds } from './watch.ts';

const GIGABYTE = 1e9;
const REQUEST_BYTES = 16_384;
/** What the receiver answers. */
const ANSWER_BYTES = 50;

/** As Kafka's producer has them by default. */
const REQUESTS_UNANSWERED = 5;

/**
 * Processor seconds per gigabyte to receive bytes in requests of 16 KiB, write them to a file and answer each. They come as
 * from Kafka's producer: no more than five are unanswered.
 */
export function receiverFloor(bytes: number): Promise<number> {
  return measure('floor-receiver', [], bytes, async (socket) => {
    const chunk = Buffer.alloc(REQUEST_BYTES, 'ottla');
    const requests = Math.ceil(bytes / chunk.length);
    let [sent, answeredBytes] = [0, 0];
    const sendMore = (): void => {
      const answered = Math.floor(answeredBytes / ANSWER_BYTES);
      for (; sent < requests && sent - answered < REQUESTS_UNANSWERED; sent++) socket.write(chunk);
      if (answered === requests) socket.end();
    };
    socket.on('data', (part) => {
      answeredBytes += part.length;
      sendMore();
    });
    sendMore();
    await once(socket, 'close');
  });
}

/** Processor seconds per gigabyte to read a file by the megabyte and send it to one who asks for the next one when it has the last. */
export async function senderFloor(bytes: number): Promise<number> {
  const folder = temporaryFolder('floor');
  try {
    const path = join(folder.path, 'sent');
    const chunk = Buffer.alloc(1_048_576, 'ottla');
    const file = openSync(path, 'w');
    for (let written = 0; written < bytes; written += chunk.length) writeSync(file, chunk);
    closeSync(file);
    return await measure('floor-sender', [path], bytes, async (socket) => {
      const request = Buffer.alloc(60);
      let missing = chunk.length;
      socket.on('data', (part) => {
        missing -= part.length;
        if (missing > 0) return;
        missing = chunk.length;
        socket.write(request);
      });
      socket.write(request);
      await once(socket, 'close');
    });
  } finally {
    folder.remove();
  }
}

async function measure(
  program: string,
  args: readonly string[],
  bytes: number,
  drive: (socket: Socket) => Promise<void>,
): Promise<number> {
  let answer: (port: number) => void = () => undefined;
  const port = new Promise<number>((resolve) => {
    answer = resolve;
  });
  const main = fileURLToPath(new URL(`./${program}.js`, import.meta.url));
  const floor: RunningProcess = startProcess(process.execPath, [...profileArguments(), main, ...args], {
    onStdoutLine: (line) => answer(Number(line)),
  });
  try {
    const socket = connect(await port, '127.0.0.1');
    await once(socket, 'connect');
    const before = cpuSeconds(floor.pid);
    await drive(socket);
    return ((cpuSeconds(floor.pid) - before) * GIGABYTE) / bytes;
  } finally {
    await floor.stop();
  }
}
