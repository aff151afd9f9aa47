/**
 * What a topic obeys: its own settings, and below them those of the broker.
 *
 *     topic  >  broker (dynamic, cluster default, static; `log.retention.ms` before `.minutes` before `.hours`)  >  default
 */
import {
  type BrokerSettings,
  logFlushIntervalMs,
  logRetentionMs,
  logRollJitterMs,
  logRollMs,
} from './broker-settings.ts';
import { ConfigError, type ConfigTable, type ConfigType, findKey, type NamesOfType } from './config-key.ts';
import { defaultValue, type ParsedValue, parseConfig, type ValueByType } from './config-value.ts';
import { type TopicConfigName, topicConfigSynonyms, topicConfigs } from './topic-configs.ts';

export type CompressionSetting = 'producer' | 'uncompressed' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

/** The effective configuration of a topic, in plain numbers; it has everything that `log`'s `LogConfig` asks for. */
export interface TopicConfig {
  readonly segmentBytes: number;
  readonly segmentMs: number;
  readonly segmentJitterMs: number;
  readonly segmentIndexBytes: number;
  readonly indexIntervalBytes: number;
  readonly maxMessageBytes: number;
  readonly compressionType: CompressionSetting;
  readonly compressionLevels: { readonly gzip: number; readonly lz4: number; readonly zstd: number };
  readonly messageTimestampType: 'CreateTime' | 'LogAppendTime';
  readonly messageTimestampBeforeMaxMs: number;
  readonly messageTimestampAfterMaxMs: number;
  readonly cleanupPolicy: { readonly compact: boolean; readonly delete: boolean };
  readonly flushMessages: number;
  readonly flushMs: number;
  /** -1 for ever */
  readonly retentionMs: number;
  /** -1 without limit */
  readonly retentionBytes: number;
  readonly fileDeleteDelayMs: number;
  readonly deleteRetentionMs: number;
  readonly minCompactionLagMs: number;
  readonly maxCompactionLagMs: number;
  readonly minCleanableDirtyRatio: number;
  readonly minInsyncReplicas: number;
  readonly uncleanLeaderElectionEnable: boolean;
}

type Configs = ReadonlyMap<string, string>;

/** Values that every silent topic has; ten thousand topics share one map per state of the broker's settings. */
const defaultsByBroker = new WeakMap<BrokerSettings, ReadonlyMap<string, ParsedValue>>();

/** The value of each topic key while the topic says nothing. */
export function topicDefaults(broker: BrokerSettings): ReadonlyMap<string, ParsedValue> {
  let defaults = defaultsByBroker.get(broker);
  if (defaults === undefined) {
    defaults = new Map(Object.keys(topicConfigs).map((name) => [name, topicDefault(broker, name as TopicConfigName)]));
    defaultsByBroker.set(broker, defaults);
  }
  return defaults;
}

function topicDefault(broker: BrokerSettings, name: TopicConfigName): ParsedValue {
  switch (name) {
    case 'retention.ms':
      return numberValue(logRetentionMs(broker), broker.parsed('log.retention.ms'));
    case 'segment.ms':
      return numberValue(logRollMs(broker), broker.parsed('log.roll.ms'));
    case 'segment.jitter.ms':
      return numberValue(logRollJitterMs(broker), broker.parsed('log.roll.jitter.ms'));
    case 'flush.ms': {
      const own = broker.parsed('log.flush.interval.ms');
      const exact = own.value === null ? broker.parsed('log.flush.scheduler.interval.ms') : own;
      return numberValue(logFlushIntervalMs(broker), exact);
    }
    default: {
      const synonym = topicConfigSynonyms[name]?.[0];
      return synonym === undefined ? defaultValue(name, topicConfigs[name]) : broker.parsed(synonym.name);
    }
  }
}

/** Keeps the exact text where the number is the very value of a setting: Long.MAX_VALUE is no number. */
function numberValue(value: number, exact: ParsedValue): ParsedValue {
  return exact.value === value ? exact : { value, text: String(value) };
}

/** Each topic key with its effective value. A stored override that is not valid counts as absent. */
export function effectiveTopicConfigs(broker: BrokerSettings, overrides: Configs): ReadonlyMap<string, ParsedValue> {
  const defaults = topicDefaults(broker);
  if (overrides.size === 0) return defaults;
  const effective = new Map(defaults);
  for (const [name, text] of overrides) {
    const configKey = findKey(topicConfigs, name);
    if (configKey === undefined) continue;
    try {
      effective.set(name, parseConfig(name, configKey, text));
    } catch (error) {
      // Validated before it was stored, but perhaps by a release that allowed more.
      if (!(error instanceof ConfigError)) throw error;
    }
  }
  return effective;
}

