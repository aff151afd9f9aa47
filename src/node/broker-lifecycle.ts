/**
 * A broker's life at the controller (KIP-631), by heartbeats:
 *
 *     register --(epoch)--> fenced --ready()--> serving --shutDown()--> in controlled shutdown --> fenced, may stop
 *
 * Heartbeats go out every `broker.heartbeat.interval.ms`, to whichever controller is active; one that is silent for
 * `broker.session.timeout.ms` is fenced by the controller until its next heartbeat. What cannot be answered now is asked again.
 */
import type { Clock, Timer, TimerHandle } from '../base/clock.ts';
import type { BrokerEpoch, Offset } from '../base/flavor.ts';
import type { Logger } from '../base/logger.ts';
import type { Uuid } from '../base/uuid.ts';
import type { BrokerRegistration } from '../controller/broker-control.ts';
import type { BrokerHeartbeatReply } from '../controller/commands.ts';
import type { ErrorName } from '../wire/errors.ts';
import type { ControllerChannel } from './controller-channel.ts';
import { notRegisteredError, RegistrationError, type RegistrationTime } from './metadata-quorum.ts';

export interface BrokerLifecycleOptions {
  readonly channel: Pick<ControllerChannel, 'registerBroker' | 'brokerHeartbeat'>;
  readonly registration: BrokerRegistration;
  /** Of this broker's image, inclusive. */
  readonly metadataOffset: () => Offset;
  /** `broker.heartbeat.interval.ms` */
  readonly heartbeatIntervalMs: number;
  readonly registrationTime: RegistrationTime;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly logger: Logger;
}

const RETRY_MS = 100;
/** How soon a heartbeat follows one that did not yet bring what is waited for. */
const EAGER_INTERVAL_MS = 10;
/** A cluster that stops as a whole has nobody left to take the partitions over. */
const SHUTDOWN_TIMEOUT_MS = 5_000;

/** Waiting does not help. */
const finalRefusals: ReadonlySet<ErrorName> = new Set<ErrorName>([
  'INCONSISTENT_CLUSTER_ID',
  'INVALID_REGISTRATION',
  'UNSUPPORTED_VERSION',
]);

/** The answer of another node has the name alone. */
const explanations: ReadonlyMap<ErrorName, string> = new Map<ErrorName, string>([
  [
    'DUPLICATE_BROKER_REGISTRATION',
    'another broker is registered with this node.id. If that is the previous run of this one, it ends by itself when its session ' +
      'does; otherwise give each broker a node.id of its own',
  ],
  [
    'INCONSISTENT_CLUSTER_ID',
    'the controllers belong to another cluster than the one that this broker was formatted for',
  ],
]);

export class BrokerLifecycle {
  readonly #options: BrokerLifecycleOptions;
  #brokerEpoch: BrokerEpoch = -1;
  #wantFence = true;
  #wantShutDown = false;
  #cordonedLogDirs: readonly Uuid[] | null = null;
  #timer: TimerHandle | null = null;
  #stopped = false;
  #shuttingDown: Promise<void> | null = null;

  constructor(options: BrokerLifecycleOptions) {
    this.#options = options;
  }

  /** -1 before it is registered. */
  get brokerEpoch(): BrokerEpoch {
    return this.#brokerEpoch;
  }

  /** Rejects with RegistrationError when the controller refuses, or none has answered in time. */
  async register(): Promise<void> {
    const { channel, registration, registrationTime, clock, logger } = this.#options;
    let reason = 'no controller is active';
    while (clock.monotonicMs() < registrationTime.untilMs && !this.#stopped) {
      try {
        // In this process there was no run of the broker before: its directories are locked.
        const registered = await channel.registerBroker(registration, { replaces: true });
        if (!('error' in registered)) {
          this.#brokerEpoch = registered.brokerEpoch;
          return;
        }
        const explanation = explanations.get(registered.error) ?? registered.message;
        const text = explanation === null ? registered.error : `${registered.error}: ${explanation}`;
        if (finalRefusals.has(registered.error)) throw new RegistrationError(text);
        if (reason !== text) logger.info('the broker is not registered yet', { reason: text });
        reason = text;
      } catch (error) {
        if (error instanceof RegistrationError) throw error;
        reason = error instanceof Error ? error.message : String(error);
      }
      await this.#wait(RETRY_MS);
    }
    throw notRegisteredError(registrationTime, reason);
  }

  /** The broker can lead. Resolves when it may, with the controller's word for it. */
  async ready(cordonedLogDirs: readonly Uuid[]): Promise<void> {
    this.#wantFence = false;
    this.#cordonedLogDirs = cordonedLogDirs;
    for (;;) {
      const reply = await this.#heartbeat();
      if (this.#stopped) return;
      if (reply !== null && !reply.isFenced) break;
      await this.#wait(reply === null ? RETRY_MS : EAGER_INTERVAL_MS);
    }
    // Later changes of cordoned directories are told by `DirectoryReports`.
    this.#cordonedLogDirs = null;
    this.#beatLater();
  }

  /** Resolves when the broker's partitions are with others, or there are no others to be found in time. Harmless when called again. */
  shutDown(): Promise<void> {
    this.#shuttingDown ??= this.#shutDown();
    return this.#shuttingDown;
  }

  async #shutDown(): Promise<void> {
    const { clock, logger } = this.#options;
    this.#wantShutDown = true;
    const deadlineMs = clock.monotonicMs() + SHUTDOWN_TIMEOUT_MS;
    for (;;) {
      const reply = await this.#heartbeat();
      if (reply?.shouldShutDown === true || this.#stopped) break;
      if (clock.monotonicMs() >= deadlineMs) {
        logger.warn('no controller let the broker go in time: it stops all the same');
        break;
      }
      await this.#wait(reply === null ? RETRY_MS : EAGER_INTERVAL_MS);
    }
    this.close();
  }

  close(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #beatLater(): void {
    if (this.#stopped) return;
    this.#timer = this.#options.timer.schedule(this.#options.heartbeatIntervalMs, () => {
      if (this.#wantShutDown) return;
      void this.#heartbeat().finally(() => this.#beatLater());
    });
  }

  /** Null: there was no answer, or none that counts. */
  async #heartbeat(): Promise<BrokerHeartbeatReply | null> {
    const { channel, registration, metadataOffset, logger } = this.#options;
    try {
      const reply = await channel.brokerHeartbeat({
        brokerId: registration.brokerId,
        brokerEpoch: this.#brokerEpoch,
        currentMetadataOffset: metadataOffset(),
        wantFence: this.#wantFence,
        wantShutDown: this.#wantShutDown,
        offlineLogDirs: [],
        cordonedLogDirs: this.#cordonedLogDirs,
      });
      if (!('error' in reply)) return reply;
      logger.warn('the controller refused a heartbeat', { error: reply.error, message: reply.message });
    } catch (error) {
      logger.debug('a heartbeat was not answered', { error: String(error) });
    }
    return null;
  }

  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.#options.timer.schedule(delayMs, resolve));
  }
}
