/**
 * What of a broker's configuration may change while it runs (KIP-226): the values of this broker and of the cluster
 * default in the metadata, laid over the static ones.
 *
 *     dynamic, this broker  >  dynamic, cluster default  >  static  >  default
 *
 * `current` is replaced as a whole when the metadata changes. A stored value that is not valid here (written by another
 * release, or before a rule existed) is left out, not fatal: the broker must come up to have it repaired.
 */
import { brokerConfigs, dynamicOnlyConfigs } from './broker-configs.ts';
import { BrokerSettings, withOverrides } from './broker-settings.ts';
import { ConfigError, type ConfigKey, findKey } from './config-key.ts';
import { listText, parseConfig } from './config-value.ts';
import { baseName, type NodeConfig } from './node-config.ts';
import { assertSettingsConsistent } from './node-consistency.ts';

export interface DynamicConfigs {
  readonly broker: ReadonlyMap<string, string>;
  readonly clusterDefault: ReadonlyMap<string, string>;
}

export interface ChangedConfigs {
  /** Names whose effective text changed. */
  readonly changed: readonly string[];
  /** Stored values that were left out, with the reason, for the log. */
  readonly ignored: readonly { readonly name: string; readonly reason: string }[];
}

const none: ReadonlyMap<string, string> = new Map();

export class DynamicBrokerConfig {
  readonly node: NodeConfig;
  #broker = none;
  #clusterDefault = none;
  #current: BrokerSettings;

  constructor(node: NodeConfig) {
    this.node = node;
    this.#current = node;
  }

  /** The effective settings now. */
  get current(): BrokerSettings {
    return this.#current;
  }

