/** Where the other replicas listen: the voter set says it, a leader says it of itself, and some servers are asked who leads. */
import type { Random } from '../base/random.ts';
import type { ReplicaKey } from './raft-message.ts';
import type { Address } from './raft-transport.ts';
import type { VoterEndpoint, VoterSet } from './voter-set.ts';

export interface QuorumPeersOptions {
  readonly self: ReplicaKey;
  readonly listenerName: string;
  /** Where this replica's controller listens. */
  readonly endpoints: readonly Address[];
  readonly bootstrapServers: readonly Address[];
  readonly random: Random;
}

export class QuorumPeers {
  readonly #options: QuorumPeersOptions;
  /** The newest leader's own word, by its id. */
  #leader: { readonly leaderId: number; readonly address: Address } | null = null;
  #turn: number | null = null;

  constructor(options: QuorumPeersOptions) {
    this.#options = options;
  }

  learn(leaderId: number, address: Address | null): void {
    if (address !== null && leaderId !== this.#options.self.replicaId) this.#leader = { leaderId, address };
  }

  /** Null where nobody said it. */
  addressOf(replicaId: number, voters: VoterSet): Address | null {
    if (this.#leader?.leaderId === replicaId) return this.#leader.address;
    return this.#endpointOf(voters.voter(replicaId)?.endpoints ?? []);
  }

  /**
   * One of those who may know the leader, each in its turn; null where there is nobody to ask. The voters are among them: whoever is left out
   * of them may have been given no bootstrap server but itself.
   */
  nextToAsk(voters: VoterSet): Address | null {
    const { self, endpoints, bootstrapServers, random } = this.#options;
    const others = voters.voters.filter(({ voterId }) => voterId !== self.replicaId);
    const known = new Map(
      [...bootstrapServers, ...others.flatMap((voter) => this.#endpointOf(voter.endpoints) ?? [])].map((address) => [
        keyOf(address),
        address,
      ]),
    );
    for (const own of endpoints) known.delete(keyOf(own));
    if (known.size === 0) return null;
    this.#turn = this.#turn === null ? random.nextInt(known.size) : this.#turn + 1;
    return [...known.values()][this.#turn % known.size]!;
  }

  #endpointOf(endpoints: readonly VoterEndpoint[]): Address | null {
    return endpoints.find(({ name }) => name === this.#options.listenerName) ?? endpoints[0] ?? null;
  }
}

function keyOf({ host, port }: Address): string {
  return `${host}:${port}`;
}
