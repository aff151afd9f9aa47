import { describe, expect, test } from 'vitest';
import { logRetentionMs } from '../../../src/config/broker-settings.ts';
import { ConfigError } from '../../../src/config/config-key.ts';
import type { DynamicBrokerConfig } from '../../../src/config/dynamic-broker-config.ts';
import { applyBrokerChanges } from '../../../src/config/incremental-configs.ts';
import { testBrokerConfig } from './fixture.ts';

const none = new Map<string, string>();
const map = (configs: Record<string, string>) => new Map(Object.entries(configs));

function refusal(config: DynamicBrokerConfig, configs: Record<string, string>, scope: 'broker' | 'clusterDefault') {
  try {
    config.validate(map(configs), scope);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'accepted';
}

test("this broker's value wins over the cluster default, and that over the file", () => {
  const config = testBrokerConfig('message.max.bytes=1');
  expect(config.current.number('message.max.bytes')).toBe(1);
  config.update({ broker: none, clusterDefault: map({ 'message.max.bytes': '2' }) });
  expect(config.current.number('message.max.bytes')).toBe(2);
  const { changed } = config.update({
    broker: map({ 'message.max.bytes': '3' }),
    clusterDefault: map({ 'message.max.bytes': '2' }),
  });
  expect(config.current.number('message.max.bytes')).toBe(3);
  expect(changed).toEqual(['message.max.bytes']);
  config.update({ broker: none, clusterDefault: none });
  expect(config.current.number('message.max.bytes')).toBe(1);
  expect(config.node.number('message.max.bytes')).toBe(1);
});

test('a dynamic value takes the place of a static synonym', () => {
  const config = testBrokerConfig('log.retention.ms=5');
  config.update({ broker: none, clusterDefault: map({ 'log.retention.ms': '7' }) });
  expect(logRetentionMs(config.current)).toBe(7);
});

test('a stored value that cannot take effect is left out and told', () => {
  const config = testBrokerConfig();
  const { ignored } = config.update({
    broker: none,
    clusterDefault: map({ 'num.partitions': '5', 'message.max.bytes': 'x', 'log.segment.bytes': '2097152' }),
  });
  expect(ignored.map(({ name }) => name)).toEqual(['num.partitions', 'message.max.bytes']);
  expect(config.current.number('num.partitions')).toBe(1);
  expect(config.current.number('log.segment.bytes')).toBe(2097152);
  expect([...config.dynamic.clusterDefault.keys()]).toEqual(['log.segment.bytes']);
});

describe('changes are refused in the words of Kafka', () => {
  const config = testBrokerConfig();

  test.each([
    ['broker', { 'num.partitions': '2' }, 'Cannot update these configs dynamically: [num.partitions]'],
    [
      'broker',
      { 'ssl.keystore.location': '/x' },
      'These security configs can be dynamically updated only per-listener using the listener prefix: [ssl.keystore.location]',
    ],
    [
      'clusterDefault',
      { 'listener.name.x.ssl.keystore.location': '/x' },
      'Cannot update these configs at default cluster level, broker id must be specified: [listener.name.x.ssl.keystore.location]',
    ],
    [
      'broker',
      { 'message.max.bytes': 'many' },
      'Invalid value many for configuration message.max.bytes: Not a number of type INT',
    ],
    [
      'clusterDefault',
      { 'leader.replication.throttled.rate': '-1' },
      'Invalid value -1 for configuration leader.replication.throttled.rate: Value must be at least 0',
    ],
    [
      'broker',
      { 'num.io.threads': '100' },
      'Invalid value org.apache.kafka.common.config.ConfigException: Dynamic thread count update validation failed for num.io.threads=100, value should not be greater than double the current value 8 for configuration Invalid dynamic configuration',
    ],
    ['broker', { 'num.io.threads': '16' }, 'accepted'],
    ['clusterDefault', { 'max.connections': '5', 'some.plugin.setting': 'x' }, 'accepted'],
    ['broker', { listeners: 'PLAINTEXT://127.0.0.1:1' }, 'controller.listener.names'],
  ] as const)('%s %j', (scope, configs, message) => {
    const answer = refusal(config, configs, scope);
    // Listeners of a KRaft broker cannot be changed at all; which sentence says so does not matter.
    if ('listeners' in configs) expect(answer).not.toBe('accepted');
    else expect(answer).toBe(message);
  });
});

describe('incremental changes', () => {
  const start = map({ 'log.cleanup.policy': 'compact', 'message.max.bytes': '1' });

  test('set, delete, append without repetition, subtract', () => {
    const result = applyBrokerChanges(start, [
      { name: 'message.max.bytes', operation: 1, value: null },
      { name: 'log.segment.bytes', operation: 0, value: '2097152' },
      { name: 'log.cleanup.policy', operation: 2, value: 'compact,delete' },
      { name: 'metric.reporters', operation: 3, value: 'org.apache.kafka.common.metrics.JmxReporter' },
    ]);
    expect(result).toEqual({
      kind: 'changed',
      configs: map({ 'log.cleanup.policy': 'compact,delete', 'log.segment.bytes': '2097152', 'metric.reporters': '' }),
    });
  });

  test('only lists can be appended to', () => {
    expect(applyBrokerChanges(start, [{ name: 'message.max.bytes', operation: 2, value: '2' }])).toEqual({
      kind: 'refused',
      error: 'INVALID_CONFIG',
      message: 'Config value append is not allowed for config key: message.max.bytes',
    });
  });
});
