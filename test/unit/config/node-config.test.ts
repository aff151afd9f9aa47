import { describe, expect, test } from 'vitest';
import { logRetentionMs, logRollMs } from '../../../src/config/broker-settings.ts';
import { ConfigError } from '../../../src/config/config-key.ts';
import { loadNodeConfig, type NodeConfig, type NodeConfigSources } from '../../../src/config/node-config.ts';

const combined = [
  'process.roles=broker,controller',
  'node.id=1',
  'controller.listener.names=CONTROLLER',
  'listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093',
  'controller.quorum.bootstrap.servers=127.0.0.1:9093',
].join('\n');

function load(extra: string, sources: NodeConfigSources = {}): NodeConfig {
  return loadNodeConfig({ ...sources, file: `${combined}\n${extra}` });
}

function refusal(extra: string): string {
  try {
    load(extra);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'accepted';
}

describe('with nothing configured', () => {
  const config = loadNodeConfig({ environment: { PATH: '/bin', KAFKA_OPTS: '-Dx' } });

  test('a node is a whole cluster of its own, on both loopback addresses and nowhere else', () => {
    expect(config.profile).toBe('developer');
    expect([...config.processRoles]).toEqual(['broker', 'controller']);
    expect(config.brokerListeners).toEqual([
      {
        name: 'PLAINTEXT',
        host: 'localhost',
        port: 9092,
        securityProtocol: 'PLAINTEXT',
        bindAddresses: ['127.0.0.1', '::1'],
      },
    ]);
    expect(config.controllerListeners).toEqual([]);
    expect(config.advertisedListenersConfigured).toBe(false);
  });

  test('internal topics get the replicas that one broker can hold, and groups do not wait', () => {
    expect(config.number('offsets.topic.replication.factor')).toBe(1);
    expect(config.number('transaction.state.log.replication.factor')).toBe(1);
    expect(config.number('transaction.state.log.min.isr')).toBe(1);
    expect(config.number('group.initial.rebalance.delay.ms')).toBe(0);
  });

  test('three brokers hold three replicas and elect sooner', () => {
    const three = loadNodeConfig({ clusterSize: 3 });
    expect(three.number('offsets.topic.replication.factor')).toBe(3);
    expect(three.number('transaction.state.log.min.isr')).toBe(2);
    expect(three.number('controller.quorum.election.timeout.ms')).toBeLessThan(1000);
  });

  test('a variable of another program changes nothing but earns a warning', () => {
    const other = loadNodeConfig({ environment: { KAFKA_HOME: '/opt/kafka' } });
    expect(other.profile).toBe('developer');
    expect(other.unknownNames).toEqual(['home']);
  });

  test('flags and overrides keep the developer profile', () => {
    const overridden = loadNodeConfig({
      flags: new Map([['num.partitions', '2']]),
      overrides: new Map([['num.partitions', '3']]),
    });
    expect(overridden.profile).toBe('developer');
    expect(overridden.number('num.partitions')).toBe(3);
  });
});

describe('precedence', () => {
  test('override, flag, environment, file, default', () => {
    const sources = { environment: { KAFKA_NUM_PARTITIONS: '3' } };
    expect(load('num.partitions=2').number('num.partitions')).toBe(2);
    expect(load('num.partitions=2', sources).number('num.partitions')).toBe(3);
    const flags = new Map([['num.partitions', '4']]);
    expect(load('num.partitions=2', { ...sources, flags }).number('num.partitions')).toBe(4);
    const overrides = new Map([['num.partitions', '5']]);
    expect(load('num.partitions=2', { ...sources, flags, overrides }).number('num.partitions')).toBe(5);
    expect(load('').number('num.partitions')).toBe(1);
  });

  test("a file or one variable selects Kafka's defaults", () => {
    expect(load('').number('group.initial.rebalance.delay.ms')).toBe(3000);
    expect(load('').number('offsets.topic.replication.factor')).toBe(3);
    expect(() => loadNodeConfig({ environment: { KAFKA_NUM_PARTITIONS: '3' } })).toThrow(
      'Missing required configuration',
    );
  });
});

describe('what several settings must say together', () => {
  test.each([
    ['log.cleaner.threads=0', 'Log cleaner threads should be at least 1'],
    ['offsets.topic.compression.codec=5', 'Unknown compression type id: 5'],
    [
      'group.share.max.share.sessions=1',
      'group.share.max.share.sessions must be greater than or equal to group.share.max.size',
    ],
    [
      'group.streams.num.standby.replicas=9',
      'group.streams.num.standby.replicas must be less than or equal to group.streams.max.standby.replicas',
    ],
    ['group.max.session.timeout.ms=1', 'accepted'],
    [
      'early.start.listeners=OTHER',
      'early.start.listeners contains listener OTHER, but this is not contained in listeners or controller.listener.names',
    ],
    ['early.start.listeners=controller', 'accepted'],
    ['inter.broker.listener.name=', 'The provided listener name is null or empty string'],
  ])('%s: %s', (setting, expected) => {
    expect(refusal(setting)).toBe(expected);
  });

  test('a list keeps one of equal elements', () => {
    expect(load('log.dirs=/a,/b,/a').list('log.dirs')).toEqual(['/a', '/b']);
  });
});

describe('listeners', () => {
  test('an IPv6 address stands in brackets', () => {
    const config = load('listeners=PLAINTEXT://[::1]:9092,CONTROLLER://[fe80::1%eth0]:9093\nlog.dirs=/a');
    expect(config.listeners.map(({ host, port, bindAddresses }) => ({ host, port, bindAddresses }))).toEqual([
      { host: '::1', port: 9092, bindAddresses: ['::1'] },
      { host: 'fe80::1%eth0', port: 9093, bindAddresses: ['fe80::1%eth0'] },
    ]);
  });

  test('an empty host binds every address', () => {
    expect(load('listeners=PLAINTEXT://:9092,CONTROLLER://:9093').listeners[0]).toMatchObject({
      host: '',
      bindAddresses: [],
    });
  });

  test('what is not advertised separately is advertised as it listens', () => {
    const config = load('advertised.listeners=PLAINTEXT://broker.example:19092');
    expect(config.advertisedListenersConfigured).toBe(true);
    expect(config.advertisedBrokerListeners).toMatchObject([{ host: 'broker.example', port: 19092 }]);
    expect(config.advertisedControllerListeners).toMatchObject([{ host: '127.0.0.1', port: 9093 }]);
  });

  test('one IPv4 and one IPv6 listener may share a port, other pairs may not', () => {
    const map = 'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SIX:PLAINTEXT,CONTROLLER:PLAINTEXT';
    const listeners = (six: string) =>
      `${map}\nlisteners=PLAINTEXT://127.0.0.1:9092,SIX://${six}:9092,CONTROLLER://127.0.0.1:9093`;
    expect(refusal(listeners('[::1]'))).toBe('accepted');
    expect(refusal(listeners('127.0.0.2'))).toContain('one needs to be IPv4 and the other IPv6');
    expect(refusal(listeners('localhost'))).toContain('one needs to be IPv4 and the other IPv6');
  });

  test.each([
    [
      'listeners=PLAINTEXT:9092,CONTROLLER://:9093',
      "Error creating broker listeners from '[PLAINTEXT:9092, CONTROLLER://:9093]': Unable to parse PLAINTEXT:9092 to a broker endpoint",
    ],
    [
      'listeners=PLAINTEXT://:9092,PLAINTEXT://:9095,CONTROLLER://:9093',
      'Each listener must have a different name, listeners: PLAINTEXT://:9092,PLAINTEXT://:9095,CONTROLLER://:9093',
    ],
    [
      'listeners=PLAINTEXT://a:9092,CONTROLLER://b:9092',
      'Each listener must have a different port, listeners: PLAINTEXT://a:9092,CONTROLLER://b:9092',
    ],
    [
      'listeners=MINE://:9092,CONTROLLER://:9093',
      "Error creating broker listeners from '[MINE://:9092, CONTROLLER://:9093]': No security protocol defined for listener MINE",
    ],
    [
      'advertised.listeners=PLAINTEXT://0.0.0.0:9092',
      'advertised.listeners cannot use the nonroutable meta-address 0.0.0.0. Use a routable IP address.',
    ],
    ['listeners=PLAINTEXT://:9092', 'controller.listener.names must contain at least one value appearing'],
    ['inter.broker.listener.name=NONE', 'Listener with name NONE defined in inter.broker.listener.name not found'],
    ['broker.id=2', 'You must set `node.id` to the same value as `broker.id`.'],
    [
      'controller.quorum.voters=2@a:1',
      'the node id 1 must be included in the set of voters controller.quorum.voters=Set(2)',
    ],
    ['controller.quorum.voters=a:1', 'Each entry should be in the form `{id}@{host}:{port}`.'],
    ['log.retention.ms=0', 'log.retention.ms must be unlimited (-1) or, greater than or equal to 1'],
    [
      'group.consumer.heartbeat.interval.ms=50000',
      'group.consumer.heartbeat.interval.ms must be less than or equal to group.consumer.max.heartbeat.interval.ms',
    ],
  ])('%s is refused', (extra, message) => {
    expect(refusal(extra)).toContain(message);
  });

  test('quorum addresses are parsed', () => {
    const config = load('controller.quorum.voters=1@[::1]:9093,2@host-2:9093');
    expect(config.quorumVoters).toEqual([
      { voterId: 1, host: '::1', port: 9093 },
      { voterId: 2, host: 'host-2', port: 9093 },
    ]);
    expect(config.quorumBootstrapServers).toEqual([{ host: '127.0.0.1', port: 9093 }]);
  });
});

describe('a setting that promises security and cannot be kept stops the start', () => {
  test.each([
    ['listener.security.protocol.map=PLAINTEXT:SSL,CONTROLLER:PLAINTEXT\ninter.broker.listener.name=PLAINTEXT', 'SSL'],
    [
      'listener.security.protocol.map=PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT\ninter.broker.listener.name=PLAINTEXT',
      'SASL_PLAINTEXT',
    ],
    ['listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:SSL', 'SSL'],
  ])('%s', (extra, protocol) => {
    expect(refusal(extra)).toContain(`is configured for ${protocol}, which Ottla cannot enforce yet`);
  });

  test('an authorizer', () => {
    expect(refusal('authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer')).toContain(
      'Ottla cannot enforce access rules yet',
    );
  });

  test('a security protocol that is only named in the map is no promise', () => {
    expect(refusal('listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_PLAINTEXT')).toBe(
      'accepted',
    );
  });

  test.each([
    'metric.reporters=com.example.Reporter',
    'create.topic.policy.class.name=com.example.Policy',
    'group.consumer.assignors=com.example.Assignor',
    'replica.selector.class=com.example.Selector',
    'remote.log.storage.system.enable=true',
    'config.providers=file',
  ])('%s is refused too', (extra) => {
    expect(refusal(extra)).not.toBe('accepted');
  });
});

test('unknown names are reported, and so are known ones without effect', () => {
  const config = load('log.retenton.ms=1\nnum.io.threads=4\nlistener.name.plaintext.num.network.threads=2');
  expect(config.unknownNames).toEqual(['log.retenton.ms']);
  expect(config.ignoredNames).toEqual(['num.io.threads', 'listener.name.plaintext.num.network.threads']);
});

test('the finer unit speaks for the same time', () => {
  expect(logRetentionMs(load(''))).toBe(168 * 3_600_000);
  expect(logRetentionMs(load('log.retention.minutes=2\nlog.retention.hours=1'))).toBe(120_000);
  expect(logRetentionMs(load('log.retention.ms=-1\nlog.retention.minutes=2'))).toBe(-1);
  expect(logRollMs(load('log.roll.hours=2'))).toBe(7_200_000);
});

test('log directories', () => {
  expect(load('').logDirs).toEqual(['/tmp/kafka-logs']);
  expect(load('log.dir=/x').metadataLogDir).toBe('/x');
  const config = load('log.dirs=/a, /b\nlog.dir=/x\nmetadata.log.dir=/m');
  expect(config.logDirs).toEqual(['/a', '/b']);
  expect(config.metadataLogDir).toBe('/m');
});

test('reading the whole configuration is a matter of milliseconds', () => {
  const durationsMs = Array.from({ length: 5 }, () => {
    const started = performance.now();
    load('');
    return performance.now() - started;
  });
  expect(Math.min(...durationsMs)).toBeLessThan(10);
});
