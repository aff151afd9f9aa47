/**
 * Client telemetry (KIP-714), Kafka's ClientMetricsManager: tells each client instance what to push and takes what it pushes.
 *
 *     unknown --GetTelemetrySubscriptions or PushTelemetry--> known, with the demand of now
 *     known   --subscriptions changed, and it asks or pushes--> known, with another demand and subscription id, no time to keep
 *     known   --its connection ended | three intervals without a request (at least a minute) | too many instances--> unknown
 *
 * A client asks and pushes at most once per interval; the first push after an answer may come at once, and a last one, with
 * `terminating`, at any time. After that one its next push is refused.
 */
import type { Clock, Timer, TimerHandle } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import { ONE_UUID, randomUuid, type Uuid, ZERO_UUID } from '../base/uuid.ts';
import type { MetricCollection } from '../metrics/metric-family.ts';
import type { ErrorName } from '../wire/errors.ts';
import { decompress } from '../wire/records/compression.ts';
import type { CompressionType } from '../wire/records/record-batch.ts';
import { decodeOtlpMetrics } from './otlp-decoder.ts';
import { PushedMetrics } from './pushed-metrics.ts';
import { type ClientAttributes, type Demand, demandOf, type Subscription } from './subscription.ts';

export interface ClientTelemetryOptions {
  readonly clock: Clock;
  readonly timer: Timer;
  readonly random: Random;
  readonly logger: Logger;
  /** `telemetry.max.bytes`, of what is pushed, compressed and not. */
  readonly maxBytes: number;
}

/** Who asks. */
export interface TelemetryClient {
  readonly connectionId: string;
  readonly clientId: string | null;
  readonly softwareName: string;
  readonly softwareVersion: string;
  readonly address: string;
  readonly port: number;
}

export interface TelemetryPush {
  readonly clientInstanceId: Uuid;
  readonly subscriptionId: number;
  readonly terminating: boolean;
  readonly compressionType: number;
  readonly metrics: Buffer;
}

interface Instance extends Demand {
  readonly attributes: ClientAttributes;
  /** Which subscriptions the demand knows. */
  readonly subscriptionVersion: number;
  lastAskedMs: number;
  lastPushedMs: number;
  terminating: boolean;
  /** Of its last request; some errors let it ask again at once. */
  lastError: ErrorName;
  expiry: TimerHandle | null;
}

