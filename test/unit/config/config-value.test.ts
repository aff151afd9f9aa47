import { describe, expect, test } from 'vitest';
import { brokerConfigs } from '../../../src/config/broker-configs.ts';
import { ConfigError, type ConfigKey, key } from '../../../src/config/config-key.ts';
import { doubleText, parseConfig } from '../../../src/config/config-value.ts';
import { groupConfigs } from '../../../src/config/group-configs.ts';
import { topicConfigs } from '../../../src/config/topic-configs.ts';

function parse(type: ConfigKey['type'], text: string, valid?: string) {
  return parseConfig('x', key(type, null, 'LOW', 'read-only', valid === undefined ? {} : { valid }), text);
}

function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'accepted';
}

describe('values are parsed as Kafka parses them', () => {
  test.each([
    ['BOOLEAN', ' TRUE ', true, 'true'],
    ['STRING', '  a b ', 'a b', 'a b'],
    ['INT', '+5', 5, '5'],
    ['INT', ' -2147483648', -2147483648, '-2147483648'],
    ['SHORT', '32767', 32767, '32767'],
    ['LONG', '9223372036854775807', Number.MAX_SAFE_INTEGER, '9223372036854775807'],
    ['LONG', '-9223372036854775808', Number.MIN_SAFE_INTEGER, '-9223372036854775808'],
    ['DOUBLE', '2', 2, '2.0'],
    ['DOUBLE', '.5d', 0.5, '0.5'],
    ['DOUBLE', '1.7976931348623157E308', Number.MAX_VALUE, '1.7976931348623157E308'],
    ['LIST', 'a , b,c', ['a', 'b', 'c'], 'a,b,c'],
    ['LIST', ' ', [], ''],
    ['PASSWORD', ' secret ', 'secret', 'secret'],
  ] as const)('%s %j', (type, text, value, shown) => {
    // An empty list is allowed where the default is one.
    expect(parseConfig('x', key(type, '', 'LOW', 'read-only'), text)).toEqual({ value, text: shown });
  });

  test.each([
    ['BOOLEAN', 'yes', 'Invalid value yes for configuration x: Expected value to be either true or false'],
    ['INT', '2147483648', 'Invalid value 2147483648 for configuration x: Not a number of type INT'],
    ['INT', ' 1 2', 'Invalid value  1 2 for configuration x: Not a number of type INT'],
    ['SHORT', '32768', 'Invalid value 32768 for configuration x: Not a number of type SHORT'],
    ['LONG', '9223372036854775808', 'Invalid value 9223372036854775808 for configuration x: Not a number of type LONG'],
    ['LONG', '', 'Invalid value  for configuration x: Not a number of type LONG'],
    ['DOUBLE', '0x1', 'Invalid value 0x1 for configuration x: Not a number of type DOUBLE'],
  ] as const)('%s %j is refused in words that name key and value', (type, text, message) => {
    expect(refusal(() => parse(type, text))).toBe(message);
  });

  test('doubles print as Java prints them', () => {
    expect([0, -0, 1, 0.001, 0.00099, 12345678, 1e7, 123.25, Infinity].map(doubleText)).toEqual([
      '0.0',
      '-0.0',
      '1.0',
      '0.001',
      '9.9E-4',
      '1.2345678E7',
      '1.0E7',
      '123.25',
      'Infinity',
    ]);
  });
});

describe('values are validated as Kafka validates them', () => {
  test.each([
    ['num.partitions', '0', 'Invalid value 0 for configuration num.partitions: Value must be at least 1'],
    [
      'group.share.delivery.count.limit',
      '11',
      'Invalid value 11 for configuration group.share.delivery.count.limit: Value must be no more than 10',
    ],
    [
      'compression.gzip.level',
      '0',
      'Invalid value 0 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1',
    ],
    ['compression.gzip.level', '-1', 'accepted'],
    [
      'compression.type',
      'brotli',
      'Invalid value brotli for configuration compression.type: String must be one of: uncompressed, zstd, lz4, snappy, gzip, producer',
    ],
    [
      'group.consumer.migration.policy',
      'sometimes',
      'Invalid value sometimes for configuration group.consumer.migration.policy: String must be one of (case insensitive): DISABLED, DOWNGRADE, UPGRADE, BIDIRECTIONAL',
    ],
    ['group.consumer.migration.policy', 'Upgrade', 'accepted'],
    [
      'process.roles',
      'broker,observer',
      'Invalid value observer for configuration process.roles: String must be one of: broker, controller',
    ],
    [
      'process.roles',
      '',
      "Configuration 'process.roles' must not be empty. Valid values include: [broker, controller]",
    ],
    ['process.roles', 'broker,broker', 'accepted'],
    [
      'process.roles',
      'a,,b',
      'Invalid value a for configuration process.roles: String must be one of: broker, controller',
    ],
    ['sasl.enabled.mechanisms', '', 'accepted'],
    ['log.dirs', '/a,,/b', "Configuration 'log.dirs' values must not be empty."],
    ['log.cleanup.policy', '', 'accepted'],
    [
      'remote.log.storage.manager.class.name',
      '',
      'Invalid value  for configuration remote.log.storage.manager.class.name: String must be non-empty',
    ],
  ] as const)('%s = %j', (name, text, message) => {
    expect(refusal(() => parseConfig(name, brokerConfigs[name], text))).toBe(message);
  });

  test('throttled replicas are a list of partition:broker, or *', () => {
    const name = 'leader.replication.throttled.replicas';
    const check = (text: string) => refusal(() => parseConfig(name, topicConfigs[name], text));
    expect(check('0:1,1:2')).toBe('accepted');
    expect(check('*')).toBe('accepted');
    expect(check('')).toBe('accepted');
    expect(check('0:1,x')).toBe(
      `Invalid value [0:1, x] for configuration ${name}: ${name} must be the literal '*' or a list of replicas in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],...`,
    );
  });

  test('share.auto.offset.reset takes two words or a duration', () => {
    const name = 'share.auto.offset.reset';
    const check = (text: string) => refusal(() => parseConfig(name, groupConfigs[name], text));
    for (const text of ['latest', 'earliest', 'by_duration:PT1H', 'by_duration:P1DT2H3M4.5S']) {
      expect(check(text), text).toBe('accepted');
    }
    for (const text of ['none', 'by_duration:', 'by_duration:P', 'by_duration:PT', 'by_duration:-PT1H']) {
      expect(check(text), text).not.toBe('accepted');
    }
  });

  test('a class that Ottla has not built in is refused with a sentence', () => {
    const name = 'principal.builder.class';
    expect(refusal(() => parseConfig(name, brokerConfigs[name], 'com.example.Mine'))).toBe(
      'Invalid value com.example.Mine for configuration principal.builder.class: Class com.example.Mine could not be found. ' +
        'Ottla runs no Java classes; for this setting it has built in ' +
        'org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder.',
    );
  });
});
