/**
 * The configs of a resource as DescribeConfigs shows them: effective value, where it comes from, and the synonyms, which
 * are the places that were looked at, in order: first the one that won.
 */
import { brokerConfigSynonyms, brokerConfigs, dynamicOnlyConfigs } from './broker-configs.ts';
import { effectiveClientMetricsConfigs } from './client-metrics-config.ts';
import { clientMetricsConfigs } from './client-metrics-configs.ts';
import { type ConfigKey, type ConfigTable, type ConfigType, findKey, isSensitive } from './config-key.ts';
import { type ConfigSource, configSource } from './config-resource.ts';
import type { ParsedValue } from './config-value.ts';
import type { DynamicBrokerConfig } from './dynamic-broker-config.ts';
import { effectiveGroupConfigs } from './group-config.ts';
import { type GroupConfigName, groupConfigSynonyms, groupConfigs } from './group-configs.ts';
import { baseName } from './node-config.ts';
import { effectiveTopicConfigs } from './topic-config.ts';
import { type TopicConfigName, topicConfigSynonyms, topicConfigs } from './topic-configs.ts';

export interface ConfigSynonym {
  readonly name: string;
  /** Null for a sensitive value. */
  readonly value: string | null;
  readonly source: ConfigSource;
}

export interface ConfigEntry {
  readonly name: string;
  readonly value: string | null;
  /** Undefined for a name that is not in the table. */
  readonly type: ConfigType | undefined;
  readonly source: ConfigSource;
  readonly readOnly: boolean;
  readonly sensitive: boolean;
  readonly synonyms: readonly ConfigSynonym[];
  readonly documentation: string | null;
}

type Configs = ReadonlyMap<string, string>;

/** One broker: every key but the internal ones, and whatever else is set. */
export function brokerEntries(config: DynamicBrokerConfig): ConfigEntry[] {
  const { current } = config;
  const shown = new Map<string, string | null>(current.settings);
  for (const [name, configKey] of Object.entries<ConfigKey>(brokerConfigs)) {
    if (!configKey.internal) shown.set(name, current.parsed(name as keyof typeof brokerConfigs).text);
  }
  return [...shown].map(([name, text]) => brokerEntry(name, text, brokerSynonyms(config, name)));
}

/** The cluster default: only what is set there. */
export function clusterDefaultEntries(config: DynamicBrokerConfig): ConfigEntry[] {
  return [...config.dynamic.clusterDefault].map(([name, text]) =>
    brokerEntry(
      name,
      text,
      brokerSynonyms(config, name).filter((synonym) => synonym.source === configSource.DYNAMIC_DEFAULT_BROKER),
    ),
  );
}

export function topicEntries(config: DynamicBrokerConfig, overrides: Configs): ConfigEntry[] {
  const effective = effectiveTopicConfigs(config.current, overrides);
  return shownNames(topicConfigs, overrides).map((name) => {
    const brokerName = topicConfigSynonyms[name as TopicConfigName]?.[0]?.name;
    const below = brokerName === undefined ? [] : brokerSynonyms(config, brokerName);
    return resourceEntry(topicConfigs, name, effective, overrides, configSource.TOPIC, below);
  });
}

export function groupEntries(config: DynamicBrokerConfig, overrides: Configs): ConfigEntry[] {
  const effective = effectiveGroupConfigs(config.current, overrides);
  return shownNames(groupConfigs, overrides).map((name) => {
    const brokerName = groupConfigSynonyms[name as GroupConfigName];
    const defaultText = findKey(groupConfigs, name)?.defaultText ?? null;
    const below =
      brokerName === undefined
        ? [{ name, value: defaultText, source: configSource.DEFAULT }]
        : brokerSynonyms(config, brokerName);
    return resourceEntry(groupConfigs, name, effective, overrides, configSource.GROUP, below);
  });
}

export function clientMetricsEntries(overrides: Configs): ConfigEntry[] {
  const effective = effectiveClientMetricsConfigs(overrides);
  return shownNames(clientMetricsConfigs, overrides).map((name) =>
    resourceEntry(clientMetricsConfigs, name, effective, overrides, configSource.CLIENT_METRICS, []),
  );
}

function shownNames(table: ConfigTable, overrides: Configs): string[] {
  const names = Object.keys(table).filter((name) => !table[name]!.internal || overrides.has(name));
  return [...names, ...[...overrides.keys()].filter((name) => findKey(table, name) === undefined)];
}

function resourceEntry(
  table: ConfigTable,
  name: string,
  effective: ReadonlyMap<string, ParsedValue>,
  overrides: Configs,
  ownSource: ConfigSource,
  below: readonly ConfigSynonym[],
): ConfigEntry {
  const configKey = findKey(table, name);
  const sensitive = isSensitive(configKey);
  const value = sensitive ? null : (effective.get(name)?.text ?? null);
  const synonyms = overrides.has(name) ? [{ name, value, source: ownSource }, ...below] : below;
  return {
    name,
    value,
    type: configKey?.type,
    source: synonyms[0]?.source ?? configSource.DEFAULT,
    readOnly: false,
    sensitive,
    synonyms,
    documentation: configKey?.documentation ?? null,
  };
}

function brokerEntry(name: string, text: string | null, synonyms: readonly ConfigSynonym[]): ConfigEntry {
  const configKey = findBrokerKey(name);
  const sensitive = isSensitive(configKey);
  return {
    name,
    value: sensitive ? null : text,
    type: configKey?.type,
    source: synonyms[0]?.source ?? configSource.DEFAULT,
    readOnly: findKey(dynamicOnlyConfigs, name) === undefined && isReadOnly(findKey(brokerConfigs, name)),
    sensitive,
    synonyms,
    documentation: configKey?.documentation ?? null,
  };
}

function isReadOnly(configKey: ConfigKey | undefined): boolean {
  return configKey === undefined || configKey.updateMode === 'read-only';
}

function findBrokerKey(name: string): ConfigKey | undefined {
  return findKey(brokerConfigs, name) ?? findKey(dynamicOnlyConfigs, name) ?? findKey(brokerConfigs, baseName(name));
}

/** What speaks for broker key `name`, in order of precedence. */
function brokerSynonyms(config: DynamicBrokerConfig, name: string): ConfigSynonym[] {
  const base = baseName(name);
  const names = base === name ? brokerConfigSynonyms(name) : [name, base];
  const sensitive = isSensitive(findBrokerKey(name));
  const found: ConfigSynonym[] = [];
  const add = (source: ConfigSource, textOf: (synonym: string) => string | null | undefined) => {
    for (const synonym of names) {
      const text = textOf(synonym);
      if (text !== null && text !== undefined) found.push({ name: synonym, value: sensitive ? null : text, source });
    }
  };
  add(configSource.DYNAMIC_BROKER, (synonym) => config.dynamic.broker.get(synonym));
  add(configSource.DYNAMIC_DEFAULT_BROKER, (synonym) => config.dynamic.clusterDefault.get(synonym));
  add(configSource.STATIC_BROKER, (synonym) => config.node.settings.get(synonym));
  add(configSource.DEFAULT, (synonym) => findKey(brokerConfigs, synonym)?.defaultText);
  // Kafka's own cut: synonyms in front of the name itself are not shown, so `log.retention.hours` alone, set or default,
  // shows nothing for `log.retention.ms`.
  const first = found.findIndex((synonym) => synonym.name === name);
  return first < 0 ? [] : found.slice(first);
}
