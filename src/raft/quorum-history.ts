/** The voters and the kraft.version as each control batch of the log left them: newest last, the newest counts at once. */
import type { Offset } from '../base/flavor.ts';
import type { QuorumChange } from './control-records.ts';
import type { VoterSet } from './voter-set.ts';

export interface QuorumAt {
  /** Of the control batch; -1: the bootstrap snapshot or the configuration. */
  readonly offset: Offset;
  readonly voters: VoterSet;
  readonly kraftVersion: number;
}

export class QuorumHistory {
  /** Oldest first; never empty. */
  #entries: QuorumAt[];

  constructor(first: QuorumAt) {
    this.#entries = [first];
  }

  get newest(): QuorumAt {
    return this.#entries.at(-1)!;
  }

  /** As it was after everything below `endOffset`. */
  before(endOffset: Offset): QuorumAt {
    return this.#entries.findLast(({ offset }) => offset < endOffset) ?? this.#entries[0]!;
  }

  change(offset: Offset, { voters, kraftVersion }: QuorumChange): void {
    const { newest } = this;
    this.#entries.push({
      offset,
      voters: voters ?? newest.voters,
      kraftVersion: kraftVersion ?? newest.kraftVersion,
    });
  }

  truncateTo(endOffset: Offset): void {
    while (this.#entries.length > 1 && this.newest.offset >= endOffset) this.#entries.pop();
  }

  /** A snapshot took the place of all that was before. */
  restart(first: QuorumAt): void {
    this.#entries = [first];
  }
}
