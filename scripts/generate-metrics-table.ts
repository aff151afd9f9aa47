/**
 * Writes docs/metrics.md from the table of `src/metrics`: `node dist/scripts/generate-metrics-table.js`, in the repository's
 * root. A test keeps the page equal to the code.
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

export function renderMetrics(): string {
  const rows = Object.entries<MetricRow>(metricTable).map(([name, { kind, labels, help }]) =>
    row([`\`${name}\``, kind, labels.map((label) => `\`${label}\``).join(', '), help]),
  );
  return [
    introduction,
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
