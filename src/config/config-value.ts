/**
 * From text to value, as Kafka does it: the nine types, the ranges and lists of allowed values, and its messages.
 *
 * A value keeps its text: fifteen defaults are Long.MAX_VALUE, which no number holds. Numbers saturate at ±(2^53-1), so
 * comparing them still answers rightly, and DescribeConfigs shows the text.
 */
import { ConfigError, type ConfigKey, type ConfigTable, type ConfigType, findKey } from './config-key.ts';
import { assertKnownClass } from './known-classes.ts';

export interface ValueByType {
  readonly BOOLEAN: boolean;
  readonly STRING: string;
  readonly INT: number;
  readonly SHORT: number;
  readonly LONG: number;
  readonly DOUBLE: number;
  readonly LIST: readonly string[];
  readonly CLASS: string;
  readonly PASSWORD: string;
}

export type ConfigValue = ValueByType[ConfigType] | null;

export interface ParsedValue {
  readonly value: ConfigValue;
  /** As Kafka prints the parsed value: trimmed, `+5` as `5`, `TRUE` as `true`. */
  readonly text: string | null;
}

const nullValue: ParsedValue = { value: null, text: null };

/** Parses and validates. `text` null stands for Kafka's null, which only keys without a range accept. Throws ConfigError. */
export function parseConfig(name: string, configKey: ConfigKey, text: string | null): ParsedValue {
  const parsed = text === null ? nullValue : withoutRepetition(name, configKey, parseType(name, configKey.type, text));
  validate(name, configKey, parsed);
  return parsed;
}

/** A list keeps the first of equal elements (KIP-1161). */
function withoutRepetition(name: string, configKey: ConfigKey, parsed: ParsedValue): ParsedValue {
  if (configKey.type !== 'LIST' || !Array.isArray(parsed.value) || repeatedElementsAllowed.has(name)) return parsed;
  if (configKey.valid === throttledReplicas) return parsed;
  const value = [...new Set(parsed.value as readonly string[])];
  return { value, text: value.join(',') };
}

/** The value of a key that nobody has set. Throws ConfigError when it must be set. */
export function defaultValue(name: string, configKey: ConfigKey): ParsedValue {
  if (configKey.required) {
    throw new ConfigError(`Missing required configuration "${name}" which has no default value.`);
  }
  return configKey.defaultText === null ? nullValue : parseType(name, configKey.type, configKey.defaultText);
}

/** The effective value among `settings`: the one that is set, or the default. */
export function resolve(table: ConfigTable, name: string, settings: ReadonlyMap<string, string>): ParsedValue {
  const configKey = findKey(table, name);
  if (configKey === undefined) throw new ConfigError(`Unknown configuration "${name}"`);
  const text = settings.get(name);
  return text === undefined ? defaultValue(name, configKey) : parseConfig(name, configKey, text);
}

export function parseType(name: string, type: ConfigType, text: string): ParsedValue {
  const trimmed = trim(text);
  switch (type) {
    case 'BOOLEAN': {
      const lower = trimmed.toLowerCase();
      if (lower !== 'true' && lower !== 'false') {
        throw ConfigError.invalid(name, text, 'Expected value to be either true or false');
      }
      return { value: lower === 'true', text: lower };
    }
    case 'STRING':
    case 'PASSWORD':
      return { value: trimmed, text: trimmed };
    case 'CLASS':
      assertKnownClass(name, trimmed);
      return { value: trimmed, text: trimmed };
    case 'SHORT':
      return parseWholeNumber(name, type, text, trimmed, -(2n ** 15n), 2n ** 15n - 1n);
    case 'INT':
      return parseWholeNumber(name, type, text, trimmed, -(2n ** 31n), 2n ** 31n - 1n);
    case 'LONG':
      return parseWholeNumber(name, type, text, trimmed, -(2n ** 63n), 2n ** 63n - 1n);
    case 'DOUBLE':
      return parseDouble(name, text, trimmed);
    case 'LIST': {
      const list = trimmed === '' ? [] : trimmed.split(/\s*,\s*/);
      return { value: list, text: list.join(',') };
    }
    default:
      return unreachableType(type);
  }
}

