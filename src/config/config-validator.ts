/**
 * What the controller asks about configs it is told to store. The controller knows no keys: it is given this object.
 *
 * Changes of broker configs are judged by the broker they concern (`DynamicBrokerConfig.validate`) before they reach the
 * controller; here only the resource's name is looked at, as in Kafka.
 */
import { brokerConfigs } from './broker-configs.ts';
import type { BrokerSettings } from './broker-settings.ts';
import { validateClientMetricsConfigs } from './client-metrics-config.ts';
import { clientMetricsConfigs } from './client-metrics-configs.ts';
import { type ConfigTable, findKey, isSensitive } from './config-key.ts';
import type { ConfigProblem } from './config-problem.ts';
import { validateGroupConfigs } from './group-config.ts';
import { groupConfigs } from './group-configs.ts';
import { ipConfigs, userAndClientQuotaConfigs } from './quota-configs.ts';
import { validateTopicConfigs } from './topic-config.ts';
import { topicConfigs } from './topic-configs.ts';
import { topicNameProblem } from './topic-name.ts';

export type ConfigResourceKind = 'topic' | 'broker' | 'group' | 'client-metrics';

export const configTables: Readonly<Record<ConfigResourceKind, ConfigTable>> = {
  topic: topicConfigs,
  broker: brokerConfigs,
  group: groupConfigs,
  'client-metrics': clientMetricsConfigs,
};

export class ConfigValidator {
  readonly #settings: () => BrokerSettings;

  /** `settings` gives the effective settings of this node at the time of the question. */
  constructor(settings: () => BrokerSettings) {
    this.#settings = settings;
  }

  /** Whether `configs` may become all configs of the resource, which had `existing`. */
  validate(
    kind: ConfigResourceKind,
    name: string,
    configs: ReadonlyMap<string, string | null>,
    existing: ReadonlyMap<string, string>,
  ): ConfigProblem | null {
    switch (kind) {
      case 'topic':
        if (name === '') return invalidRequest('Default topic resources are not allowed.');
        return topicNameProblem(name) ?? invalidConfig(validateTopicConfigs(this.#settings(), configs, existing));
      case 'broker':
        return brokerNameProblem(name);
      case 'group':
        if (name === '') return invalidRequest('Default group resources are not allowed.');
        return invalidConfig(validateGroupConfigs(this.#settings(), configs));
      case 'client-metrics':
        return validateClientMetricsConfigs(name, configs);
    }
  }

  /** Whether APPEND and SUBTRACT make sense for the key. Kafka's controller does not know the types of client metrics. */
  isList(kind: ConfigResourceKind, name: string): boolean {
    return kind !== 'client-metrics' && findKey(configTables[kind], name)?.type === 'LIST';
  }

  /** What APPEND and SUBTRACT start from when the key is not set. */
  defaultText(kind: ConfigResourceKind, name: string): string | null {
    return findKey(configTables[kind], name)?.defaultText ?? null;
  }

  /** The type of a client quota, by whom it is for; null: there is no such quota. */
  quotaType(kind: 'client' | 'ip', key: string): 'INT' | 'LONG' | 'DOUBLE' | null {
    if (kind === 'client') {
      return Object.hasOwn(userAndClientQuotaConfigs, key)
        ? userAndClientQuotaConfigs[key as keyof typeof userAndClientQuotaConfigs].type
        : null;
    }
    return Object.hasOwn(ipConfigs, key) ? ipConfigs[key as keyof typeof ipConfigs].type : null;
  }

  /** Whether the value must not be logged. */
  isSensitive(kind: ConfigResourceKind, name: string): boolean {
    return isSensitive(findKey(configTables[kind], name));
  }
}

function brokerNameProblem(name: string): ConfigProblem | null {
  if (name === '') return null;
  if (!/^[+-]?[0-9]+$/.test(name) || Math.abs(Number(name)) > 2 ** 31 - 1) {
    return invalidRequest('Unable to parse broker name as a base 10 number.');
  }
  return Number(name) < 0 ? invalidRequest('Invalid negative broker ID.') : null;
}

function invalidRequest(message: string): ConfigProblem {
  return { error: 'INVALID_REQUEST', message };
}

function invalidConfig(message: string | null): ConfigProblem | null {
  return message === null ? null : { error: 'INVALID_CONFIG', message };
}
