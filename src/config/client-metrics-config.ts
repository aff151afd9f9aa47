/** Client metrics subscriptions (KIP-714): effective values and validation. */
import { clientMetricsConfigs } from './client-metrics-configs.ts';
import { ConfigError, findKey } from './config-key.ts';
import type { ConfigProblem } from './config-problem.ts';
import { type ParsedValue, parseConfig, resolve } from './config-value.ts';

type Configs = ReadonlyMap<string, string>;

export function effectiveClientMetricsConfigs(configs: Configs): ReadonlyMap<string, ParsedValue> {
  return new Map(Object.keys(clientMetricsConfigs).map((name) => [name, resolve(clientMetricsConfigs, name, configs)]));
}

const matchParameters: readonly string[] = [
  'client_instance_id',
  'client_id',
  'client_software_name',
  'client_software_version',
  'client_source_address',
  'client_source_port',
];

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
  const match = configs.get('match')?.trim() ?? '';
  for (const pattern of match === '' ? [] : match.split(/\s*,\s*/)) {
    if (!isPattern(pattern)) {
      return { error: 'INVALID_CONFIG', message: `Illegal client matching pattern: ${pattern}` };
    }
  }
  return null;
}

/** `name=regular expression` */
function isPattern(pattern: string): boolean {
  const [name, expression, ...rest] = pattern.split('=');
  if (expression === undefined || rest.length > 0 || !matchParameters.includes(name!.trim())) return false;
  try {
    new RegExp(expression.trim());
    return true;
  } catch {
    return false;
  }
}
