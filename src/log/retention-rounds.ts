/** Looks for old segments in all logs of a directory now and then, by one timer. What is old is retention.ts. */
import type { Timer, TimerHandle } from '../base/clock.ts';
import type { Offset } from '../base/flavor.ts';
import type { Logger } from '../base/logger.ts';
import { partitionDirectoryName } from './log-files.ts';
import type { PartitionLog } from './partition-log.ts';

export interface RetentionOptions {
  /** `log.retention.check.interval.ms` */
  readonly checkIntervalMs: number;
  /** `log.initial.task.delay.ms` */
  readonly initialDelayMs: number;
  /** Of the partition that the log belongs to; null while nobody serves it. */
  readonly highWatermark: (log: PartitionLog) => Offset | null;
}

interface RetentionRoundsOptions extends RetentionOptions {
  readonly timer: Timer;
  readonly logger: Logger;
  readonly logs: () => Iterable<PartitionLog>;
  /** False for logs that another one looks after. */
  readonly isOurs: (log: PartitionLog) => boolean;
}

/** setTimeout takes no more. */
const TIMER_DELAY_MAX = 0x7fff_ffff;
/** Ten thousand logs must not hold up requests. */
const LOGS_PER_TURN = 100;

export class RetentionRounds {
  readonly #options: RetentionRoundsOptions;
  #timer: TimerHandle | null = null;
  #stopped = false;

  constructor(options: RetentionRoundsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#schedule(this.#options.initialDelayMs);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#timer = null;
  }

  #schedule(delayMs: number): void {
    this.#timer = this.#options.timer.schedule(Math.min(delayMs, TIMER_DELAY_MAX), () => {
      this.#turn([...this.#options.logs()], 0);
    });
  }

  #turn(logs: readonly PartitionLog[], from: number): void {
    if (this.#stopped) return;
    const { checkIntervalMs, highWatermark, isOurs, logger, timer } = this.#options;
    const to = Math.min(from + LOGS_PER_TURN, logs.length);
    for (let index = from; index < to && !this.#stopped; index++) {
      const log = logs[index]!;
      if (!isOurs(log)) continue;
      const below = highWatermark(log);
      if (below === null) continue;
      const segmentCount = log.deleteOldSegments(below);
      if (segmentCount === 0) continue;
      const { topic, partition } = log.topicPartition;
      logger.info('old segments are deleted', {
        log: partitionDirectoryName(topic, partition),
        segmentCount,
        logStartOffset: log.logStartOffset,
      });
    }
    if (this.#stopped) return;
    if (to === logs.length) this.#schedule(checkIntervalMs);
    else this.#timer = timer.schedule(0, () => this.#turn(logs, to));
  }
}
