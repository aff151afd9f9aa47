/**
 * The static configuration of one node: where its settings came from, what they say together, and what is refused.
 *
 * Two profiles. `kafka`: a properties file or a `KAFKA_…` variable of a setting was given, and Kafka's defaults hold. `developer`:
 * neither was, and `developerSettings` lies below everything else, so that a bare `ottla` is a whole cluster of its own.
 *
 * Precedence: overrides > flags > environment > file > profile > defaults.
 */
import { type BrokerConfigName, brokerConfigs } from './broker-configs.ts';
import { BrokerSettings } from './broker-settings.ts';
import { ConfigError, findKey } from './config-key.ts';
import { type ParsedValue, resolve } from './config-value.ts';
import { settingsFromEnvironment } from './environment.ts';
import { assertKnownClass, classValuedNames } from './known-classes.ts';
import {
  addressFamily,
  type Endpoint,
  formatListener,
  type Listener,
  listenerName,
  parseBootstrapServers,
  parseListeners,
  parseSecurityProtocol,
  parseSecurityProtocolMap,
  parseVoters,
  type QuorumVoter,
  type SecurityProtocol,
} from './listeners.ts';
import { assertConsistent } from './node-consistency.ts';
import { type OttlaConfigName, ottlaConfigs } from './ottla-configs.ts';
import { parseProperties } from './properties.ts';

export type Profile = 'developer' | 'kafka';
export type ProcessRole = 'broker' | 'controller';

export interface NodeConfigSources {
  /** Text of a properties file; null when none was named. */
  readonly file?: string | null;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** What dedicated command-line flags mean as settings. */
  readonly flags?: ReadonlyMap<string, string>;
  /** `--override name=value`, and the settings of the embedded API. */
  readonly overrides?: ReadonlyMap<string, string>;
  /** Brokers of the cluster that is being started: internal topics get as many replicas as it can hold. 1 unless told. */
  readonly clusterSize?: number;
}

/** Reads and judges the sources. Throws ConfigError with a sentence for the user. */
export function loadNodeConfig(sources: NodeConfigSources): NodeConfig {
  const environment = settingsFromEnvironment(sources.environment ?? {});
  const file = sources.file ?? null;
  // KAFKA_HOME or KAFKA_BOOTSTRAP_SERVERS of some other program is no setting: it earns a warning, not another profile.
  const hasVariables = [...environment.keys()].some(isKnown);
  const profile: Profile = file === null && !hasVariables ? 'developer' : 'kafka';
  const settings = new Map<string, string>([
    ...(file === null ? [] : parseProperties(file)),
    ...environment,
    ...(sources.flags ?? []),
    ...(sources.overrides ?? []),
  ]);
  return new NodeConfig(settings, profile, sources.clusterSize ?? 1);
}

/** Where a `developer` node differs from Kafka's defaults; the README lists them. */
export function developerSettings(clusterSize: number): Map<string, string> {
  const replicas = String(Math.min(clusterSize, 3));
  const settings = new Map([
    ['process.roles', 'broker,controller'],
    ['node.id', '1'],
    ['controller.listener.names', 'CONTROLLER'],
    ['listeners', 'PLAINTEXT://localhost:9092'],
    ['log.dirs', './data'],
    ['offsets.topic.replication.factor', replicas],
    ['transaction.state.log.replication.factor', replicas],
    ['share.coordinator.state.topic.replication.factor', replicas],
    ['group.initial.rebalance.delay.ms', '0'],
  ]);
  if (clusterSize < 3) {
    settings.set('transaction.state.log.min.isr', '1');
    settings.set('share.coordinator.state.topic.min.isr', '1');
  }
  if (clusterSize > 1) {
    settings.set('controller.quorum.election.timeout.ms', '300');
    settings.set('controller.quorum.election.backoff.max.ms', '200');
    settings.set('controller.quorum.fetch.timeout.ms', '600');
    settings.set('broker.session.timeout.ms', '3000');
    settings.set('broker.heartbeat.interval.ms', '500');
  }
  return settings;
}

/** A listener and the addresses it binds: one, or for `localhost` of a developer node both loopbacks. */
export interface BoundListener extends Listener {
  /** Empty: every address, IPv4 and IPv6. */
  readonly bindAddresses: readonly string[];
}

