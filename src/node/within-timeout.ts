import type { Timer } from '../base/clock.ts';
import { KafkaError } from '../wire/errors.ts';

/** As in Kafka: what has no time is not begun, and what has begun goes on when the client no longer waits for it. */
export function withinTimeout<T>(timer: Timer, timeoutMs: number, command: () => Promise<T>): Promise<T> {
  if (timeoutMs <= 0) return Promise.reject(new KafkaError('REQUEST_TIMED_OUT'));
  return new Promise((resolve, reject) => {
    const timeout = timer.schedule(timeoutMs, () => reject(new KafkaError('REQUEST_TIMED_OUT')));
    command()
      .then(resolve, reject)
      .finally(() => timeout.cancel());
  });
}
