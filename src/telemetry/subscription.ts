/** What clients are asked to push (KIP-714): subscriptions of `client-metrics` configs, and which client each is for. */
import type { Uuid } from '../base/uuid.ts';
import { crc32c } from '../wire/crc32c.ts';
import { inJavaHashSetOrder } from './java-hash-set.ts';

/** What a subscription may look at. Null: the client did not say. */
export interface ClientAttributes {
  readonly client_instance_id: string;
  readonly client_id: string | null;
  readonly client_software_name: string | null;
  readonly client_software_version: string | null;
  readonly client_source_address: string | null;
  readonly client_source_port: string | null;
}

export interface Subscription {
  /** Prefixes of metric names; `*` is all of them. */
  readonly metrics: readonly string[];
  readonly intervalMs: number;
  /** All must match the whole attribute; without any, every client is meant. */
  readonly match: ReadonlyMap<keyof ClientAttributes, (value: string) => boolean>;
}

/** What one client is asked, by all subscriptions that are for it. */
export interface Demand {
  readonly metrics: readonly string[];
  readonly pushIntervalMs: number;
  readonly subscriptionId: number;
}

const ALL_METRICS = '*';
const DEFAULT_INTERVAL_MS = 300_000;

export function demandOf(subscriptions: Iterable<Subscription>, client: ClientAttributes): Demand {
  let pushIntervalMs = DEFAULT_INTERVAL_MS;
  const names: string[] = [];
  for (const { metrics, intervalMs, match } of subscriptions) {
    if (!isMeant(match, client)) continue;
    names.push(...metrics);
    pushIntervalMs = Math.min(pushIntervalMs, intervalMs);
  }
  const metrics = names.includes(ALL_METRICS) ? [ALL_METRICS] : inJavaHashSetOrder(names);
  return {
    metrics,
    pushIntervalMs,
    subscriptionId: subscriptionIdOf(metrics, pushIntervalMs, client.client_instance_id),
  };
}

function isMeant(match: Subscription['match'], client: ClientAttributes): boolean {
  for (const [attribute, matches] of match) {
    const value = client[attribute];
    if (value === null || !matches(value)) return false;
  }
  return true;
}

/** The CRC-32C of metrics and interval, mixed with the hash that Java has of the client's id. */
export function subscriptionIdOf(metrics: readonly string[], pushIntervalMs: number, clientInstanceId: Uuid): number {
  const text = Buffer.from(`[${metrics.join(', ')}]${pushIntervalMs}`);
  const id = Buffer.from(clientInstanceId, 'base64url');
  const hash = id.readInt32BE(0) ^ id.readInt32BE(4) ^ id.readInt32BE(8) ^ id.readInt32BE(12);
  return crc32c(text, 0, text.length) ^ hash;
}
