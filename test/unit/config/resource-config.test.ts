import { describe, expect, test } from 'vitest';
import { ConfigValidator } from '../../../src/config/config-validator.ts';
import { effectiveGroupConfigs } from '../../../src/config/group-config.ts';
import { resolveTopicConfig } from '../../../src/config/topic-config.ts';
import type { LogConfig } from '../../../src/log/log-config.ts';
import { testBrokerConfig } from './fixture.ts';

const map = (configs: Record<string, string>) => new Map(Object.entries(configs));
const none = new Map<string, string>();

describe('a topic obeys its own configs and below them those of the broker', () => {
  const broker = testBrokerConfig('log.retention.hours=2\nlog.roll.ms=9\nlog.flush.scheduler.interval.ms=77');

  test('defaults of the broker, in whatever unit they are given', () => {
    const config = resolveTopicConfig(broker.current, none);
    expect(config).toMatchObject({
      retentionMs: 7_200_000,
      segmentMs: 9,
      flushMs: 77,
      flushMessages: Number.MAX_SAFE_INTEGER,
      segmentBytes: 1_073_741_824,
      maxMessageBytes: 1_048_588,
      compressionType: 'producer',
      cleanupPolicy: { compact: false, delete: true },
      minInsyncReplicas: 1,
    });
  });

  test('overrides', () => {
    const config = resolveTopicConfig(
      broker.current,
      map({ 'cleanup.policy': 'compact', 'retention.ms': '-1', 'segment.bytes': '2097152', 'max.message.bytes': 'x' }),
    );
    expect(config).toMatchObject({
      cleanupPolicy: { compact: true, delete: false },
      retentionMs: -1,
      segmentBytes: 2_097_152,
      // A stored value that is not valid counts as absent.
      maxMessageBytes: 1_048_588,
    });
  });

  test('the internal segment size wins, for tests with small segments', () => {
    const overrides = map({ 'segment.bytes': '2097152', 'internal.segment.bytes': '100' });
    expect(resolveTopicConfig(broker.current, overrides).segmentBytes).toBe(100);
  });

  test('it is all that a log asks for', () => {
    const config: LogConfig = resolveTopicConfig(broker.current, none);
    expect(config.segmentIndexBytes).toBe(10_485_760);
  });
});

describe('validation of configs that the controller is told to store', () => {
  const broker = testBrokerConfig();
  const validator = new ConfigValidator(() => broker.current);
  const validate = (kind: Parameters<ConfigValidator['validate']>[0], name: string, configs: Record<string, string>) =>
    validator.validate(kind, name, map(configs), none);

  test.each([
    ['topic', 't', { 'retention.ms': '-1', 'cleanup.policy': 'compact,delete' }, null],
    ['topic', 't', { 'retention.days': '1' }, ['INVALID_CONFIG', 'Unknown topic config name: retention.days']],
    ['topic', 't', { toString: '1' }, ['INVALID_CONFIG', 'Unknown topic config name: toString']],
    [
      'topic',
      't',
      { 'retention.ms': '-2' },
      ['INVALID_CONFIG', 'Invalid value -2 for configuration retention.ms: Value must be at least -1'],
    ],
    [
      'topic',
      't',
      { 'cleanup.policy': 'compress' },
      [
        'INVALID_CONFIG',
        'Invalid value compress for configuration cleanup.policy: String must be one of: compact, delete',
      ],
    ],
    [
      'topic',
      't',
      { 'min.compaction.lag.ms': '10', 'max.compaction.lag.ms': '5' },
      ['INVALID_CONFIG', 'conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (5)'],
    ],
    [
      'topic',
      't',
      { 'remote.storage.enable': 'true' },
      [
        'INVALID_CONFIG',
        'Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.',
      ],
    ],
    ['topic', '', {}, ['INVALID_REQUEST', 'Default topic resources are not allowed.']],
    [
      'topic',
      'a/b',
      {},
      [
        'INVALID_TOPIC_EXCEPTION',
        "Topic name is invalid: 'a/b' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
      ],
    ],
    ['broker', '7', { anything: 'x' }, null],
    ['broker', 'x', {}, ['INVALID_REQUEST', 'Unable to parse broker name as a base 10 number.']],
    ['broker', '-1', {}, ['INVALID_REQUEST', 'Invalid negative broker ID.']],
    ['group', 'g', { 'consumer.session.timeout.ms': '50000' }, null],
    [
      'group',
      'g',
      { 'consumer.session.timeout.ms': '1000' },
      [
        'INVALID_CONFIG',
        'consumer.session.timeout.ms must be greater than or equal to group.consumer.min.session.timeout.ms',
      ],
    ],
    ['group', 'g', { x: '1' }, ['INVALID_CONFIG', 'Unknown group config name: x']],
    ['group', '', {}, ['INVALID_REQUEST', 'Default group resources are not allowed.']],
    ['client-metrics', 's', { 'interval.ms': '1000', match: 'client_id=a.*', metrics: 'a,b' }, null],
    ['client-metrics', '', {}, ['INVALID_REQUEST', "Subscription name can't be empty"]],
    ['client-metrics', 's', { x: '1' }, ['INVALID_REQUEST', 'Unknown client metrics configuration: x']],
    [
      'client-metrics',
      's',
      { 'interval.ms': '1' },
      ['INVALID_REQUEST', 'Invalid value 1 for interval.ms, interval must be between 100 and 3600000 (1 hour)'],
    ],
    ['client-metrics', 's', { match: 'x=1' }, ['INVALID_CONFIG', 'Illegal client matching pattern: x=1']],
  ] as const)('%s %j %j', (kind, name, configs, expected) => {
    const problem = validate(kind, name, configs);
    expect(problem === null ? null : [problem.error, problem.message]).toEqual(expected);
  });

  test('null values are not stored', () => {
    expect(validator.validate('topic', 't', new Map([['retention.ms', null]]), none)).toEqual({
      error: 'INVALID_CONFIG',
      message: 'Null value not supported for topic configs: retention.ms',
    });
  });

  test('what APPEND and SUBTRACT need to know', () => {
    expect(validator.isList('topic', 'cleanup.policy')).toBe(true);
    expect(validator.isList('topic', 'retention.ms')).toBe(false);
    expect(validator.isList('topic', 'toString')).toBe(false);
    expect(validator.defaultText('topic', 'cleanup.policy')).toBe('delete');
    expect(validator.isSensitive('broker', 'ssl.key.password')).toBe(true);
    expect(validator.isSensitive('broker', 'who.knows')).toBe(true);
  });
});

test("a group's defaults are the broker's", () => {
  const broker = testBrokerConfig('group.consumer.session.timeout.ms=46000');
  const configs = effectiveGroupConfigs(broker.current, map({ 'share.session.timeout.ms': '47000' }));
  expect(configs.get('consumer.session.timeout.ms')?.value).toBe(46_000);
  expect(configs.get('share.session.timeout.ms')?.value).toBe(47_000);
  expect(configs.get('share.isolation.level')?.value).toBe('read_uncommitted');
});
