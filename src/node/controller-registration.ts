/**
 * Keeps this run of a controller registered with the active one (KIP-919): whoever leads, the image must show this
 * incarnation. Asked again after a pause until it does; not when another run took its place, which has the same id.
 */
import type { Timer, TimerHandle } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { ControllerRegistration } from '../controller/broker-control.ts';
import type { ControlFailure } from '../controller/control-record.ts';
import type { MetadataImage } from '../metadata/metadata-image.ts';

export interface ControllerRegistrationOptions {
  readonly registration: ControllerRegistration;
  readonly image: () => MetadataImage;
  /** Rejects where no controller is active, or it cannot be reached. */
  readonly send: (registration: ControllerRegistration) => Promise<ControlFailure>;
  readonly timer: Timer;
  readonly logger: Logger;
}

const RETRY_MS = 100;

export class ControllerRegistrations {
  readonly #options: ControllerRegistrationOptions;
  #retry: TimerHandle | null = null;
  #sending = false;
  #wasRegistered = false;
  #started = false;
  #stopped = false;

  constructor(options: ControllerRegistrationOptions) {
    this.#options = options;
  }

  get registration(): ControllerRegistration {
    return this.#options.registration;
  }

  start(): void {
    this.#started = true;
    this.check();
  }

  /** The image, or who leads, has changed. */
  check(): void {
    if (!this.#started || this.#stopped || this.#sending || this.#retry !== null || this.#isRegistered()) return;
    if (this.#wasRegistered) {
      // Answering it would go back and forth for ever.
      this.#stopped = true;
      this.#options.logger.error(
        `another controller has registered with node.id ${this.#options.registration.controllerId}: each node needs an id ` +
          'of its own; stop one of the two',
      );
      return;
    }
    this.#sending = true;
    const { send, registration, logger } = this.#options;
    send(registration)
      .then(
        ({ error, message }) => {
          // An old metadata.version knows no such registrations, and needs none.
          if (error === 'UNSUPPORTED_VERSION') this.#stopped = true;
          else if (error !== 'NONE') logger.info('the controller is not registered', { error, message });
        },
        (error: unknown) => logger.debug('the controller is not registered yet', { error: String(error) }),
      )
      .finally(() => {
        this.#sending = false;
        this.#checkLater();
      });
  }

  stop(): void {
    this.#stopped = true;
    this.#retry?.cancel();
  }

  #isRegistered(): boolean {
    const { registration, image } = this.#options;
    const isRegistered =
      image().controllers.get(registration.controllerId)?.incarnationId === registration.incarnationId;
    if (isRegistered) this.#wasRegistered = true;
    return isRegistered;
  }

  #checkLater(): void {
    if (this.#stopped || this.#isRegistered()) return;
    this.#retry = this.#options.timer.schedule(RETRY_MS, () => {
      this.#retry = null;
      this.check();
    });
  }
}
