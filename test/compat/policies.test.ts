// Policies of an embedded broker, as a client sees them.

import kafkajs from 'kafkajs';
import { expect, test } from 'vitest';
import { Broker } from '../../src/index.ts';

const { ConfigResourceTypes, Kafka, logLevel } = kafkajs;

test('a policy refuses a topic and a change of its settings', { timeout: 60_000 }, async () => {
  const broker = await Broker.start({
    port: 0,
    ephemeral: true,
    policies: {
      createTopic({ name, partitions }) {
        if (partitions !== null && partitions > 2) throw new Error(`${name} has too many partitions`);
      },
      alterConfig({ configs }) {
        if (configs.has('retention.ms')) throw new Error('retention stays as it is');
      },
    },
  });
  const kafka = new Kafka({ brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  try {
    await admin.connect();
    await expect(admin.createTopics({ topics: [{ topic: 'wide', numPartitions: 3 }] })).rejects.toMatchObject({
      errors: [{ type: 'POLICY_VIOLATION' }],
    });
    expect(await admin.createTopics({ topics: [{ topic: 'narrow', numPartitions: 2 }] })).toBe(true);
    const configEntries = [{ name: 'retention.ms', value: '1000' }];
    await expect(
      admin.alterConfigs({
        validateOnly: false,
        resources: [{ type: ConfigResourceTypes.TOPIC, name: 'narrow', configEntries }],
      }),
    ).rejects.toMatchObject({ type: 'POLICY_VIOLATION' });
  } finally {
    await admin.disconnect();
    await broker.stop();
  }
});
