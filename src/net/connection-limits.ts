/**
 * How many connections there may be, and how fast they may come (KIP-402, 612): of the broker, of a listener, of an address.
 *
 *     comes -> rates of broker and listener: perhaps later -> counts of broker and listener -> rate, then count, of its address
 *
 * The listener of the brokers among themselves is bound by its own limits alone, where there is another one. Every change of the
 * limits takes effect at once.
 */
import type { Clock } from '../base/clock.ts';
import { type RateWindow, SampledRate } from '../metrics/sampled-rate.ts';

export interface CountAndRate {
  /** `max.connections` */
  readonly countMax: number;
  /** `max.connection.creation.rate`, per second */
  readonly ratePerSecondMax: number;
}

export interface ConnectionLimitSettings extends CountAndRate {
  /** By name; what the broker has where a listener is not named. */
  readonly listeners: ReadonlyMap<string, CountAndRate>;
  /** `max.connections.per.ip` */
  readonly countPerAddressMax: number;
  /** `max.connections.per.ip.overrides`, by address. */
  readonly countByAddressMax: ReadonlyMap<string, number>;
  /** Client quotas of addresses, per second; the default one under ''. */
  readonly rateByAddressMax: ReadonlyMap<string, number>;
}

export const unlimitedConnections: ConnectionLimitSettings = {
  countMax: Number.POSITIVE_INFINITY,
  ratePerSecondMax: Number.POSITIVE_INFINITY,
  listeners: new Map(),
  countPerAddressMax: Number.POSITIVE_INFINITY,
  countByAddressMax: new Map(),
  rateByAddressMax: new Map(),
};

/** Null: it may stay. `delayMs`: it is closed, but not before then, so that it does not come again at once. */
export type Refusal = { readonly reason: string; readonly delayMs: number } | null;

export interface ConnectionLimitsOptions {
  readonly settings: ConnectionLimitSettings;
  /** `quota.window.num`, `quota.window.size.seconds` */
  readonly window: RateWindow;
  /** `inter.broker.listener.name`, where there is more than one listener. */
  readonly protectedListener: string | null;
  readonly clock: Clock;
}

/** A rate that nobody added to for this long is forgotten. */
const UNUSED_MS = 3_600_000;

export class ConnectionLimits {
  readonly #options: ConnectionLimitsOptions;
  #settings: ConnectionLimitSettings;
  #count = 0;
  readonly #countByListener = new Map<string, number>();
  readonly #countByAddress = new Map<string, number>();
  readonly #rate: SampledRate;
  readonly #rateByListener = new Map<string, SampledRate>();
  readonly #rateByAddress = new Map<string, SampledRate>();
  #sweptMs: number;

  constructor(options: ConnectionLimitsOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#rate = new SampledRate(options.window);
    this.#sweptMs = this.#nowMs();
  }

  update(settings: ConnectionLimitSettings): void {
    this.#settings = settings;
  }

  /** A connection has come: how long it has to wait until it is looked at. */
  delayOf(listener: string): number {
    const nowMs = this.#nowMs();
    const ofListener = this.#ofListener(listener);
    const brokerMs = this.#isProtected(listener)
      ? 0
      : delayed(this.#rate, this.#settings.ratePerSecondMax, nowMs, this.#delayMsMax);
    const rate = entryOf(this.#rateByListener, listener, () => new SampledRate(this.#options.window));
    return Math.max(brokerMs, delayed(rate, ofListener.ratePerSecondMax, nowMs, this.#delayMsMax));
  }

  /** Whether a connection whose turn has come may stay; then it counts until `closed`. */
  admit(listener: string, address: string): Refusal {
    const { countMax, countPerAddressMax, countByAddressMax } = this.#settings;
    const ofListener = this.#ofListener(listener).countMax;
    const inListener = this.#countByListener.get(listener) ?? 0;
    if (inListener >= ofListener) return refused(`max.connections (${ofListener}) of the listener are open`);
    if (!this.#isProtected(listener) && this.#count >= countMax)
      return refused(`max.connections (${countMax}) are open`);
    const delayMs = this.#delayOfAddress(listener, address);
    if (delayMs > 0)
      return { reason: 'this address opens more than its quota, connection_creation_rate, allows', delayMs };
    const fromAddress = this.#countByAddress.get(address) ?? 0;
    const perAddress = countByAddressMax.get(address) ?? countPerAddressMax;
    if (fromAddress >= perAddress) return refused(`this address has max.connections.per.ip (${perAddress}) open`);
    this.#count++;
    this.#countByListener.set(listener, inListener + 1);
    this.#countByAddress.set(address, fromAddress + 1);
    return null;
  }

  closed(listener: string, address: string): void {
    this.#count--;
    this.#countByListener.set(listener, (this.#countByListener.get(listener) ?? 1) - 1);
    const count = (this.#countByAddress.get(address) ?? 1) - 1;
    if (count === 0) this.#countByAddress.delete(address);
    else this.#countByAddress.set(address, count);
  }

  /** The limit was lowered: a connection of the listener has to go. */
  isExceeded(listener: string): boolean {
    return this.#count > this.#settings.countMax && !this.#isProtected(listener);
  }

  /** What is refused for its address was no connection: it does not count for broker and listener. */
  #delayOfAddress(listener: string, address: string): number {
    const { rateByAddressMax } = this.#settings;
    const limit = rateByAddressMax.get(address) ?? rateByAddressMax.get('');
    if (limit === undefined) return 0;
    const nowMs = this.#nowMs();
    this.#forgetUnused(nowMs);
    const rate = entryOf(this.#rateByAddress, address, () => new SampledRate(this.#options.window));
    const delayMs = delayed(rate, limit, nowMs, this.#delayMsMax);
    if (delayMs === 0) return 0;
    rate.record(-1, nowMs);
    if (!this.#isProtected(listener)) this.#rate.record(-1, nowMs);
    this.#rateByListener.get(listener)?.record(-1, nowMs);
    return delayMs;
  }

  #forgetUnused(nowMs: number): void {
    if (nowMs - this.#sweptMs < UNUSED_MS) return;
    this.#sweptMs = nowMs;
    for (const [address, { lastEventMs }] of this.#rateByAddress) {
      if (nowMs - lastEventMs > UNUSED_MS) this.#rateByAddress.delete(address);
    }
  }

  #ofListener(listener: string): CountAndRate {
    return this.#settings.listeners.get(listener) ?? this.#settings;
  }

  #isProtected(listener: string): boolean {
    return listener === this.#options.protectedListener;
  }

  /** No wait is longer than a window. */
  get #delayMsMax(): number {
    return this.#options.window.sampleMs;
  }

  #nowMs(): number {
    return Math.floor(this.#options.clock.monotonicMs());
  }
}

function delayed(rate: SampledRate, limit: number, nowMs: number, delayMsMax: number): number {
  rate.record(1, nowMs);
  return Math.min(rate.delayMs(limit, nowMs), delayMsMax);
}

function refused(reason: string): Refusal {
  return { reason, delayMs: 0 };
}

function entryOf<V>(map: Map<string, V>, key: string, newValue: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = newValue();
    map.set(key, value);
  }
  return value;
}
