/** What several settings of a node must say together; the rules and the words are Kafka's. */
import { type BrokerSettings, logRetentionMs, logRollJitterMs, logRollMs } from './broker-settings.ts';
import { ConfigError } from './config-key.ts';
import type { Endpoint, Listener, QuorumVoter } from './listeners.ts';

/** What is judged of a node; `NodeConfig` is one. */
export interface NodeView extends BrokerSettings {
  readonly advertisedListenersConfigured: boolean;
  readonly profile: 'developer' | 'kafka';
  readonly nodeId: number;
  readonly isBroker: boolean;
  readonly isController: boolean;
  readonly listeners: readonly Listener[];
  readonly brokerListeners: readonly Listener[];
  readonly controllerListeners: readonly Listener[];
  readonly advertisedBrokerListeners: readonly Listener[];
  readonly advertisedControllerListeners: readonly Listener[];
  readonly controllerListenerNames: readonly string[];
  readonly securityProtocols: ReadonlyMap<string, string>;
  readonly interBrokerListenerName: string;
  readonly quorumVoters: readonly QuorumVoter[];
  readonly quorumBootstrapServers: readonly Endpoint[];
}

export function assertConsistent(config: NodeView): void {
  if (config.number('node.id') !== config.number('broker.id')) {
    throw new ConfigError('You must set `node.id` to the same value as `broker.id`.');
  }
  require(config.number('log.cleaner.threads') >= 1, 'Log cleaner threads should be at least 1');
  assertSettingsConsistent(config);
  assertQuorum(config);
  assertListeners(config);
}

function assertCordonedDirectories(config: BrokerSettings): void {
  const cordoned = config.list('cordoned.log.dirs');
  if (cordoned.includes('*')) {
    require(cordoned.length === 1, 'When cordoned.log.dirs is set to *, it must not contain other values');
    return;
  }
  const logDirs = config.listOrNull('log.dirs') ?? config.list('log.dir');
  const unknown = cordoned.filter((directory) => !logDirs.includes(directory));
  const message = `All entries in cordoned.log.dirs must be present in log.dirs or log.dir. Missing entries : ${unknown.join(', ')}`;
  require(unknown.length === 0, message);
}

/** Rules over plain settings, which hold for dynamic changes as well. */
export function assertSettingsConsistent(config: BrokerSettings): void {
  require(logRollMs(config) >= 1, 'log.roll.ms must be greater than or equal to 1');
  require(logRollJitterMs(config) >= 0, 'log.roll.jitter.ms must be greater than or equal to 0');
  const retentionMs = logRetentionMs(config);
  require(retentionMs >= 1 ||
    retentionMs === -1, 'log.retention.ms must be unlimited (-1) or, greater than or equal to 1');
  require(config.list('log.dirs').length + config.list('log.dir').length >
    0, 'At least one log directory must be defined via log.dirs or log.dir.');
  assertCordonedDirectories(config);
  require(config.number('log.cleaner.dedupe.buffer.size') / Math.max(config.number('log.cleaner.threads'), 1) >
    1024 * 1024, 'log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.');
  const fetchWaitMs = config.number('replica.fetch.wait.max.ms');
  require(fetchWaitMs <=
    config.number(
      'replica.socket.timeout.ms',
    ), 'replica.socket.timeout.ms should always be at least replica.fetch.wait.max.ms to prevent unnecessary socket timeouts');
  require(fetchWaitMs <=
    config.number(
      'replica.lag.time.max.ms',
    ), 'replica.fetch.wait.max.ms should always be less than or equal to replica.lag.time.max.ms to prevent frequent changes in ISR');
  const queuedBytes = config.number('queued.max.request.bytes');
  require(queuedBytes <= 0 ||
    queuedBytes >=
      config.number(
        'socket.request.max.bytes',
      ), 'queued.max.request.bytes must be larger or equal to socket.request.max.bytes');
  require(config.number('max.connections.per.ip') > 0 ||
    config.text('max.connections.per.ip.overrides') !==
      '', 'max.connections.per.ip can be set to zero only if max.connections.per.ip.overrides property is set.');
  assertConnectionOverrides(config.text('max.connections.per.ip.overrides'));
  const idleMs = config.number('connections.max.idle.ms');
  const authenticationDelayMs = config.number('connection.failed.authentication.delay.ms');
  require(idleMs < 0 ||
    authenticationDelayMs <
      idleMs, `connection.failed.authentication.delay.ms=${authenticationDelayMs} should always be less than connections.max.idle.ms=${idleMs} ` +
    'to prevent failed authentication responses from timing out');
  for (const kind of ['consumer', 'share', 'streams'] as const) assertGroupBounds(config, kind);
  atLeast(config, 'group.share.max.share.sessions', 'group.share.max.size');
  require(config.number('group.streams.num.standby.replicas') <=
    config.number(
      'group.streams.max.standby.replicas',
    ), 'group.streams.num.standby.replicas must be less than or equal to group.streams.max.standby.replicas');
  for (const name of ['offsets.topic.compression.codec', 'share.coordinator.state.topic.compression.codec'] as const) {
    const codec = config.number(name);
    require(codec >= 0 && codec < CODEC_COUNT, `Unknown compression type id: ${codec}`);
  }
}

/** None, gzip, snappy, lz4, zstd. */
const CODEC_COUNT = 5;

