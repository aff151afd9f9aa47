/** Requests and responses as the log may show them: bytes by their size, lists at a bearable length, secrets not at all. */
import { findKey, isSensitive } from '../config/config-key.ts';
import { configResourceType } from '../config/config-resource.ts';
import { configTables } from '../config/config-validator.ts';

const ELEMENTS_MAX = 100;
const TEXT_LENGTH_MAX = 1000;
/** Kafka's word for a value that is not shown. */
const HIDDEN = '[hidden]';

type Loggable = string | number | boolean | null | readonly Loggable[] | { readonly [name: string]: Loggable };

/** A decoded message, or one that is to be encoded, as plain JSON. */
export function loggableMessage(apiName: string, message: unknown): Loggable {
  const shown = loggable(message);
  return apiName === 'AlterConfigs' || apiName === 'IncrementalAlterConfigs' ? withoutSecrets(shown) : shown;
}

function loggable(value: unknown): Loggable {
  if (typeof value === 'string') {
    return value.length <= TEXT_LENGTH_MAX ? value : `${value.slice(0, TEXT_LENGTH_MAX)}…`;
  }
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (value === null || typeof value !== 'object') return null;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) {
    const shown = value.slice(0, ELEMENTS_MAX).map(loggable);
    return value.length <= ELEMENTS_MAX ? shown : [...shown, `${value.length - ELEMENTS_MAX} more`];
  }
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .map(([name, field]) => [name, loggable(field)]),
  );
}

/** Values of settings that are passwords, or that nobody knows and that may be one. */
function withoutSecrets(message: Loggable): Loggable {
  if (!isObject(message) || !Array.isArray(message['resources'])) return message;
  return {
    ...message,
    resources: message['resources'].map((resource: Loggable) => {
      if (!isObject(resource) || !Array.isArray(resource['configs'])) return resource;
      const type = resource['resourceType'];
      return {
        ...resource,
        configs: resource['configs'].map((config: Loggable) =>
          isObject(config) && isSecret(type, config['name']) ? { ...config, value: HIDDEN } : config,
        ),
      };
    }),
  };
}

function isSecret(resourceType: Loggable | undefined, name: Loggable | undefined): boolean {
  switch (resourceType) {
    case configResourceType.BROKER_LOGGER:
      return false;
    case configResourceType.TOPIC:
      return isSensitive(findKey(configTables.topic, String(name)));
    case configResourceType.GROUP:
      return isSensitive(findKey(configTables.group, String(name)));
    case configResourceType.CLIENT_METRICS:
      return isSensitive(findKey(configTables['client-metrics'], String(name)));
    default:
      return isSensitive(findKey(configTables.broker, String(name)));
  }
}

function isObject(value: Loggable): value is { readonly [name: string]: Loggable } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
