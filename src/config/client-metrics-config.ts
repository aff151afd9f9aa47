/** Client metrics subscriptions (KIP-714): effective values and validation. */
import { re2 } from '../base/re2.ts';
import { clientMetricsConfigs } from './client-metrics-configs.ts';
import { ConfigError, findKey } from './config-key.ts';
import type { ConfigProblem } from './config-problem.ts';
import { type ParsedValue, parseConfig, resolve } from './config-value.ts';

type Configs = ReadonlyMap<string, string>;

export function effectiveClientMetricsConfigs(configs: Configs): ReadonlyMap<string, ParsedValue> {
  return new Map(Object.keys(clientMetricsConfigs).map((name) => [name, resolve(clientMetricsConfigs, name, configs)]));
}

/** What a subscription may look at. */
export const matchParameters = [
  'client_instance_id',
  'client_id',
  'client_software_name',
  'client_software_version',
  'client_source_address',
  'client_source_port',
] as const;
export type MatchParameter = (typeof matchParameters)[number];

export function validateClientMetricsConfigs(
  subscription: string,
  configs: ReadonlyMap<string, string | null>,
): ConfigProblem | null {
  if (subscription === '') return { error: 'INVALID_REQUEST', message: "Subscription name can't be empty" };
  for (const name of configs.keys()) {
    if (findKey(clientMetricsConfigs, name) === undefined) {
      return { error: 'INVALID_REQUEST', message: `Unknown client metrics configuration: ${name}` };
    }
  }
  try {
    for (const [name, text] of configs) parseConfig(name, findKey(clientMetricsConfigs, name)!, text);
  } catch (error) {
    if (error instanceof ConfigError) return { error: 'INVALID_CONFIG', message: error.message };
    throw error;
  }
  const interval = configs.get('interval.ms');
  if (interval !== undefined && interval !== null) {
    const intervalMs = Number(interval.trim());
    if (intervalMs < 100 || intervalMs > 3_600_000) {
      return {
        error: 'INVALID_REQUEST',
        message: `Invalid value ${intervalMs} for interval.ms, interval must be between 100 and 3600000 (1 hour)`,
      };
    }
  }
  try {
    parseMatch(configs.get('match') ?? '');
    return null;
  } catch (error) {
    if (error instanceof ConfigError) return { error: 'INVALID_CONFIG', message: error.message };
    throw error;
  }
}

/** What a subscription says. Its configs have been validated when they were stored. */
export function clientMetricsSubscription(configs: Configs): {
  readonly metrics: readonly string[];
  readonly intervalMs: number;
  readonly match: ReadonlyMap<MatchParameter, (value: string) => boolean>;
} {
  const effective = effectiveClientMetricsConfigs(configs);
  const metrics = effective.get('metrics')?.value;
  return {
    metrics: Array.isArray(metrics) ? metrics : [],
    intervalMs: Number(effective.get('interval.ms')?.value),
    match: parseMatch(configs.get('match') ?? ''),
  };
}

/** The whole of a value has to match. Throws ConfigError. Of two patterns for one parameter the last one counts. */
export function parseMatch(text: string): Map<MatchParameter, (value: string) => boolean> {
  const patterns = new Map<MatchParameter, (value: string) => boolean>();
  const trimmed = text.trim();
  for (const pattern of trimmed === '' ? [] : trimmed.split(/\s*,\s*/)) {
    const parsed = parsePattern(pattern);
    if (parsed === null) throw new ConfigError(`Illegal client matching pattern: ${pattern}`);
    patterns.set(parsed.parameter, parsed.matches);
  }
  return patterns;
}

/** `name=regular expression`, in the dialect of RE2: what is matched comes from clients, and must not hold the broker. */
function parsePattern(
  pattern: string,
): { readonly parameter: MatchParameter; readonly matches: (value: string) => boolean } | null {
  // As Java splits: empty parts at the end do not count.
  const parts = pattern.split('=');
  while (parts.length > 0 && parts.at(-1) === '') parts.pop();
  if (parts.length !== 2) return null;
  const parameter = matchParameters.find((known) => known === parts[0]!.trim());
  if (parameter === undefined) return null;
  const { RE2JS, RE2JSSyntaxException } = re2();
  try {
    const expression = RE2JS.compile(parts[1]!.trim());
    return { parameter, matches: (value) => expression.matches(value) };
  } catch (error) {
    if (error instanceof RE2JSSyntaxException) return null;
    throw error;
  }
}
