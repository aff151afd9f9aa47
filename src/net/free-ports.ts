/** Ports that nobody listens on at the moment, for those who must know a port before they bind it. */
import { createServer } from 'node:net';
import type { Random } from '../base/random.ts';

/**
 * Below the range that systems give to outgoing connections (from 32768 on Linux, 49152 elsewhere): a port of that range may be
 * taken by any client before it is bound, and again while its owner restarts.
 */
const FIRST_PORT = 20_000;
const PORT_COUNT = 12_000;
const ATTEMPTS_MAX = 1_000;

/** `count` different ones of 127.0.0.1, none of `except`; chosen by chance, so that those who ask at the same time hardly meet. */
export async function freePorts(count: number, random: Random, except: readonly number[] = []): Promise<number[]> {
  const ports = new Set<number>();
  for (let attempt = 0; ports.size < count; attempt++) {
    if (attempt === ATTEMPTS_MAX + count) throw new Error('there is no free port on 127.0.0.1');
    const port = FIRST_PORT + random.nextInt(PORT_COUNT);
    if (!ports.has(port) && !except.includes(port) && (await isFree(port))) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
