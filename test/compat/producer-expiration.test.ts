// How long a partition remembers its producers, changed while the broker runs.

import { expect, test } from 'vitest';
import { Broker } from '../../src/index.ts';
import { type Body, RawConnection } from '../support/raw-client.ts';
import { batch, produce } from './differential/script.ts';

const PATIENCE_MS = 20_000;
const HOUR_MS = 3_600_000;
const SET = 0;
const BROKER_RESOURCE = 4;

test('producer.id.expiration.ms takes effect at once', { timeout: 60_000 }, async () => {
  const broker = await Broker.start({ port: 0, ephemeral: true, topics: [{ name: 'remembers' }] });
  const port = Number(broker.bootstrapServers.split(':').at(-1));
  const connection = await RawConnection.open({ host: '127.0.0.1', port });
  const ask = async (api: string, version: number, body: Body): Promise<Body> => {
    const answer = await connection.send({ api, version, body }, PATIENCE_MS);
    if (answer.kind !== 'answer') throw new Error(`${api}: ${answer.kind}`);
    return answer.body;
  };
  const activeProducers = async (): Promise<Body[]> => {
    const { topics } = await ask('DescribeProducers', 0, { topics: [{ name: 'remembers', partitionIndexes: [0] }] });
    const [topic] = topics as { partitions: { activeProducers: Body[] }[] }[];
    return topic!.partitions[0]!.activeProducers;
  };
  try {
    const firstTimestamp = Date.now() - HOUR_MS;
    const records = batch({ producerId: 7, producerEpoch: 0, baseSequence: 0, firstTimestamp });
    for (const step of produce('remembers', 0, records)) await connection.send(step, PATIENCE_MS);
    expect(await activeProducers()).toHaveLength(1);

    const configs = [{ name: 'producer.id.expiration.ms', configOperation: SET, value: String(HOUR_MS / 2) }];
    const resources = [{ resourceType: BROKER_RESOURCE, resourceName: '', configs }];
    const { responses } = await ask('IncrementalAlterConfigs', 1, { resources, validateOnly: false });
    expect(responses).toMatchObject([{ errorCode: 0 }]);
    expect(await activeProducers()).toEqual([]);
  } finally {
    connection.close();
    await broker.stop();
  }
});
