/**
 * Broker settings with their values: what is set, else the default. Immutable; a dynamic change makes a new one.
 *
 * Every setting is parsed and validated when the object is made, so the getters never fail.
 */
import {
  type BrokerConfigName,
  type BrokerConfigNameOf,
  brokerConfigSynonyms,
  brokerConfigs,
} from './broker-configs.ts';
import { findKey } from './config-key.ts';
import { type ConfigValue, defaultValue, type ParsedValue, parseConfig } from './config-value.ts';

type NumberName =
  | BrokerConfigNameOf<'INT'>
  | BrokerConfigNameOf<'SHORT'>
  | BrokerConfigNameOf<'LONG'>
  | BrokerConfigNameOf<'DOUBLE'>;
type TextName = BrokerConfigNameOf<'STRING'> | BrokerConfigNameOf<'CLASS'> | BrokerConfigNameOf<'PASSWORD'>;

const requiredNames = (Object.keys(brokerConfigs) as BrokerConfigName[]).filter((name) => brokerConfigs[name].required);

export class BrokerSettings {
  /** What is set, as text, unknown names included. */
  readonly settings: ReadonlyMap<string, string>;
  readonly #parsed = new Map<string, ParsedValue>();

  /** Throws ConfigError. */
  constructor(settings: ReadonlyMap<string, string>) {
    this.settings = settings;
    for (const [name, text] of settings) {
      const configKey = findKey(brokerConfigs, name);
      if (configKey !== undefined) this.#parsed.set(name, parseConfig(name, configKey, text));
    }
    for (const name of requiredNames) {
      if (!settings.has(name)) defaultValue(name, brokerConfigs[name]);
    }
  }

  isSet(name: BrokerConfigName): boolean {
    return this.settings.has(name);
  }

  parsed(name: BrokerConfigName): ParsedValue {
    let parsed = this.#parsed.get(name);
    if (parsed === undefined) {
      parsed = defaultValue(name, brokerConfigs[name]);
      this.#parsed.set(name, parsed);
    }
    return parsed;
  }

  boolean(name: BrokerConfigNameOf<'BOOLEAN'>): boolean {
    return this.#value(name, 'boolean');
  }

  /** Milliseconds, bytes, counts, saturated at ±(2^53-1). */
  number(name: NumberName): number {
    return this.#value(name, 'number');
  }

  numberOrNull(name: NumberName): number | null {
    return this.parsed(name).value === null ? null : this.number(name);
  }

  text(name: TextName): string {
    return this.#value(name, 'string');
  }

  textOrNull(name: TextName): string | null {
    return this.parsed(name).value === null ? null : this.text(name);
  }

  list(name: BrokerConfigNameOf<'LIST'>): readonly string[] {
    return this.listOrNull(name) ?? [];
  }

  listOrNull(name: BrokerConfigNameOf<'LIST'>): readonly string[] | null {
    const { value } = this.parsed(name);
    return Array.isArray(value) ? value : null;
  }

  #value(name: BrokerConfigName, type: 'boolean'): boolean;
  #value(name: BrokerConfigName, type: 'number'): number;
  #value(name: BrokerConfigName, type: 'string'): string;
  #value(name: BrokerConfigName, type: 'boolean' | 'number' | 'string'): ConfigValue {
    const { value } = this.parsed(name);
    if (typeof value !== type) throw new TypeError(`${name} has no value`);
    return value;
  }
}

/** These settings with others on top: setting a name takes the place of its synonyms, too. */
export function withOverrides(
  settings: ReadonlyMap<string, string>,
  overrides: ReadonlyMap<string, string>,
): Map<string, string> {
  const merged = new Map(settings);
  for (const [name, text] of overrides) {
    for (const synonym of brokerConfigSynonyms(name)) merged.delete(synonym);
    merged.set(name, text);
  }
  return merged;
}

// The settings that may be given in more than one unit, resolved. All in milliseconds.

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** -1 for ever. */
export function logRetentionMs(settings: BrokerSettings): number {
  const minutes = settings.numberOrNull('log.retention.minutes');
  const ms =
    settings.numberOrNull('log.retention.ms') ??
    (minutes === null ? settings.number('log.retention.hours') * hourMs : minutes * minuteMs);
  return ms < 0 ? -1 : ms;
}

export function logRollMs(settings: BrokerSettings): number {
  return settings.numberOrNull('log.roll.ms') ?? settings.number('log.roll.hours') * hourMs;
}

export function logRollJitterMs(settings: BrokerSettings): number {
  return settings.numberOrNull('log.roll.jitter.ms') ?? settings.number('log.roll.jitter.hours') * hourMs;
}

export function logFlushIntervalMs(settings: BrokerSettings): number {
  return settings.numberOrNull('log.flush.interval.ms') ?? settings.number('log.flush.scheduler.interval.ms');
}
