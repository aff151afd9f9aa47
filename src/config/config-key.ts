/**
 * One row of the table of settings: everything that Kafka knows of a key, and whether Ottla acts on it.
 *
 * The rows are the one source: `DescribeConfigs`, parsing, validation, `docs/configuration.md` and the typed getters all
 * read them. A test compares every field with the repository's copy of `configs.json` (Apache Kafka 4.3.1).
 */
export type ConfigType = 'BOOLEAN' | 'STRING' | 'INT' | 'SHORT' | 'LONG' | 'DOUBLE' | 'LIST' | 'CLASS' | 'PASSWORD';

export type Importance = 'HIGH' | 'MEDIUM' | 'LOW';

/** `read-only`: needs a restart. `per-broker`: only for one broker at a time. `cluster-wide`: also as cluster default. */
export type UpdateMode = 'read-only' | 'per-broker' | 'cluster-wide';

export interface ConfigKey<T extends ConfigType = ConfigType> {
  readonly type: T;
  /** Text as DescribeConfigs shows it; null: no value, or, with `required`, none that could be assumed. */
  readonly defaultText: string | null;
  readonly importance: Importance;
  readonly updateMode: UpdateMode;
  /** What values are allowed, in Kafka's notation; `config-value.ts` validates by this very text. */
  readonly valid: string | null;
  /** Must be set. */
  readonly required: boolean;
  /** Not shown by DescribeConfigs unless it is set. */
  readonly internal: boolean;
  /** Whether Ottla does anything with it; a setting that is accepted without effect is said so once at start. */
  readonly acts: boolean;
  readonly documentation: string | null;
}

export interface ConfigKeyExtras {
  readonly valid?: string;
  readonly required?: true;
  readonly internal?: true;
  readonly acts?: true;
  readonly doc?: string;
}

/** Builds a row of the broker table. */
export function key<T extends ConfigType>(
  type: T,
  defaultText: string | null,
  importance: Importance,
  updateMode: UpdateMode,
  extras: ConfigKeyExtras = {},
): ConfigKey<T> {
  return {
    type,
    defaultText,
    importance,
    updateMode,
    valid: extras.valid ?? null,
    required: extras.required ?? false,
    internal: extras.internal ?? false,
    acts: extras.acts ?? false,
    documentation: extras.doc ?? null,
  };
}

/** Kafka treats every password as sensitive: its value never leaves the broker, neither in answers nor in logs. */
export function isSensitive(configKey: ConfigKey | undefined): boolean {
  // A name that nobody knows may be a misspelt password, so it counts as one, as in Kafka.
  return configKey === undefined || configKey.type === 'PASSWORD';
}

export type ConfigTable = Readonly<Record<string, ConfigKey>>;

/** The names in table `T` whose rows have one of the types `Type`. */
export type NamesOfType<T, Type extends ConfigType> = {
  [K in keyof T]: T[K] extends ConfigKey<Type> ? K : never;
}[keyof T];

/** Looks a name up that came from outside: `undefined` for names on the prototype, too. */
export function findKey(table: ConfigTable, name: string): ConfigKey | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** A setting that cannot be accepted; the message names key and value in Kafka's words. */
export class ConfigError extends Error {
  override name = 'ConfigError';

  /** `value` as a Java program prints it. */
  static invalid(name: string, value: string | null, reason: string): ConfigError {
    return new ConfigError(`Invalid value ${value} for configuration ${name}: ${reason}`);
  }
}
