/** What a group obeys: its own settings, below them the broker's defaults for groups, all inside the broker's bounds. */
import type { BrokerConfigName } from './broker-configs.ts';
import type { BrokerSettings } from './broker-settings.ts';
import { ConfigError, findKey } from './config-key.ts';
import { defaultValue, type ParsedValue, parseConfig } from './config-value.ts';
import { type GroupConfigName, groupConfigSynonyms, groupConfigs } from './group-configs.ts';

type Configs = ReadonlyMap<string, string>;

function groupDefaults(broker: BrokerSettings): Map<string, ParsedValue> {
  return new Map(
    Object.entries(groupConfigs).map(([name, configKey]) => {
      const synonym = groupConfigSynonyms[name as GroupConfigName];
      return [name, synonym === undefined ? defaultValue(name, configKey) : broker.parsed(synonym)];
    }),
  );
}

/** Each group key with its effective value. A stored value that is not valid counts as absent. */
export function effectiveGroupConfigs(broker: BrokerSettings, overrides: Configs): ReadonlyMap<string, ParsedValue> {
  const effective = groupDefaults(broker);
  for (const [name, text] of overrides) {
    const configKey = findKey(groupConfigs, name);
    if (configKey === undefined) continue;
    try {
      effective.set(name, parseConfig(name, configKey, text));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
    }
  }
  return effective;
}

/** Null, or the message that goes with INVALID_CONFIG. */
export function validateGroupConfigs(
  broker: BrokerSettings,
  overrides: ReadonlyMap<string, string | null>,
): string | null {
  const absent = [...overrides].filter(([, text]) => text === null).map(([name]) => name);
  if (absent.length > 0) return `Null value not supported for group configs: ${absent.join(',')}`;
  try {
    const configs = groupDefaults(broker);
    for (const [name, text] of overrides) {
      const configKey = findKey(groupConfigs, name);
      if (configKey === undefined) return `Unknown group config name: ${name}`;
      configs.set(name, parseConfig(name, configKey, text));
    }
    return validateTogether(broker, configs);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

type Bound = Parameters<BrokerSettings['number']>[0] & BrokerConfigName;

interface Bounds {
  readonly name: GroupConfigName;
  readonly lowest?: Bound;
  readonly highest: Bound;
}

const bounds: readonly Bounds[] = [
  ...(['consumer', 'share', 'streams'] as const).flatMap((kind): Bounds[] =>
    (['heartbeat.interval.ms', 'session.timeout.ms', 'assignment.interval.ms'] as const).map((what) => ({
      name: `${kind}.${what}`,
      lowest: `group.${kind}.min.${what}`,
      highest: `group.${kind}.max.${what}`,
    })),
  ),
  {
    name: 'share.record.lock.duration.ms',
    lowest: 'group.share.min.record.lock.duration.ms',
    highest: 'group.share.max.record.lock.duration.ms',
  },
  {
    name: 'share.delivery.count.limit',
    lowest: 'group.share.min.delivery.count.limit',
    highest: 'group.share.max.delivery.count.limit',
  },
  {
    name: 'share.partition.max.record.locks',
    lowest: 'group.share.min.partition.max.record.locks',
    highest: 'group.share.max.partition.max.record.locks',
  },
  { name: 'streams.num.standby.replicas', highest: 'group.streams.max.standby.replicas' },
];

function validateTogether(broker: BrokerSettings, configs: ReadonlyMap<string, ParsedValue>): string | null {
  const number = (name: GroupConfigName) => Number(configs.get(name)?.value);
  for (const { name, lowest, highest } of bounds) {
    if (lowest !== undefined && number(name) < broker.number(lowest)) {
      return `${name} must be greater than or equal to ${lowest}`;
    }
    if (number(name) > broker.number(highest)) return `${name} must be less than or equal to ${highest}`;
  }
  for (const kind of ['consumer', 'share', 'streams'] as const) {
    const [session, heartbeat] = [`${kind}.session.timeout.ms`, `${kind}.heartbeat.interval.ms`] as const;
    if (number(session) <= number(heartbeat)) return `${session} must be greater than ${heartbeat}`;
  }
  return null;
}
