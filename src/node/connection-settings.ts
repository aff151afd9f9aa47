/**
 * The limits of connections, from the settings and the client quotas as they are now. Names of hosts are looked up when they are
 * first met; until the answer is there, they have no limit of their own.
 */

import type { Clock } from '../base/clock.ts';
import type { BrokerSettings } from '../config/broker-settings.ts';
import type { DynamicBrokerConfig } from '../config/dynamic-broker-config.ts';
import type { ClientQuotaImage, MetadataImage } from '../metadata/metadata-image.ts';
import { type ConnectionLimitSettings, ConnectionLimits, type CountAndRate } from '../net/connection-limits.ts';
import { addressOf, literalAddress } from '../net/host-lookup.ts';
import type { SocketServer } from '../net/socket-server.ts';

const MS_PER_SECOND = 1000;
/** The key of a client quota, and what it is called where it is for every address. */
const CONNECTION_RATE = 'connection_creation_rate';
const EVERY_ADDRESS = '';

type Quotas = MetadataImage['clientQuotas'];

interface Limited {
  readonly limits: ConnectionLimits;
  readonly listeners: readonly string[];
  server: SocketServer | null;
}

export class ConnectionSettings {
  readonly #config: DynamicBrokerConfig;
  readonly #limited: Limited[] = [];
  /** Null: there is no such host. */
  readonly #addresses = new Map<string, string | null>();
  #quotas: Quotas = new Map();

  constructor(config: DynamicBrokerConfig) {
    this.#config = config;
  }

  /** The limits of a server that has these listeners; `serves` says which. */
  newLimits(listeners: readonly string[], clock: Clock): ConnectionLimits {
    const { current, node } = this.#config;
    const limits = new ConnectionLimits({
      settings: this.#settings(listeners),
      window: {
        sampleCount: current.number('quota.window.num'),
        sampleMs: current.number('quota.window.size.seconds') * MS_PER_SECOND,
      },
      protectedListener: listeners.length > 1 ? node.interBrokerListenerName : null,
      clock,
    });
    this.#limited.push({ limits, listeners, server: null });
    void this.#lookUp();
    return limits;
  }

  serves(limits: ConnectionLimits, server: SocketServer): void {
    for (const limited of this.#limited) if (limited.limits === limits) limited.server = server;
  }

  /** Takes over what has changed. */
  update({ clientQuotas }: MetadataImage): void {
    this.#quotas = clientQuotas;
    this.#apply();
    void this.#lookUp();
  }

  #apply(): void {
    for (const { limits, listeners, server } of this.#limited) {
      limits.update(this.#settings(listeners));
      server?.limitsChanged();
    }
  }

  /** Never rejects. */
  async #lookUp(): Promise<void> {
    const hosts = [...overrides(this.#config.current).keys(), ...[...this.#quotas.values()].flatMap(hostOf)];
    const unknown = hosts.filter((host) => this.#addressOf(host) === undefined && host !== EVERY_ADDRESS);
    if (unknown.length === 0) return;
    await Promise.all(unknown.map(async (host) => this.#addresses.set(host, await addressOf(host))));
    this.#apply();
  }

  #addressOf(host: string): string | null | undefined {
    return literalAddress(host) ?? this.#addresses.get(host);
  }

  #settings(listeners: readonly string[]): ConnectionLimitSettings {
    const { current } = this.#config;
    const rateByAddressMax = new Map<string, number>();
    for (const quota of this.#quotas.values()) {
      const rate = quota.values.get(CONNECTION_RATE);
      for (const host of hostOf(quota)) {
        const address = host === EVERY_ADDRESS ? EVERY_ADDRESS : this.#addressOf(host);
        if (rate !== undefined && typeof address === 'string') rateByAddressMax.set(address, rate);
      }
    }
    const countByAddressMax = new Map<string, number>();
    for (const [host, count] of overrides(current)) {
      const address = this.#addressOf(host);
      if (typeof address === 'string') countByAddressMax.set(address, count);
    }
    return {
      countMax: current.number('max.connections'),
      ratePerSecondMax: current.number('max.connection.creation.rate'),
      listeners: new Map(listeners.map((name) => [name, ofListener(current, name)])),
      countPerAddressMax: current.number('max.connections.per.ip'),
      countByAddressMax,
      rateByAddressMax,
    };
  }
}

/** `listener.name.<name>.` before a setting says it for that listener. */
function ofListener(settings: BrokerSettings, listener: string): CountAndRate {
  const numberOf = (name: 'max.connections' | 'max.connection.creation.rate'): number => {
    const own = settings.settings.get(`listener.name.${listener.toLowerCase()}.${name}`);
    return own === undefined ? settings.number(name) : Number(own);
  };
  return { countMax: numberOf('max.connections'), ratePerSecondMax: numberOf('max.connection.creation.rate') };
}

/** `max.connections.per.ip.overrides`: host:count, and commas. It was checked when it was set. */
function overrides(settings: BrokerSettings): Map<string, number> {
  const entries = settings.text('max.connections.per.ip.overrides').split(',');
  return new Map(
    entries
      .map((entry) => entry.trim())
      .filter((entry) => entry !== '')
      .map((entry) => {
        const colon = entry.lastIndexOf(':');
        return [entry.slice(0, colon).trim(), Number(entry.slice(colon + 1))];
      }),
  );
}

function hostOf({ entity }: ClientQuotaImage): string[] {
  return entity.flatMap(({ entityType, entityName }) => (entityType === 'ip' ? [entityName ?? EVERY_ADDRESS] : []));
}
