/**
 * When a snapshot of the metadata is made: after so many bytes of records, and some time after the last one if anything changed
 * since (`metadata.log.max.record.bytes.between.snapshots`, `metadata.log.max.snapshot.interval.ms`).
 */
import type { Clock } from '../base/clock.ts';

export interface SnapshotSettings {
  readonly maxBytesBetween: number;
  /** 0: never by time. */
  readonly maxIntervalMs: number;
  /** `metadata.max.retention.bytes`, `metadata.max.retention.ms` */
  readonly retention: { readonly maxBytes: number; readonly maxMs: number };
}

export class SnapshotSchedule {
  readonly #settings: SnapshotSettings;
  readonly #clock: Clock;
  #bytes = 0;
  /** When the oldest change since the last snapshot was seen. */
  #oldestChangeMs: number | null = null;

  constructor(settings: SnapshotSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** Committed records; true: it is time for a snapshot. */
  changed(bytes: number): boolean {
    if (bytes === 0) return false;
    const nowMs = this.#clock.monotonicMs();
    this.#bytes += bytes;
    this.#oldestChangeMs ??= nowMs;
    return this.#bytes >= this.#settings.maxBytesBetween || this.isDue();
  }

  /** Whether there is a change that is older than the interval. */
  isDue(): boolean {
    const { maxIntervalMs } = this.#settings;
    if (maxIntervalMs <= 0 || this.#oldestChangeMs === null) return false;
    return this.#clock.monotonicMs() - this.#oldestChangeMs >= maxIntervalMs;
  }

  /** Until `isDue` may be true; null where nothing is to come. */
  get waitMs(): number | null {
    const { maxIntervalMs } = this.#settings;
    if (maxIntervalMs <= 0 || this.#oldestChangeMs === null) return null;
    return Math.max(0, this.#oldestChangeMs + maxIntervalMs - this.#clock.monotonicMs());
  }

  made(): void {
    this.#bytes = 0;
    this.#oldestChangeMs = null;
  }
}