export class NodeConfig extends BrokerSettings {
  readonly profile: Profile;
  readonly nodeId: number;
  readonly processRoles: ReadonlySet<ProcessRole>;
  readonly isBroker: boolean;
  readonly isController: boolean;
  /** All listeners of this node; those of the quorum are also in `controllerListeners`. */
  readonly listeners: readonly BoundListener[];
  /** Listeners that clients may use. */
  readonly brokerListeners: readonly BoundListener[];
  readonly controllerListeners: readonly BoundListener[];
  /** What clients and other brokers are told. A host may be empty (every address) and a port 0: the node fills them in. */
  readonly advertisedBrokerListeners: readonly Listener[];
  readonly advertisedControllerListeners: readonly Listener[];
  /** False: a developer node answers with the address that the client dialled. */
  readonly advertisedListenersConfigured: boolean;
  readonly controllerListenerNames: readonly string[];
  readonly securityProtocols: ReadonlyMap<string, SecurityProtocol>;
  readonly interBrokerListenerName: string;
  readonly quorumVoters: readonly QuorumVoter[];
  readonly quorumBootstrapServers: readonly Endpoint[];
  readonly logDirs: readonly string[];
  readonly metadataLogDir: string;
  /** Where metrics and health are served; null: nowhere. */
  readonly metricsEndpoint: Endpoint | null;
  /** Set names that Kafka does not know either; a warning, as in Kafka. */
  readonly unknownNames: readonly string[];
  /** Set names that are accepted but have no effect here; said once at start. */
  readonly ignoredNames: readonly string[];

  constructor(configured: ReadonlyMap<string, string>, profile: Profile, clusterSize = 1) {
    super(withNodeIdSynonym(withProfile(configured, profile, clusterSize)));
    this.profile = profile;
    this.unknownNames = [...configured.keys()].filter(
      (name) => !isKnown(name) && findKey(ottlaConfigs, name) === undefined,
    );
    this.ignoredNames = [...configured.keys()].filter((name) => findKey(brokerConfigs, baseName(name))?.acts === false);
    this.nodeId = this.number('node.id');
    this.processRoles = new Set(this.list('process.roles') as ProcessRole[]); // the key allows no other words
    this.isBroker = this.processRoles.has('broker');
    this.isController = this.processRoles.has('controller');
    this.controllerListenerNames = this.list('controller.listener.names').map((name) => name.toUpperCase());
    this.securityProtocols = this.#effectiveSecurityProtocols();
    this.listeners = parseListeners(this.list('listeners'), this.securityProtocols, { distinctPorts: true }).map(
      (listener) => ({ ...listener, bindAddresses: bindAddresses(listener, profile) }),
    );
    this.controllerListeners = this.listeners.filter((listener) => this.#isControllerListener(listener));
    this.brokerListeners = this.listeners.filter((listener) => !this.#isControllerListener(listener));
    const advertised = this.listOrNull('advertised.listeners');
    this.advertisedListenersConfigured = advertised !== null;
    const advertisedListeners =
      advertised === null
        ? this.listeners
        : parseListeners(advertised, this.securityProtocols, { distinctPorts: false });
    this.advertisedBrokerListeners = advertisedListeners.filter((listener) => !this.#isControllerListener(listener));
    this.advertisedControllerListeners = this.controllerListenerNames.flatMap((name) => {
      const found = [...advertisedListeners, ...this.controllerListeners].find((listener) => listener.name === name);
      return found === undefined ? [] : [found];
    });
    this.interBrokerListenerName = this.#interBrokerListenerName();
    this.quorumVoters = parseVoters(this.list('controller.quorum.voters'));
    this.quorumBootstrapServers = parseBootstrapServers(this.list('controller.quorum.bootstrap.servers'));
    this.logDirs = this.listOrNull('log.dirs') ?? this.list('log.dir');
    this.metadataLogDir = this.textOrNull('metadata.log.dir') ?? this.logDirs[0]!;
    this.metricsEndpoint = this.#metricsEndpoint();
    this.#refuseWhatIsNotEnforced();
    assertConsistent(this);
  }

  #isControllerListener(listener: Listener): boolean {
    return this.controllerListenerNames.includes(listener.name);
  }

  /** Where no map is set and nothing encrypted is in sight, controller listeners are PLAINTEXT without being told. */
  #effectiveSecurityProtocols(): Map<string, SecurityProtocol> {
    const map = parseSecurityProtocolMap(this.text('listener.security.protocol.map'));
    if (this.isSet('listener.security.protocol.map')) return map;
    const isSecure = (name: string) => name === 'SSL' || name.startsWith('SASL_');
    if ([...this.controllerListenerNames, ...this.list('listeners').map(listenerName)].some(isSecure)) return map;
    for (const name of this.controllerListenerNames) {
      if (!map.has(name)) map.set(name, 'PLAINTEXT');
    }
    return map;
  }

  #interBrokerListenerName(): string {
    const named = this.textOrNull('inter.broker.listener.name');
    if (named === null) {
      return parseSecurityProtocol(this.text('security.inter.broker.protocol'), 'security.inter.broker.protocol');
    }
    if (this.isSet('security.inter.broker.protocol')) {
      throw new ConfigError('Only one of inter.broker.listener.name and security.inter.broker.protocol should be set.');
    }
    if (named === '') throw new ConfigError('The provided listener name is null or empty string');
    const name = named.toUpperCase();
    if (!this.securityProtocols.has(name)) {
      throw new ConfigError(
        `Listener with name ${name} defined in inter.broker.listener.name not found in listener.security.protocol.map.`,
      );
    }
    return name;
  }

