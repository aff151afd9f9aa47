/**
 * Writes docs/metrics.md from the table of `src/metrics`: `npm run docs`, in the repository's root. A test keeps the page
 * equal to the code.
 */
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { type MetricRow, metricTable } from '../src/metrics/metric-table.ts';

const introduction = `# Metrics and health

Generated from \`src/metrics/metric-table.ts\` by \`scripts/generate-metrics-table.ts\`; a test keeps it equal to the code.

Off unless a port is set: \`--metrics-port 9464\` on the command line, \`ottla.metrics.port=9464\` in the properties file (Apache
Kafka, given the same file, names the unknown setting in a warning and goes on), \`KAFKA_OTTLA_METRICS_PORT\` in the environment,
\`metricsPort\` in \`Broker.start()\`. 0 takes a free port, which the start log and \`broker.metricsPort\` tell. It is served on
127.0.0.1 unless \`ottla.metrics.host\` names another address: there is no password before it. Each broker of a process has a
port and metrics of its own.

| path | answer |
| --- | --- |
| \`/metrics\` | Prometheus' text |
| \`/healthz\` | 200 while the process lives and its event loop turns |
| \`/readyz\` | 200 while the broker serves: its logs are open, and the controller has not fenced it; else 503 and the reason |

Names are those under which Kafka's MBeans are usually shown by the JMX exporter. A \`…PerSec\` of Kafka is a counter here, and
Prometheus' \`rate()\` gives the rest; times and sizes are histograms. The metrics of \`BrokerTopicMetrics\` have one row without a
topic for all topics together, deleted ones included: sum either that row or the others. A dashboard for Grafana is
[grafana/ottla.json](grafana/ottla.json).

One process with several brokers tells \`process_…\` and \`nodejs_…\` on each of their ports.`;

const pushed = `## What clients push

While metrics are served, clients may push metrics of their own (KIP-714), and \`/metrics\` shows them. Subscriptions are made with
\`kafka-client-metrics\` or \`kafka-configs --entity-type client-metrics\`, as with Apache Kafka: prefixes of metric names, an interval,
and patterns for the clients that are meant. The Java clients push as they are; librdkafka from 2.6 on does with \`enable.metrics.push\`.

A metric \`org.apache.kafka.producer.record.send.total\` is shown as \`org_apache_kafka_producer_record_send_total\`, with the labels
\`client_id\`, \`client_instance_id\` and what the client adds itself; a name that does not begin with \`org.apache.kafka.\` gets \`client_\` in
front. Gauges, sums and histograms are taken; what is pushed as a difference is added up. A series goes three intervals (at least a
minute) after its client's last push. There is room for 1,000 clients, 1,000 series of each, 50,000 of all; what finds none is
counted in \`ottla_client_metrics_dropped_series_total\`.`;

export function renderMetrics(): string {
  const rows = Object.entries<MetricRow>(metricTable).map(([name, { kind, labels, help }]) =>
    row([`\`${name}\``, kind, labels.map((label) => `\`${label}\``).join(', '), help]),
  );
  return [
    introduction,
    pushed,
    '## The metrics',
    [row(['name', 'kind', 'labels', 'meaning']), row(['---', '---', '---', '---']), ...rows].join('\n'),
  ]
    .join('\n\n')
    .concat('\n');
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

const started = process.argv[1];
if (started !== undefined && import.meta.url === pathToFileURL(started).href) {
  writeFileSync('docs/metrics.md', renderMetrics());
}