export function resolveTopicConfig(broker: BrokerSettings, overrides: Configs): TopicConfig {
  const configs = effectiveTopicConfigs(broker, overrides);
  const policy = get<'LIST'>(configs, 'cleanup.policy');
  return {
    // The internal key is for tests that need segments below the lowest allowed size.
    segmentBytes: getOrNull<'INT'>(configs, 'internal.segment.bytes') ?? get<'INT'>(configs, 'segment.bytes'),
    segmentMs: get<'LONG'>(configs, 'segment.ms'),
    segmentJitterMs: get<'LONG'>(configs, 'segment.jitter.ms'),
    segmentIndexBytes: get<'INT'>(configs, 'segment.index.bytes'),
    indexIntervalBytes: get<'INT'>(configs, 'index.interval.bytes'),
    maxMessageBytes: get<'INT'>(configs, 'max.message.bytes'),
    compressionType: get<'STRING'>(configs, 'compression.type') as CompressionSetting, // the key allows no other words
    compressionLevels: {
      gzip: get<'INT'>(configs, 'compression.gzip.level'),
      lz4: get<'INT'>(configs, 'compression.lz4.level'),
      zstd: get<'INT'>(configs, 'compression.zstd.level'),
    },
    messageTimestampType:
      get<'STRING'>(configs, 'message.timestamp.type') === 'LogAppendTime' ? 'LogAppendTime' : 'CreateTime',
    messageTimestampBeforeMaxMs: get<'LONG'>(configs, 'message.timestamp.before.max.ms'),
    messageTimestampAfterMaxMs: get<'LONG'>(configs, 'message.timestamp.after.max.ms'),
    cleanupPolicy: { compact: policy.includes('compact'), delete: policy.includes('delete') },
    flushMessages: get<'LONG'>(configs, 'flush.messages'),
    flushMs: get<'LONG'>(configs, 'flush.ms'),
    retentionMs: get<'LONG'>(configs, 'retention.ms'),
    retentionBytes: get<'LONG'>(configs, 'retention.bytes'),
    fileDeleteDelayMs: get<'LONG'>(configs, 'file.delete.delay.ms'),
    deleteRetentionMs: get<'LONG'>(configs, 'delete.retention.ms'),
    minCompactionLagMs: get<'LONG'>(configs, 'min.compaction.lag.ms'),
    maxCompactionLagMs: get<'LONG'>(configs, 'max.compaction.lag.ms'),
    minCleanableDirtyRatio: get<'DOUBLE'>(configs, 'min.cleanable.dirty.ratio'),
    minInsyncReplicas: get<'INT'>(configs, 'min.insync.replicas'),
    uncleanLeaderElectionEnable: get<'BOOLEAN'>(configs, 'unclean.leader.election.enable'),
  };
}

type TopicNamesOfType<Type extends ConfigType> = NamesOfType<typeof topicConfigs, Type>;

function getOrNull<Type extends ConfigType>(
  configs: ReadonlyMap<string, ParsedValue>,
  name: TopicNamesOfType<Type>,
): ValueByType[Type] | null {
  // The table gives the key's type, and parsing gave the value that type.
  return (configs.get(name)?.value ?? null) as ValueByType[Type] | null;
}

function get<Type extends ConfigType>(
  configs: ReadonlyMap<string, ParsedValue>,
  name: TopicNamesOfType<Type>,
): ValueByType[Type] {
  const value = getOrNull<Type>(configs, name);
  if (value === null) throw new TypeError(`${name} has no value`);
  return value;
}

/**
 * Whether `overrides` may become all settings of a topic that had `existing`. Null, or the message that goes with
 * INVALID_CONFIG, in Kafka's words.
 */
export function validateTopicConfigs(
  broker: BrokerSettings,
  overrides: ReadonlyMap<string, string | null>,
  existing: Configs = new Map(),
): string | null {
  const absent = [...overrides].filter(([, text]) => text === null).map(([name]) => name);
  if (absent.length > 0) return `Null value not supported for topic configs: ${absent.join(',')}`;
  try {
    const configs = new Map(topicDefaults(broker));
    for (const name of overrides.keys()) {
      if (findKey(topicConfigs, name) === undefined) return `Unknown topic config name: ${name}`;
    }
    for (const [name, configKey] of Object.entries<ConfigTable[string]>(topicConfigs)) {
      const text = overrides.get(name);
      if (text !== undefined) configs.set(name, parseConfig(name, configKey, text));
    }
    return validateTogether(configs, existing);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

function validateTogether(configs: ReadonlyMap<string, ParsedValue>, existing: Configs): string | null {
  const minLag = configs.get('min.compaction.lag.ms');
  const maxLag = configs.get('max.compaction.lag.ms');
  if (Number(minLag?.value) > Number(maxLag?.value)) {
    return `conflict topic config setting min.compaction.lag.ms (${minLag?.text}) > max.compaction.lag.ms (${maxLag?.text})`;
  }
  if (get<'BOOLEAN'>(configs, 'remote.storage.enable')) {
    return 'Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.';
  }
  const wasRemote = existing.get('remote.storage.enable')?.trim().toLowerCase() === 'true';
  if (wasRemote && !get<'BOOLEAN'>(configs, 'remote.log.delete.on.disable')) {
    return (
      'It is invalid to disable remote storage without deleting remote data. ' +
      'If you want to keep the remote data and turn to read only, please set `remote.storage.enable=true,remote.log.copy.disable=true`. ' +
      'If you want to disable remote storage and delete all remote data, please set `remote.storage.enable=false,remote.log.delete.on.disable=true`.'
    );
  }
  return null;
}
