/**
 * Producer ids for idempotent producers (Kafka's ProducerIdManager). They come from the controller in blocks, because
 * each block is a record in the metadata log; an id is never given twice, also not after a restart, where the rest of the
 * block is lost.
 *
 * Requests that meet an empty block wait together for one allocation; when 90 % of a block is used up, the next one is
 * asked for ahead of need.
 */
import type { ErrorName } from '../wire/errors.ts';

export interface ProducerIdBlock {
  readonly firstProducerId: number;
  readonly count: number;
}

export type AllocateProducerIds = () => Promise<ProducerIdBlock | { readonly error: ErrorName }>;

const prefetchThreshold = 0.9;

export class ProducerIds {
  readonly #allocate: AllocateProducerIds;
  #block: ProducerIdBlock = { firstProducerId: 0, count: 0 };
  #used = 0;
  #nextBlock: ProducerIdBlock | null = null;
  #allocation: Promise<boolean> | null = null;

  constructor(allocate: AllocateProducerIds) {
    this.#allocate = allocate;
  }

  /** The next id; where the controller gives none, the error that makes every client try again. */
  async next(): Promise<number | 'COORDINATOR_LOAD_IN_PROGRESS'> {
    for (;;) {
      const producerId = this.#take();
      if (producerId !== null) return producerId;
      if (!(await this.#askController())) return 'COORDINATOR_LOAD_IN_PROGRESS';
    }
  }

  #take(): number | null {
    if (this.#used === this.#block.count) {
      if (this.#nextBlock === null) return null;
      this.#block = this.#nextBlock;
      this.#nextBlock = null;
      this.#used = 0;
    }
    const producerId = this.#block.firstProducerId + this.#used;
    this.#used++;
    if (this.#nextBlock === null && this.#used >= this.#block.count * prefetchThreshold) {
      // A failure shows when the block is empty; #askController never rejects.
      void this.#askController();
    }
    return producerId;
  }

  #askController(): Promise<boolean> {
    this.#allocation ??= this.#allocate()
      .then(
        (answer) => {
          if ('error' in answer) return false;
          this.#nextBlock = answer;
          return true;
        },
        // The controller is away or being elected.
        () => false,
      )
      .finally(() => {
        this.#allocation = null;
      });
    return this.#allocation;
  }
}