  /** The dynamic values that have taken effect. */
  get dynamic(): DynamicConfigs {
    return { broker: this.#broker, clusterDefault: this.#clusterDefault };
  }

  /** Takes over what the metadata says now. */
  update(configs: DynamicConfigs): ChangedConfigs {
    const ignored: { name: string; reason: string }[] = [];
    const broker = acceptable(configs.broker, true, ignored);
    const clusterDefault = acceptable(configs.clusterDefault, false, ignored);
    const before = this.#current.settings;
    const settings = withOverrides(withOverrides(this.node.settings, clusterDefault), broker);
    try {
      const next = new BrokerSettings(settings);
      assertSettingsConsistent(next);
      this.#current = next;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return { changed: [], ignored: [...ignored, { name: '*', reason: error.message }] };
    }
    this.#broker = broker;
    this.#clusterDefault = clusterDefault;
    const names = new Set([...before.keys(), ...settings.keys()]);
    return { changed: [...names].filter((name) => before.get(name) !== settings.get(name)), ignored };
  }

  /** Whether `configs` may become all dynamic values of this broker, or of the cluster default. Throws ConfigError. */
  validate(configs: ReadonlyMap<string, string>, scope: 'broker' | 'clusterDefault'): void {
    assertDynamic(configs, scope === 'broker');
    const below = this.node.settings;
    const settings =
      scope === 'broker'
        ? withOverrides(withOverrides(below, this.#clusterDefault), configs)
        : withOverrides(withOverrides(below, configs), this.#broker);
    const next = new BrokerSettings(settings);
    assertSettingsConsistent(next);
    assertReconfigurable(this.#current, next);
  }
}

/** Keys of TLS material, which exist per listener only: `listener.name.<listener>.<key>`. */
const perListenerOnly: ReadonlySet<string> = new Set([
  'ssl.keystore.type',
  'ssl.keystore.location',
  'ssl.keystore.password',
  'ssl.key.password',
  'ssl.truststore.type',
  'ssl.truststore.location',
  'ssl.truststore.password',
  'ssl.keystore.certificate.chain',
  'ssl.keystore.key',
  'ssl.truststore.certificates',
]);

/** Limits that a listener may have and that the cluster default may set for all brokers. */
const clusterLevelListenerConfigs: ReadonlySet<string> = new Set([
  'max.connections',
  'max.connection.creation.rate',
  'num.network.threads',
]);

function findDynamicKey(name: string): ConfigKey | undefined {
  return findKey(brokerConfigs, name) ?? findKey(dynamicOnlyConfigs, name);
}

function isReadOnly(name: string): boolean {
  return findKey(brokerConfigs, name)?.updateMode === 'read-only';
}

function isPerBroker(name: string): boolean {
  const base = baseName(name);
  if (base !== name) return !clusterLevelListenerConfigs.has(base);
  return findKey(brokerConfigs, name)?.updateMode === 'per-broker';
}

/** The rules for names and types, in Kafka's order and words. Unknown names are allowed: a plugin may read them. */
function assertDynamic(configs: ReadonlyMap<string, string>, perBroker: boolean): void {
  const names = [...configs.keys()];
  refuse(names.filter(isReadOnly), 'Cannot update these configs dynamically');
  refuse(
    names.filter((name) => perListenerOnly.has(name)),
    'These security configs can be dynamically updated only per-listener using the listener prefix',
  );
  for (const [name, text] of configs) assertType(name, text);
  if (!perBroker) {
    refuse(
      names.filter(isPerBroker),
      'Cannot update these configs at default cluster level, broker id must be specified',
    );
  }
}

function refuse(names: readonly string[], message: string): void {
  if (names.length > 0) throw new ConfigError(`${message}: ${listText(names)}`);
}

function assertType(name: string, text: string): void {
  const base = baseName(name);
  const configKey = findDynamicKey(base);
  if (configKey !== undefined) parseConfig(base, configKey, text);
}

/** The part of the stored values that can take effect; the rest goes to `ignored`. */
function acceptable(
  configs: ReadonlyMap<string, string>,
  perBroker: boolean,
  ignored: { name: string; reason: string }[],
): Map<string, string> {
  const accepted = new Map<string, string>();
  for (const [name, text] of configs) {
    try {
      assertDynamic(new Map([[name, text]]), perBroker);
      accepted.set(name, text);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      ignored.push({ name, reason: error.message });
    }
  }
  return accepted;
}

/** Counts of threads change by at most a factor of two at a time, as in Kafka, though Ottla has no such threads. */
const threadCounts = [
  'num.io.threads',
  'num.network.threads',
  'num.replica.fetchers',
  'num.recovery.threads.per.data.dir',
  'background.threads',
] as const;

function assertReconfigurable(current: BrokerSettings, next: BrokerSettings): void {
  for (const name of threadCounts) {
    const [before, after] = [current.number(name), next.number(name)];
    if (before === after) continue;
    const message = `Dynamic thread count update validation failed for ${name}=${after}`;
    if (after < Math.floor(before / 2)) {
      throw reconfigurationError(`${message}, value should be at least half the current value ${before}`);
    }
    if (after > before * 2) {
      throw reconfigurationError(`${message}, value should not be greater than double the current value ${before}`);
    }
  }
  const [threadsBefore, threads] = [current.number('log.cleaner.threads'), next.number('log.cleaner.threads')];
  if (threads !== threadsBefore) {
    if (threads < 1) throw reconfigurationError('Log cleaner threads should be at least 1');
    if (threads < Math.floor(threadsBefore / 2)) {
      throw reconfigurationError(
        `Log cleaner threads cannot be reduced to less than half the current value ${threadsBefore}`,
      );
    }
    if (threads > threadsBefore * 2) {
      throw reconfigurationError(
        `Log cleaner threads cannot be increased to more than double the current value ${threadsBefore}`,
      );
    }
  }
  for (const name of ['listeners', 'listener.security.protocol.map'] as const) {
    if (current.parsed(name).text !== next.parsed(name).text) {
      throw reconfigurationError('Advertised listeners cannot be altered when using a Raft-based metadata quorum.');
    }
  }
}

/** Kafka wraps these errors as if they were the value of a setting; tools show exactly this text. */
function reconfigurationError(message: string): ConfigError {
  return new ConfigError(
    `Invalid value org.apache.kafka.common.config.ConfigException: ${message} for configuration Invalid dynamic configuration`,
  );
}
