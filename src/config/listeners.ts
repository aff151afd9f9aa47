/** Parses `listeners` and its relatives: names, hosts (IPv6 in brackets), ports, security protocols, quorum addresses. */
import { ConfigError } from './config-key.ts';
import { listText } from './config-value.ts';

export type SecurityProtocol = 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';

export interface Listener {
  /** Upper case, as Kafka normalises it. */
  readonly name: string;
  /** Without brackets; empty for every address. */
  readonly host: string;
  /** 0: the operating system chooses. */
  readonly port: number;
  readonly securityProtocol: SecurityProtocol;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface QuorumVoter extends Endpoint {
  readonly voterId: number;
}

const securityProtocols: readonly string[] = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'];

export function parseSecurityProtocol(text: string, setting: string): SecurityProtocol {
  const upper = text.toUpperCase();
  if (!securityProtocols.includes(upper)) {
    throw new ConfigError(`Invalid security protocol \`${text}\` defined in ${setting}`);
  }
  return upper as SecurityProtocol; // one of the four, as just checked
}

/** `listener.security.protocol.map`: `NAME:PROTOCOL,…`. */
export function parseSecurityProtocolMap(text: string): Map<string, SecurityProtocol> {
  const setting = 'listener.security.protocol.map';
  const map = new Map<string, SecurityProtocol>();
  for (const entry of text.split(',').map((part) => part.trim())) {
    if (entry === '') continue;
    const colon = entry.lastIndexOf(':');
    if (colon < 0) throw new ConfigError(`Error parsing configuration property '${setting}': ${entry}`);
    map.set(entry.slice(0, colon).trim().toUpperCase(), parseSecurityProtocol(entry.slice(colon + 1).trim(), setting));
  }
  return map;
}

const listenerPattern = /^(.*):\/\/(?:\[([0-9a-zA-Z\-%._:]*)\]|([0-9a-zA-Z\-%._:]*)):(-?[0-9]+)$/;

/** The name in front of `://`, upper case, without looking at the rest. */
export function listenerName(entry: string): string {
  const colon = entry.indexOf(':');
  if (colon < 0) throw new ConfigError(`Unable to parse a listener name from ${entry}`);
  return entry.slice(0, colon).toUpperCase();
}

export interface ParseListenersOptions {
  /** Advertised listeners may share a port: several may stand behind one load balancer. */
  readonly distinctPorts: boolean;
}

export function parseListeners(
  entries: readonly string[],
  protocols: ReadonlyMap<string, SecurityProtocol>,
  { distinctPorts }: ParseListenersOptions,
): Listener[] {
  const text = entries.join(',');
  const listeners = entries.map((entry) => {
    const match = listenerPattern.exec(entry);
    if (match === null) throw creationError(entries, `Unable to parse ${entry} to a broker endpoint`);
    const name = match[1]!.toUpperCase();
    const port = Number(match[4]);
    if (port > 65535 || port < -1) throw creationError(entries, `Invalid port ${port} of listener ${name}`);
    const securityProtocol = protocols.get(name);
    if (securityProtocol === undefined) {
      throw creationError(entries, `No security protocol defined for listener ${name}`);
    }
    return { name, host: match[2] ?? match[3]!, port, securityProtocol };
  });
  if (new Set(listeners.map((listener) => listener.name)).size !== listeners.length) {
    throw new ConfigError(`Each listener must have a different name, listeners: ${text}`);
  }
  if (distinctPorts) assertDistinctPorts(listeners, text);
  return listeners;
}

function creationError(entries: readonly string[], reason: string): ConfigError {
  return new ConfigError(`Error creating broker listeners from '${listText(entries)}': ${reason}`);
}

/** Two listeners may share a port only as one IPv4 and one IPv6 address. Port 0 is never shared. */
function assertDistinctPorts(listeners: readonly Listener[], text: string): void {
  const byPort = new Map<number, Listener[]>();
  for (const listener of listeners) {
    if (listener.port === 0) continue;
    byPort.set(listener.port, [...(byPort.get(listener.port) ?? []), listener]);
  }
  for (const [port, sharing] of byPort) {
    if (sharing.length === 1) continue;
    const families = sharing.map((listener) => addressFamily(listener.host));
    if (families.every((family) => family === null)) {
      throw new ConfigError(`Each listener must have a different port, listeners: ${text}`);
    }
    if (families.filter((family) => family !== null).length > 2) {
      throw new ConfigError(
        'Each listener must have a different port unless exactly one listener has an IPv4 address and the other ' +
          `IPv6 address, listeners: ${text}, port: ${port}`,
      );
    }
    if (families.length !== 2 || !families.includes(4) || !families.includes(6)) {
      throw new ConfigError(
        'If you have two listeners on the same port then one needs to be IPv4 and the other IPv6, ' +
          `listeners: ${text}, port: ${port}`,
      );
    }
  }
}

/** 4 or 6 for an address in digits, null for a name. */
export function addressFamily(host: string): 4 | 6 | null {
  if (host.includes(':')) return 6;
  return /^[0-9]{1,3}(\.[0-9]{1,3}){3}$/.test(host) ? 4 : null;
}

/** `host:port`, with brackets around an IPv6 address. */
export function formatEndpoint({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

export function formatListener(listener: Listener): string {
  return `${listener.name}://${formatEndpoint(listener)}`;
}

const endpointPattern = /^(?:\[([0-9a-fA-F:.%a-zA-Z]+)\]|([0-9a-zA-Z\-._]+)):([0-9]+)$/;

export function parseEndpoint(entry: string): Endpoint | null {
  const match = endpointPattern.exec(entry);
  if (match === null) return null;
  const port = Number(match[3]);
  return port > 65535 ? null : { host: match[1] ?? match[2]!, port };
}

/** `controller.quorum.voters`: `id@host:port`. */
export function parseVoters(entries: readonly string[]): QuorumVoter[] {
  const setting = 'controller.quorum.voters';
  const form = 'Each entry should be in the form `{id}@{host}:{port}`.';
  return entries.map((entry) => {
    const [id, address, ...rest] = entry.split('@');
    if (address === undefined || rest.length > 0) {
      throw new ConfigError(`Invalid configuration value for ${setting}. ${form}`);
    }
    if (!/^[0-9]+$/.test(id!.trim())) {
      throw new ConfigError(`Failed to parse voter ID as an integer from ${id}`);
    }
    const endpoint = parseEndpoint(address);
    if (endpoint === null) {
      throw new ConfigError(`Failed to parse host name from entry ${entry} for the configuration ${setting}. ${form}`);
    }
    return { voterId: Number(id), ...endpoint };
  });
}

/** `controller.quorum.bootstrap.servers`: `host:port`. */
export function parseBootstrapServers(entries: readonly string[]): Endpoint[] {
  const setting = 'controller.quorum.bootstrap.servers';
  return entries.map((entry) => {
    const endpoint = parseEndpoint(entry);
    if (endpoint === null) {
      throw new ConfigError(
        `Failed to parse host name from ${entry} for the configuration ${setting}. ` +
          'Each entry should be in the form "{host}:{port}"',
      );
    }
    return endpoint;
  });
}