function unreachableType(type: never): never {
  throw new TypeError(`unexpected type ${type}`);
}

/** Java's `String.trim`: everything up to the space, control characters included, but no other Unicode space. */
function trim(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that Java trims
  return text.replace(/^[\u0000-\u0020]+|[\u0000-\u0020]+$/g, '');
}

function parseWholeNumber(
  name: string,
  type: ConfigType,
  text: string,
  trimmed: string,
  lowest: bigint,
  highest: bigint,
): ParsedValue {
  if (/^[+-]?[0-9]+$/.test(trimmed)) {
    const exact = BigInt(trimmed.startsWith('+') ? trimmed.slice(1) : trimmed);
    if (exact >= lowest && exact <= highest) {
      return { value: saturate(exact), text: exact.toString() };
    }
  }
  throw ConfigError.invalid(name, text, `Not a number of type ${type}`);
}

function saturate(exact: bigint): number {
  if (exact > BigInt(Number.MAX_SAFE_INTEGER)) return Number.MAX_SAFE_INTEGER;
  if (exact < BigInt(Number.MIN_SAFE_INTEGER)) return Number.MIN_SAFE_INTEGER;
  return Number(exact);
}

function parseDouble(name: string, text: string, trimmed: string): ParsedValue {
  if (/^[+-]?(NaN|Infinity)$/.test(trimmed)) {
    const value = trimmed.endsWith('NaN') ? Number.NaN : trimmed.startsWith('-') ? -Infinity : Infinity;
    return { value, text: String(value) };
  }
  const match = /^([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[dDfF]?$/.exec(trimmed);
  if (match === null) throw ConfigError.invalid(name, text, 'Not a number of type DOUBLE');
  const value = Number(match[1]);
  return { value, text: doubleText(value) };
}

/** Java's `Double.toString`: always a fraction, and an exponent below 1/1000 and from ten million on. */
export function doubleText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Object.is(value, -0)) return '-0.0';
  const size = Math.abs(value);
  if (value === 0 || (size >= 1e-3 && size < 1e7)) {
    return Number.isInteger(value) ? `${value}.0` : String(value);
  }
  const [digits = '', exponent = '0'] = value.toExponential().split('e');
  return `${digits.includes('.') ? digits : `${digits}.0`}E${Number(exponent)}`;
}

/** LIST keys whose default is not empty but that may be set to nothing (KIP-1161). */
const emptyListAllowed = new Set([
  'cleanup.policy',
  'early.start.listeners',
  'log.cleanup.policy',
  'metric.reporters',
  'sasl.enabled.mechanisms',
  'sasl.kerberos.principal.to.local.rules',
  'ssl.enabled.protocols',
]);

/** Client metrics lists are checked by `client-metrics-config.ts` alone, the throttle lists by their own pattern. */
const repeatedElementsAllowed = new Set(['match', 'metrics']);

function validate(name: string, configKey: ConfigKey, parsed: ParsedValue): void {
  const { valid, type } = configKey;
  if (type === 'LIST') {
    validateList(name, configKey, parsed);
  } else if (valid === null) {
    return;
  } else if (type === 'INT' || type === 'LONG' || type === 'SHORT' || type === 'DOUBLE') {
    validateRange(name, valid, parsed);
  } else {
    validateString(name, valid, parsed);
  }
}

interface Range {
  readonly lowest: string;
  readonly highest: string | null;
  /** A value outside the range that is allowed too: `[1,...,9] or -1`. */
  readonly also: string | null;
}

function rangeOf(valid: string): Range {
  const match = /^\[([^,]+),\.\.\.(?:,([^\]]+))?\](?: or (.+))?$/.exec(valid);
  if (match === null) throw new TypeError(`'${valid}' is no range`);
  return { lowest: match[1]!, highest: match[2] ?? null, also: match[3] ?? null };
}

