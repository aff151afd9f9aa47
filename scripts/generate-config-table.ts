/**
 * Writes docs/configuration.md from the tables of `src/config`: `npm run docs`, in the
 * repository's root. A test keeps the page equal to the code.
 */
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { groupConfigs as groupCoordinatorConfigs } from '../src/config/broker/group-configs.ts';
import { logConfigs } from '../src/config/broker/log-configs.ts';
import { nodeConfigs } from '../src/config/broker/node-configs.ts';
import { quorumConfigs } from '../src/config/broker/quorum-configs.ts';
import { remoteLogConfigs } from '../src/config/broker/remote-log-configs.ts';
import { replicationConfigs } from '../src/config/broker/replication-configs.ts';
import { securityConfigs } from '../src/config/broker/security-configs.ts';
import { transactionConfigs } from '../src/config/broker/transaction-configs.ts';
import { brokerConfigs } from '../src/config/broker-configs.ts';
import { clientMetricsConfigs } from '../src/config/client-metrics-configs.ts';
import { type ConfigKey, type ConfigTable, findKey } from '../src/config/config-key.ts';
import { groupConfigs } from '../src/config/group-configs.ts';
import { developerSettings } from '../src/config/node-config.ts';
import { ottlaConfigs } from '../src/config/ottla-configs.ts';
import { topicConfigSynonyms, topicConfigs } from '../src/config/topic-configs.ts';

const introduction = `# Configuration

Generated from \`src/config\` by \`scripts/generate-config-table.ts\`; a test keeps it equal to the code.

Ottla takes Kafka's settings, with Kafka's names, types, defaults and rules for changing them while the broker runs
(Apache Kafka 4.3.1). They come from, strongest first:

1. \`--override name=value\`
2. the dedicated flags of the command line
3. \`KAFKA_…\` environment variables, as the official container image maps them: \`_\` is a dot, \`__\` an underscore, \`___\` a
   dash. Variables of the image's own scripts (\`KAFKA_OPTS\`, \`KAFKA_HEAP_OPTS\`, …) are ignored.
4. a \`server.properties\` file
5. defaults

A setting that Ottla accepts but does not act on has no mark under *acts* and is named once in the start log. A name that
Kafka does not know either is a warning. Settings that promise security which Ottla cannot enforce yet
(\`authorizer.class.name\`, listeners with SSL or SASL) stop the start. Settings that name a Java class accept the classes of
Kafka that Ottla has built in, and no others.

*update* says whether a setting can change while the broker runs: \`cluster-wide\` for all brokers or one,
\`per-broker\` for one broker at a time, and not at all where it is empty.`;

/** Brokers of one machine for which the differences are shown. */
const lone = 1;

export function renderConfiguration(): string {
  return [
    introduction,
    '## Without a properties file and without `KAFKA_…` variables',
    "Then Kafka's defaults hold but for these (a developer's own broker, on both loopback addresses only):",
    developerTable(),
    section('Node, listeners, requests', nodeConfigs),
    section('Logs', logConfigs),
    section('Replication', replicationConfigs),
    section('Metadata quorum', quorumConfigs),
    section('Groups', groupCoordinatorConfigs),
    section('Transactions', transactionConfigs),
    section('Security', securityConfigs),
    section('Tiered storage', remoteLogConfigs),
    section('Topics', topicConfigs, (name) => topicConfigSynonyms[name as keyof typeof topicConfigs]?.[0]?.name),
    section('Groups, one by one', groupConfigs),
    section('Client metrics subscriptions', clientMetricsConfigs),
    section("Ottla's own, which Kafka does not know", ottlaConfigs),
  ]
    .join('\n\n')
    .concat('\n');
}

function developerTable(): string {
  const rows = [...developerSettings(lone)].map(([name, text]) =>
    row([code(name), code(text), valueCell(findKey(brokerConfigs, name)!)]),
  );
  return [row(['setting', 'here', "Kafka's default"]), row(['---', '---', '---']), ...rows].join('\n');
}

/** `brokerName` gives the broker setting that is the default, for tables whose rows have one. */
function section(title: string, table: ConfigTable, brokerName?: (name: string) => string | undefined): string {
  const head = [
    'setting',
    'type',
    'default',
    'valid',
    brokerName === undefined ? 'update' : 'default from',
    'acts',
    '',
  ];
  const rows = Object.entries(table)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, key]) => {
      const from = brokerName?.(name);
      return row([
        code(name),
        key.type.toLowerCase(),
        valueCell(key),
        key.valid === null ? '' : code(key.valid),
        brokerName === undefined ? updateCell(key) : from === undefined ? '' : code(from),
        key.acts ? '✓' : '',
        [key.internal ? '(internal)' : '', key.documentation ?? ''].filter((text) => text !== '').join(' '),
      ]);
    });
  return [`## ${title}`, '', row(head), row(head.map(() => '---')), ...rows].join('\n');
}

function updateCell(key: ConfigKey): string {
  return key.updateMode === 'read-only' ? '' : key.updateMode;
}

function valueCell(key: ConfigKey): string {
  if (key.required) return 'required';
  return key.defaultText === null || key.defaultText === '' ? '' : code(key.defaultText);
}

function code(text: string): string {
  return `\`${text}\``;
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

const started = process.argv[1];
if (started !== undefined && import.meta.url === pathToFileURL(started).href) {
  writeFileSync('docs/configuration.md', renderConfiguration());
}