const INSTANCES_MAX = 16_384;
const EXPIRY_MS_MIN = 60_000;
const EXPIRY_INTERVALS = 3;
const COMPRESSION_TYPES: readonly CompressionType[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

/** Zstd, lz4, gzip, snappy: the order in which Kafka would have them. */
export const ACCEPTED_COMPRESSION_TYPES: readonly number[] = [4, 3, 1, 2];

export class ClientTelemetry {
  readonly maxBytes: number;
  readonly #options: ClientTelemetryOptions;
  readonly #pushed: PushedMetrics;
  readonly #subscriptions = new Map<string, Subscription>();
  /** Least recently used first. */
  readonly #instances = new Map<Uuid, Instance>();
  readonly #instanceByConnection = new Map<string, Uuid>();
  #subscriptionVersion = 0;
  #unknownSubscriptions = 0;
  #throttled = 0;
  #exported = 0;
  #failed = 0;

  constructor(options: ClientTelemetryOptions) {
    this.#options = options;
    this.maxBytes = options.maxBytes;
    this.#pushed = new PushedMetrics(options.clock);
  }

  /** Null: there is no such subscription any more. */
  updateSubscription(name: string, subscription: Subscription | null): void {
    if (subscription !== null) this.#subscriptions.set(name, subscription);
    else if (!this.#subscriptions.delete(name)) return;
    this.#subscriptionVersion++;
  }

  /** What an instance is to push; one without an id gets one. */
  subscriptions(
    askedInstanceId: Uuid,
    client: TelemetryClient,
  ): (Demand & { readonly clientInstanceId: Uuid }) | { readonly error: ErrorName } {
    const nowMs = this.#options.clock.nowMs();
    const clientInstanceId = askedInstanceId === ZERO_UUID ? this.#newInstanceId() : askedInstanceId;
    const instance = this.#instance(clientInstanceId, client);
    if (nowMs - Math.max(instance.lastAskedMs, instance.lastPushedMs) >= instance.pushIntervalMs) {
      instance.lastAskedMs = nowMs;
    } else if (
      instance.lastError !== 'UNKNOWN_SUBSCRIPTION_ID' &&
      instance.lastError !== 'UNSUPPORTED_COMPRESSION_TYPE'
    ) {
      this.#throttled++;
      return { error: 'THROTTLING_QUOTA_EXCEEDED' };
    }
    instance.lastError = 'NONE';
    const { metrics, pushIntervalMs, subscriptionId } = instance;
    return { clientInstanceId, metrics, pushIntervalMs, subscriptionId };
  }

  push(push: TelemetryPush, client: TelemetryClient): ErrorName {
    const { clientInstanceId } = push;
    if (clientInstanceId === ZERO_UUID || clientInstanceId === ONE_UUID) return 'INVALID_REQUEST';
    const instance = this.#instance(clientInstanceId, client);
    const refusal = this.#refusal(push, instance);
    // Also where it is refused, so that a client is refused once for having said that it ends.
    instance.terminating = push.terminating;
    instance.lastError = refusal;
    if (refusal !== 'NONE') {
      this.#options.logger.debug('a push of client metrics is refused', { clientInstanceId, error: refusal });
      return refusal;
    }
    return push.metrics.length === 0 ? 'NONE' : this.#take(push, instance, client);
  }

  /** The instances that this connection brought are gone. */
  disconnected(connectionId: string): void {
    const clientInstanceId = this.#instanceByConnection.get(connectionId);
    if (clientInstanceId === undefined) return;
    this.#instanceByConnection.delete(connectionId);
    this.#forget(clientInstanceId);
  }

  close(): void {
    for (const instance of this.#instances.values()) instance.expiry?.cancel();
    this.#instances.clear();
    this.#instanceByConnection.clear();
  }

  readonly collect = (samples: MetricCollection): void => {
    samples.add('kafka_server_client_metrics_instance_count', this.#instances.size);
    samples.add('kafka_server_client_metrics_unknown_subscription_request_count', this.#unknownSubscriptions);
    samples.add('kafka_server_client_metrics_throttle_count', this.#throttled);
    samples.add('kafka_server_client_metrics_plugin_export_count', this.#exported);
    samples.add('kafka_server_client_metrics_plugin_error_count', this.#failed);
    this.#pushed.collect(samples);
  };

  /** In Kafka's order. */
  #refusal(push: TelemetryPush, instance: Instance): ErrorName {
    if (instance.terminating) return 'INVALID_REQUEST';
    if (!this.#maybePush(instance) && !push.terminating) {
      this.#throttled++;
      return 'THROTTLING_QUOTA_EXCEEDED';
    }
    if (push.subscriptionId !== instance.subscriptionId) {
      this.#unknownSubscriptions++;
      return 'UNKNOWN_SUBSCRIPTION_ID';
    }
    if (COMPRESSION_TYPES[push.compressionType] === undefined) return 'UNSUPPORTED_COMPRESSION_TYPE';
    return push.metrics.length > this.maxBytes ? 'TELEMETRY_TOO_LARGE' : 'NONE';
  }

  /** False: too early. The first push after an answer may come at once, because clients spread their pushes. */
  #maybePush(instance: Instance): boolean {
    const nowMs = this.#options.clock.nowMs();
    const first = instance.lastAskedMs > instance.lastPushedMs;
    if (!first && nowMs - instance.lastPushedMs < instance.pushIntervalMs) return false;
    instance.lastPushedMs = nowMs;
    return true;
  }

  #take(push: TelemetryPush, instance: Instance, client: TelemetryClient): ErrorName {
    const { clientInstanceId } = push;
    try {
      const compressionType = COMPRESSION_TYPES[push.compressionType]!;
      const points = decodeOtlpMetrics(decompress(compressionType, push.metrics, this.maxBytes));
      this.#pushed.push({ clientInstanceId, clientId: client.clientId }, points, expiryMs(instance));
      this.#exported++;
      return 'NONE';
    } catch (error) {
      this.#failed++;
      instance.lastError = 'INVALID_RECORD';
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.logger.error('client metrics that cannot be read', { clientInstanceId, reason });
      return 'INVALID_RECORD';
    }
  }

  #newInstanceId(): Uuid {
    for (;;) {
      const clientInstanceId = randomUuid(this.#options.random);
      if (!this.#instances.has(clientInstanceId)) return clientInstanceId;
    }
  }

  /** The instance with the demand of now; each request keeps it for longer. */
  #instance(clientInstanceId: Uuid, client: TelemetryClient): Instance {
    let instance = this.#instances.get(clientInstanceId);
    if (instance === undefined || instance.subscriptionVersion < this.#subscriptionVersion) {
      instance?.expiry?.cancel();
      instance = this.#newInstance(instance?.attributes ?? attributesOf(clientInstanceId, client));
      this.#instanceByConnection.set(client.connectionId, clientInstanceId);
    }
    // Behind all others: used last.
    this.#instances.delete(clientInstanceId);
    this.#instances.set(clientInstanceId, instance);
    if (this.#instances.size > INSTANCES_MAX) this.#forgetOldest();
    instance.expiry?.cancel();
    instance.expiry = this.#options.timer.schedule(expiryMs(instance), () => {
      this.#instanceByConnection.delete(client.connectionId);
      this.#forget(clientInstanceId);
    });
    return instance;
  }

  #newInstance(attributes: ClientAttributes): Instance {
    return {
      ...demandOf(this.#subscriptions.values(), attributes),
      attributes,
      subscriptionVersion: this.#subscriptionVersion,
      lastAskedMs: 0,
      lastPushedMs: 0,
      terminating: false,
      lastError: 'NONE',
      expiry: null,
    };
  }

  #forget(clientInstanceId: Uuid): void {
    this.#instances.get(clientInstanceId)?.expiry?.cancel();
    this.#instances.delete(clientInstanceId);
  }

  #forgetOldest(): void {
    for (const clientInstanceId of this.#instances.keys()) {
      this.#forget(clientInstanceId);
      return;
    }
  }
}

function expiryMs({ pushIntervalMs }: Demand): number {
  return Math.max(EXPIRY_MS_MIN, pushIntervalMs * EXPIRY_INTERVALS);
}

function attributesOf(clientInstanceId: Uuid, client: TelemetryClient): ClientAttributes {
  return {
    client_instance_id: clientInstanceId,
    client_id: client.clientId,
    client_software_name: client.softwareName,
    client_software_version: client.softwareVersion,
    client_source_address: client.address,
    client_source_port: String(client.port),
  };
}
