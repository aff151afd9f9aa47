// The server.properties of an Apache Kafka installation starts Ottla. Only ports and folder are set beside it, since other tests run, too.

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ottlaMainPath } from '../../support/brokers.ts';
import { freePort, startProcess, temporaryFolder, waitUntilServing } from '../../support/processes.ts';
import { RawConnection } from '../../support/raw-client.ts';

test("an installation's server.properties starts Ottla unchanged", { timeout: 60_000 }, async () => {
  const folder = temporaryFolder('properties');
  const [port, controllerPort] = [await freePort(), await freePort()];
  const overrides = [
    `log.dirs=${folder.path}`,
    `listeners=PLAINTEXT://:${port},CONTROLLER://:${controllerPort}`,
    `advertised.listeners=PLAINTEXT://localhost:${port},CONTROLLER://localhost:${controllerPort}`,
    `controller.quorum.bootstrap.servers=localhost:${controllerPort}`,
  ];
  const broker = startProcess(process.execPath, [
    ottlaMainPath(),
    'start',
    join(import.meta.dirname, 'server.properties'),
    ...overrides.flatMap((override) => ['--override', override]),
  ]);
  try {
    await waitUntilServing(broker, { host: '127.0.0.1', port }, 30_000);
    const client = await RawConnection.open({ host: '127.0.0.1', port });
    const answer = await client.send({ api: 'Metadata', version: 12, body: { topics: [] } });
    client.close();
    expect(answer).toMatchObject({ kind: 'answer', body: { brokers: [{ nodeId: 1, host: 'localhost', port }] } });
    expect(broker.output()).not.toMatch(/unknown setting|ERROR/i);
  } finally {
    await broker.stop();
    folder.remove();
  }
});
