// The broker in the test's own process. OTTLA_TEST_BOOTSTRAP names a running broker to use instead, and OTTLA_COMPAT_SELFTEST=apache
// starts the official one: both are for testing the tests.

import { selfTest, startTested } from './brokers.ts';

export interface EmbeddedBroker {
  /** host:port */
  readonly bootstrap: string;
  stop(): Promise<void>;
}

export async function startEmbedded(): Promise<EmbeddedBroker> {
  const running = process.env['OTTLA_TEST_BOOTSTRAP'];
  if (running !== undefined) return { bootstrap: running, stop: async () => undefined };
  if (selfTest) {
    const broker = await startTested();
    return { bootstrap: broker.bootstrap, stop: () => broker.remove() };
  }
  const { Broker } = await import('../../src/index.ts');
  const broker = await Broker.start({ port: 0, ephemeral: true });
  return { bootstrap: broker.bootstrapServers, stop: () => broker.stop() };
}

/** A name that no earlier run against the same broker has used. */
export const fresh = (name: string): string => `${name}-${Date.now().toString(36)}-${Math.floor(Math.random() * 1e6)}`;
