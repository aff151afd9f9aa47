/** SET, DELETE, APPEND and SUBTRACT on the configs of one broker or of the cluster default (KIP-339). */
import { brokerConfigs } from './broker-configs.ts';
import { findKey } from './config-key.ts';

export const configOperation = { SET: 0, DELETE: 1, APPEND: 2, SUBTRACT: 3 } as const;

export interface ConfigChange {
  readonly name: string;
  readonly operation: number;
  /** Null for DELETE. */
  readonly value: string | null;
}

export type IncrementalResult =
  | { readonly kind: 'changed'; readonly configs: ReadonlyMap<string, string> }
  | { readonly kind: 'refused'; readonly error: 'INVALID_REQUEST' | 'INVALID_CONFIG'; readonly message: string };

export function applyBrokerChanges(
  configs: ReadonlyMap<string, string>,
  changes: readonly ConfigChange[],
): IncrementalResult {
  const changed = new Map(configs);
  for (const { name, operation, value } of changes) {
    switch (operation) {
      case configOperation.SET:
        changed.set(name, value ?? '');
        break;
      case configOperation.DELETE:
        changed.delete(name);
        break;
      case configOperation.APPEND:
      case configOperation.SUBTRACT: {
        const configKey = findKey(brokerConfigs, name);
        if (configKey?.type !== 'LIST') {
          const verb = operation === configOperation.APPEND ? 'append' : 'subtract';
          const message =
            configKey === undefined
              ? `Unknown config name: ${name}`
              : `Config value ${verb} is not allowed for config key: ${name}`;
          return { kind: 'refused', error: 'INVALID_CONFIG', message };
        }
        const present = elements(changed.get(name) ?? configKey.defaultText ?? '');
        const given = elements(value ?? '');
        const next =
          operation === configOperation.APPEND
            ? [...present, ...given.filter((element) => !present.includes(element))]
            : present.filter((element) => !given.includes(element));
        changed.set(name, next.join(','));
        break;
      }
      default:
        return { kind: 'refused', error: 'INVALID_REQUEST', message: `Unknown operations type ${operation}` };
    }
  }
  return { kind: 'changed', configs: changed };
}

function elements(text: string): string[] {
  return text === '' ? [] : text.split(',');
}