function validateRange(name: string, valid: string, { value, text }: ParsedValue): void {
  const { lowest, highest, also } = rangeOf(valid);
  if (typeof value !== 'number') throw ConfigError.invalid(name, text, 'Value must be non-null');
  if (also !== null) {
    if (value === Number(also) || (value >= Number(lowest) && value <= Number(highest))) return;
    throw ConfigError.invalid(name, text, `Value must be between ${lowest} and ${highest} or equal to ${also}`);
  }
  if (value < Number(lowest)) throw ConfigError.invalid(name, text, `Value must be at least ${lowest}`);
  if (highest !== null && value > Number(highest)) {
    throw ConfigError.invalid(name, text, `Value must be no more than ${highest}`);
  }
}

function validateString(name: string, valid: string, { text }: ParsedValue): void {
  if (valid === 'non-null string') {
    if (text === null) throw ConfigError.invalid(name, 'null', 'entry must be non null');
  } else if (valid === 'non-empty string') {
    if (text === '') throw ConfigError.invalid(name, text, 'String must be non-empty');
  } else if (valid.startsWith('(case insensitive) ')) {
    const allowed = valuesOf(valid.slice('(case insensitive) '.length));
    if (text === null || !allowed.includes(text.toUpperCase())) {
      throw ConfigError.invalid(name, text, `String must be one of (case insensitive): ${allowed.join(', ')}`);
    }
  } else if (valid === shareAutoOffsetReset) {
    if (text !== 'latest' && text !== 'earliest' && (text === null || !isDurationReset(text))) {
      throw ConfigError.invalid(
        name,
        text,
        `Invalid value \`${text}\` for configuration ${name}. ` +
          "The value must be either 'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'.",
      );
    }
  } else if (text === null || !valuesOf(valid).includes(text)) {
    throw ConfigError.invalid(name, text, `String must be one of: ${valuesOf(valid).join(', ')}`);
  }
}

const shareAutoOffsetReset = '[latest, earliest, by_duration:PnDTnHnMn.nS]';

/** `by_duration:` and an ISO-8601 duration that is not negative. */
function isDurationReset(text: string): boolean {
  return /^by_duration:P(?=.)([0-9]+D)?(T(?=.)([0-9]+H)?([0-9]+M)?([0-9]+(\.[0-9]{0,9})?S)?)?$/i.test(text);
}

function valuesOf(valid: string): string[] {
  return valid.slice(1, -1).split(', ');
}

const throttledReplicas = '[partitionId]:[brokerId],[partitionId]:[brokerId],...';

/** Kafka's `ValidList` (KIP-1161): no element empty, each an allowed one. */
function validateList(name: string, configKey: ConfigKey, { value }: ParsedValue): void {
  if (repeatedElementsAllowed.has(name)) return;
  const { valid } = configKey;
  if (!Array.isArray(value)) {
    if (configKey.defaultText === null && !configKey.required) return;
    throw new ConfigError(`Configuration '${name}' values must not be null.`);
  }
  const list: readonly string[] = value;
  if (valid === throttledReplicas) {
    if (list.every((element) => /^([0-9]+:[0-9]+)?$/.test(element)) || list.join('') === '*') return;
    throw ConfigError.invalid(
      name,
      listText(list),
      `${name} must be the literal '*' or a list of replicas in the following format: ${throttledReplicas}`,
    );
  }
  if (valid === 'non-empty list') {
    // The quorum's two lists: an empty one is judged together with process.roles, not here.
    return;
  }
  if (list.length === 0 && configKey.defaultText !== '' && !emptyListAllowed.has(name)) {
    throw new ConfigError(
      `Configuration '${name}' must not be empty. Valid values include: ${valid ?? 'any non-empty value'}`,
    );
  }
  const allowed = valid === null ? null : valuesOf(valid);
  for (const element of list) {
    if (element === '') throw new ConfigError(`Configuration '${name}' values must not be empty.`);
    if (allowed !== null && !allowed.includes(element)) {
      throw ConfigError.invalid(name, element, `String must be one of: ${allowed.join(', ')}`);
    }
  }
}

/** A list as Java prints it. */
export function listText(list: readonly string[]): string {
  return `[${list.join(', ')}]`;
}
