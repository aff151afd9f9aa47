// librdkafka, unmodified, pushes its metrics (KIP-714), and they come out at /metrics.

import { expect, test } from 'vitest';
import { Broker } from '../../../src/index.ts';
import { runOrThrow } from '../../support/processes.ts';
import { RawConnection } from '../../support/raw-client.ts';
import { preparePython, suiteTitle, toolsOf } from '../../support/toolchain.ts';
import { parseExposition } from '../../unit/http/exposition-parser.ts';

const toolchain = await preparePython();

/** Produces until it has been asked to push for a while; the producer's end is a push of its own. */
const program = `
import sys, time
from confluent_kafka import Producer
producer = Producer({'bootstrap.servers': sys.argv[1], 'client.id': 'rd-1'})
end = time.monotonic() + 2
while time.monotonic() < end:
    producer.produce('telemetry', b'x')
    producer.poll(0.05)
producer.flush()
`;

test.skipIf(toolchain.kind === 'missing')(
  suiteTitle("a librdkafka producer's metrics come out at /metrics", toolchain),
  async () => {
    const { python } = toolsOf(toolchain);
    await using broker = await Broker.start({
      port: 0,
      ephemeral: true,
      metricsPort: 0,
      topics: [{ name: 'telemetry' }],
    });
    const [host, port] = broker.bootstrapServers.split(':');
    const connection = await RawConnection.open({ host: host!, port: Number(port) });
    const configs = { metrics: 'org.apache.kafka.producer.', 'interval.ms': '100', match: 'client_id=rd-.*' };
    await connection.send({
      api: 'IncrementalAlterConfigs',
      version: 1,
      body: {
        resources: [
          {
            resourceType: 16,
            resourceName: 'rd',
            configs: Object.entries(configs).map(([name, value]) => ({ name, configOperation: 0, value })),
          },
        ],
      },
    });
    connection.close();
    await runOrThrow(python, ['-c', program, broker.bootstrapServers], { timeoutMs: 60_000 });
    const answer = await fetch(`http://127.0.0.1:${broker.metricsPort}/metrics`);
    const scrape = parseExposition(await answer.text());
    const pushed = scrape.families.filter(({ name }) => name.startsWith('org_apache_kafka_producer_'));
    expect(pushed.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'org_apache_kafka_producer_connection_creation_total',
        'org_apache_kafka_producer_request_latency_max',
      ]),
    );
    for (const { labels } of pushed.flatMap(({ samples }) => samples)) {
      expect(labels).toMatchObject({ client_id: 'rd-1', client_instance_id: expect.stringMatching(/^[\w-]{22}$/) });
    }
    expect(scrape.value('kafka_server_client_metrics_plugin_export_count', {})).toBeGreaterThan(1);
    expect(scrape.value('kafka_server_client_metrics_plugin_error_count', {})).toBe(0);
  },
  90_000,
);
