/**
 * What a broker tells the controller of its log directories (KIP-858, KIP-1066): where it has put replicas, which directories
 * failed, and which are cordoned. Reports are kept until the controller has taken them, and sent one request at a time, the
 * newest word on each replica; failures go first, for a partition may get another leader by them.
 */
import type { Timer, TimerHandle } from '../base/clock.ts';
import type { Offset } from '../base/flavor.ts';
import type { Logger } from '../base/logger.ts';
import type { Uuid } from '../base/uuid.ts';
import type { BrokerOfEpoch } from '../controller/commands.ts';
import type { Controller } from '../controller/controller.ts';
import { errorName } from '../wire/errors.ts';

/** One replica of this broker, and the directory it lies in, or is to lie in. */
export interface DirectoryAssignment {
  readonly topicId: Uuid;
  readonly partition: number;
  readonly directoryId: Uuid;
}

export interface DirectoryReportsOptions {
  readonly controller: Pick<Controller, 'assignReplicasToDirs' | 'brokerHeartbeat'>;
  readonly self: () => BrokerOfEpoch;
  /** Of the broker's image, inclusive. */
  readonly metadataOffset: () => Offset;
  /** The cluster's metadata.version knows directories. */
  readonly isSupported: () => boolean;
  /** `log.dir.failure.timeout.ms`: a broker that cannot say that a directory failed would be asked for what it does not have. */
  readonly failureTimeoutMs: number;
  readonly onFailureUnreported: (directoryId: Uuid) => void;
  readonly timer: Timer;
  readonly logger: Logger;
}

interface PendingAssignment extends DirectoryAssignment {
  readonly settle: (accepted: boolean) => void;
}

const RETRY_MS = 1000;
/** Kafka's own limit. */
const ASSIGNMENTS_PER_REQUEST_MAX = 2250;

export class DirectoryReports {
  readonly #options: DirectoryReportsOptions;
  readonly #assignments = new Map<string, PendingAssignment>();
  /** With what waits for the report to be taken. */
  readonly #offline = new Map<Uuid, TimerHandle>();
  /** Null: the controller knows. */
  #cordoned: readonly Uuid[] | null = null;
  #isOpen = false;
  #isSending = false;
  #retry: TimerHandle | null = null;

  constructor(options: DirectoryReportsOptions) {
    this.#options = options;
  }

  /** The broker is registered and unfenced: reports go out from now on. */
  open(): void {
    this.#isOpen = true;
    this.#send();
  }

  close(): void {
    this.#isOpen = false;
    this.#retry?.cancel();
    for (const deadline of this.#offline.values()) deadline.cancel();
    for (const { settle } of this.#assignments.values()) settle(false);
    this.#assignments.clear();
  }

  /** Resolves with whether the controller took it; false also when a newer word on the replica took its place. */
  assign(assignment: DirectoryAssignment): Promise<boolean> {
    const key = `${assignment.topicId}:${assignment.partition}`;
    return new Promise((resolve) => {
      const earlier = this.#assignments.get(key);
      let settle: (accepted: boolean) => void = resolve;
      if (earlier?.directoryId === assignment.directoryId) {
        settle = (accepted) => {
          earlier.settle(accepted);
          resolve(accepted);
        };
      } else earlier?.settle(false);
      this.#assignments.set(key, { ...assignment, settle });
      this.#send();
    });
  }

  failed(directoryId: Uuid): void {
    const { timer, failureTimeoutMs, onFailureUnreported } = this.#options;
    const deadline = timer.schedule(failureTimeoutMs, () => onFailureUnreported(directoryId));
    this.#offline.set(directoryId, deadline);
    this.#send();
  }

  cordoned(directoryIds: readonly Uuid[]): void {
    this.#cordoned = directoryIds;
    this.#send();
  }

  #send(): void {
    if (!this.#isOpen || this.#isSending || this.#retry !== null) return;
    if (this.#assignments.size === 0 && this.#offline.size === 0 && this.#cordoned === null) return;
    if (!this.#options.isSupported()) return;
    this.#isSending = true;
    this.#sendAll().then(
      () => {
        this.#isSending = false;
        this.#send();
      },
      (error: unknown) => {
        this.#isSending = false;
        this.#options.logger.warn('the controller did not take what it was told of log directories; it is told again', {
          reason: error instanceof Error ? error.message : String(error),
        });
        this.#sendLater();
      },
    );
  }

  #sendLater(): void {
    if (!this.#isOpen) return;
    this.#retry = this.#options.timer.schedule(RETRY_MS, () => {
      this.#retry = null;
      this.#send();
    });
  }

  async #sendAll(): Promise<void> {
    const { controller, self, metadataOffset } = this.#options;
    const cordonedLogDirs = this.#cordoned;
    const offlineLogDirs = [...this.#offline.keys()];
    if (offlineLogDirs.length > 0 || cordonedLogDirs !== null) {
      const reply = await controller.brokerHeartbeat({
        ...self(),
        currentMetadataOffset: metadataOffset(),
        wantFence: false,
        wantShutDown: false,
        offlineLogDirs,
        cordonedLogDirs,
      });
      if ('error' in reply) throw new Error(`${reply.error}: ${reply.message}`);
      for (const directoryId of offlineLogDirs) {
        this.#offline.get(directoryId)?.cancel();
        this.#offline.delete(directoryId);
      }
      if (this.#cordoned === cordonedLogDirs) this.#cordoned = null;
    }
    const sent = [...this.#assignments].slice(0, ASSIGNMENTS_PER_REQUEST_MAX);
    if (sent.length === 0) return;
    const answer = await controller.assignReplicasToDirs({
      ...self(),
      directories: requested(sent.map(([, one]) => one)),
    });
    if ('error' in answer) throw new Error(`${answer.error}: ${answer.message}`);
    const accepted = new Set<string>();
    for (const { topics } of answer) {
      for (const { topicId, partitions } of topics ?? []) {
        for (const { partitionIndex, errorCode } of partitions ?? []) {
          if (errorName(errorCode ?? 0) === 'NONE') accepted.add(`${topicId}:${partitionIndex}`);
        }
      }
    }
    for (const [key, assignment] of sent) {
      if (this.#assignments.get(key) === assignment) this.#assignments.delete(key);
      // A replica that is no more needs no directory.
      assignment.settle(accepted.has(key));
    }
  }
}

/** By directory and topic, as the request wants them. */
function requested(assignments: readonly DirectoryAssignment[]) {
  const directories = new Map<Uuid, Map<Uuid, { partitionIndex: number }[]>>();
  for (const { directoryId, topicId, partition } of assignments) {
    const topics = directories.get(directoryId) ?? new Map<Uuid, { partitionIndex: number }[]>();
    directories.set(directoryId, topics);
    const partitions = topics.get(topicId) ?? [];
    topics.set(topicId, partitions);
    partitions.push({ partitionIndex: partition });
  }
  return [...directories].map(([id, topics]) => ({
    id,
    topics: [...topics].map(([topicId, partitions]) => ({ topicId, partitions })),
  }));
}