/** `host:count` and a comma, any number of times. The messages are those of Java's own classes, as Kafka passes them on. */
function assertConnectionOverrides(text: string): void {
  const entries = text.trim().split(/\s*,\s*/);
  while (entries.at(-1) === '') entries.pop();
  for (const entry of entries) {
    const colon = entry.lastIndexOf(':');
    require(colon >=
      0, `Error parsing configuration property 'max.connections.per.ip.overrides': begin 0, end -1, length ${entry.length}`);
    const count = entry.slice(colon + 1).trim();
    require(/^[+-]?[0-9]+$/.test(count) && Math.abs(Number(count)) < 2 ** 31, `For input string: "${count}"`);
  }
}

function assertGroupBounds(config: BrokerSettings, kind: 'consumer' | 'share' | 'streams'): void {
  for (const what of ['heartbeat.interval.ms', 'session.timeout.ms', 'assignment.interval.ms'] as const) {
    const [lowest, value, highest] = [
      `group.${kind}.min.${what}`,
      `group.${kind}.${what}`,
      `group.${kind}.max.${what}`,
    ] as const;
    atLeast(config, highest, lowest);
    atLeast(config, value, lowest);
    require(config.number(value) <= config.number(highest), `${value} must be less than or equal to ${highest}`);
  }
  const [session, heartbeat] = [`group.${kind}.session.timeout.ms`, `group.${kind}.heartbeat.interval.ms`] as const;
  require(config.number(heartbeat) < config.number(session), `${heartbeat} must be less than ${session}`);
}

function atLeast(
  config: BrokerSettings,
  upper: Parameters<BrokerSettings['number']>[0],
  lower: Parameters<BrokerSettings['number']>[0],
): void {
  require(config.number(upper) >= config.number(lower), `${upper} must be greater than or equal to ${lower}`);
}

function assertQuorum(config: NodeView): void {
  const voterIds = config.quorumVoters.map((voter) => voter.voterId);
  const isLone = config.profile === 'developer' && config.isController && config.isBroker;
  if (voterIds.length === 0 && config.quorumBootstrapServers.length === 0 && !isLone) {
    throw new ConfigError(
      'If using process.roles, either controller.quorum.bootstrap.servers must contain the set of bootstrap controllers ' +
        'or controller.quorum.voters must contain a parseable set of controllers.',
    );
  }
  const voters = `controller.quorum.voters=Set(${voterIds.join(', ')})`;
  if (config.isController) {
    require(voterIds.length === 0 ||
      voterIds.includes(
        config.nodeId,
      ), `If process.roles contains the 'controller' role, the node id ${config.nodeId} must be included in the set of voters ${voters}`);
    // A lone developer node is its own quorum and opens no port for it.
    if (isLone && config.controllerListeners.length === 0) return;
    require(config.advertisedControllerListeners.length >
      0, "controller.listener.names must contain at least one value appearing in the 'listeners' configuration when running the KRaft controller role");
    const names = config.listeners.map((listener) => listener.name);
    require(config.controllerListenerNames.every((name) =>
      names.includes(name),
    ), "controller.listener.names must only contain values appearing in the 'listeners' configuration when running the KRaft controller role");
    require(config.isBroker ||
      config.brokerListeners.length ===
        0, 'The listeners config must only contain KRaft controller listeners from controller.listener.names when process.roles=controller');
    return;
  }
  require(!voterIds.includes(
    config.nodeId,
  ), `If process.roles contains just the 'broker' role, the node id ${config.nodeId} must not be included in the set of voters ${voters}`);
  require(config.controllerListenerNames.length >
    0, 'controller.listener.names must contain at least one value when running KRaft with just the broker role');
  require(config.controllerListeners.length ===
    0, "controller.listener.names must not contain a value appearing in the 'listeners' configuration when running KRaft with just the broker role");
  for (const name of config.controllerListenerNames) {
    require(config.securityProtocols.has(
      name,
    ), `Controller listener with name ${name} defined in controller.listener.names not found in listener.security.protocol.map  ` +
      '(an explicit security mapping for each controller listener is required if listener.security.protocol.map is non-empty, ' +
      'or if there are security protocols other than PLAINTEXT in use)');
  }
}

function assertListeners(config: NodeView): void {
  const known = [...config.listeners.map((listener) => listener.name), ...config.controllerListenerNames];
  for (const name of config.list('early.start.listeners')) {
    require(known.includes(
      name.toUpperCase(),
    ), `early.start.listeners contains listener ${name}, but this is not contained in listeners or controller.listener.names`);
  }
  const advertised = config.advertisedBrokerListeners.map((listener) => listener.name);
  if (config.isBroker) {
    const names = config.listeners.map((listener) => listener.name);
    require(advertised.length >
      0, 'There must be at least one broker advertised listener. Perhaps all listeners appear in controller.listener.names?');
    require(advertised.includes(
      config.interBrokerListenerName,
    ), 'inter.broker.listener.name must be a listener name defined in advertised.listeners. ' +
      `The valid options based on currently configured listeners are ${advertised.join(',')}`);
    require(advertised.every((name) =>
      names.includes(name),
    ), 'advertised.listeners listener names must be equal to or a subset of the ones defined in listeners. ' +
      `Found ${advertised.join(',')}. The valid options based on the current configuration are ${names.join(',')}`);
  }
  // Where the dialled address is what clients are told, it does not matter what is bound.
  if (config.profile === 'developer' && !config.advertisedListenersConfigured) return;
  for (const { host } of [...config.advertisedBrokerListeners, ...config.advertisedControllerListeners]) {
    require(host !==
      '0.0.0.0', 'advertised.listeners cannot use the nonroutable meta-address 0.0.0.0. Use a routable IP address.');
  }
}

function require(condition: boolean, message: string): void {
  if (!condition) throw new ConfigError(message);
}
