// Limits of connections, changed while the broker runs.

import { connect, type Socket } from 'node:net';
import kafkajs from 'kafkajs';
import { expect, test } from 'vitest';
import { Broker } from '../../src/index.ts';
import { RawConnection } from '../support/raw-client.ts';

const { ConfigResourceTypes, Kafka, logLevel } = kafkajs;

/** Whether the broker lets a new connection live for long enough to answer. */
async function isAccepted(port: number): Promise<boolean> {
  const connection = await RawConnection.open({ host: '127.0.0.1', port });
  const answer = await connection.send({ api: 'ApiVersions', version: 0 }, 20_000);
  connection.close();
  return answer.kind === 'answer';
}

test('max.connections.per.ip and its overrides take effect at once', { timeout: 60_000 }, async () => {
  const broker = await Broker.start({ port: 0, ephemeral: true });
  const port = Number(broker.bootstrapServers.split(':').at(-1));
  const kafka = new Kafka({ brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  const idle: Socket[] = [];
  const set = async (configs: Record<string, string>): Promise<void> => {
    const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }));
    const resource = { type: ConfigResourceTypes.BROKER, name: String(broker.nodeId), configEntries };
    await admin.alterConfigs({ validateOnly: false, resources: [resource] });
  };
  try {
    await admin.connect();
    expect(await isAccepted(port)).toBe(true);
    for (let i = 0; i < 3; i++) idle.push(connect(port, '127.0.0.1').on('error', () => {}));
    await set({ 'max.connections.per.ip': '3' });
    expect(await isAccepted(port)).toBe(false);
    await set({ 'max.connections.per.ip': '3', 'max.connections.per.ip.overrides': '127.0.0.1:100' });
    expect(await isAccepted(port)).toBe(true);
  } finally {
    for (const socket of idle) socket.destroy();
    await admin.disconnect();
    await broker.stop();
  }
});