  #metricsEndpoint(): Endpoint | null {
    const parsed = (name: OttlaConfigName): ParsedValue => resolve(ottlaConfigs, name, this.settings);
    const port = parsed('ottla.metrics.port').value;
    const host = parsed('ottla.metrics.host').value;
    return typeof port === 'number' && typeof host === 'string' ? { host, port } : null;
  }

  /** A setting that promises security stops the start, because ignoring it would leave data open. */
  #refuseWhatIsNotEnforced(): void {
    for (const listener of this.listeners) {
      if (listener.securityProtocol === 'PLAINTEXT') continue;
      throw new ConfigError(
        `Listener ${formatListener(listener)} is configured for ${listener.securityProtocol}, which Ottla cannot enforce ` +
          'yet. Rather than serve it without protection the node does not start; use a PLAINTEXT listener on a trusted network.',
      );
    }
    for (const name of this.controllerListenerNames) {
      const securityProtocol = this.securityProtocols.get(name);
      if (securityProtocol === undefined || securityProtocol === 'PLAINTEXT') continue;
      throw new ConfigError(
        `Controller listener ${name} is configured for ${securityProtocol}, which Ottla cannot speak yet.`,
      );
    }
    const authorizer = this.text('authorizer.class.name');
    if (authorizer !== '') {
      throw new ConfigError(
        `authorizer.class.name is set to ${authorizer}, but Ottla cannot enforce access rules yet. Rather than let every ` +
          'client do everything the node does not start; remove the setting if that is what you want.',
      );
    }
    if (this.boolean('remote.log.storage.system.enable')) {
      throw new ConfigError('remote.log.storage.system.enable is true, but Ottla has no tiered storage.');
    }
    if (this.list('config.providers').length > 0) {
      throw new ConfigError(
        'config.providers is set, but Ottla has no providers: a reference to one would be taken for the value itself.',
      );
    }
    for (const name of classValuedNames) {
      if (!this.settings.has(name)) continue;
      const { value } = this.parsed(name as BrokerConfigName); // each of them is a key of the table
      for (const className of Array.isArray(value) ? value : [value]) {
        if (typeof className === 'string' && className !== '') assertKnownClass(name, className);
      }
    }
  }
}

function withProfile(
  configured: ReadonlyMap<string, string>,
  profile: Profile,
  clusterSize: number,
): ReadonlyMap<string, string> {
  if (profile === 'kafka') return configured;
  const defaults = developerSettings(clusterSize);
  // Kafka refuses a node.id and a broker.id that differ; the profile must not bring one against the other.
  if (configured.has('broker.id')) defaults.delete('node.id');
  return new Map([...defaults, ...configured]);
}

/** `broker.id` and `node.id` say the same, so setting one sets the other. */
function withNodeIdSynonym(settings: ReadonlyMap<string, string>): Map<string, string> {
  const copy = new Map(settings);
  const nodeId = copy.get('node.id');
  const brokerId = copy.get('broker.id');
  if (brokerId === undefined && nodeId !== undefined) copy.set('broker.id', nodeId);
  if (nodeId === undefined && brokerId !== undefined) copy.set('node.id', brokerId);
  return copy;
}

function bindAddresses(listener: Listener, profile: Profile): readonly string[] {
  if (listener.host === '') return [];
  // Clients resolve `localhost` to either loopback, and which one differs from machine to machine.
  if (profile === 'developer' && listener.host === 'localhost') return ['127.0.0.1', '::1'];
  return [listener.host];
}

/** `listener.name.<listener>[.<mechanism>].<key>` is the key for one listener. */
export function baseName(name: string): string {
  const match = /^listener\.name\.[^.]*\.(.*)$/.exec(name);
  if (match === null) return name;
  const rest = match[1]!;
  return listenerMechanismConfigs.find((suffix) => rest.endsWith(suffix)) ?? rest;
}

const listenerMechanismConfigs = [
  'sasl.jaas.config',
  'sasl.login.callback.handler.class',
  'sasl.login.class',
  'sasl.server.callback.handler.class',
  'connections.max.reauth.ms',
];

function isKnown(name: string): boolean {
  return findKey(brokerConfigs, baseName(name)) !== undefined;
}

/** True for `127.…`, `::1` and `localhost`. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (addressFamily(host) === 4 && host.startsWith('127.'));
}
