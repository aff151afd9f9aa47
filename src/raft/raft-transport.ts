/** What the quorum needs of the network; `node/raft-transport.ts` implements it over connections to other nodes. */
import type { ErrorName } from '../wire/errors.ts';
import type { RaftRequest, RaftResponse, ReplicaKey } from './raft-message.ts';
import type { VoterEndpoint } from './voter-set.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface RaftAnswer {
  readonly response: RaftResponse;
  /** Where the leader that the response names listens; null where it does not say. */
  readonly leaderAddress: Address | null;
}

/** UpdateRaftVoter (KIP-853). */
export interface OwnVoter {
  readonly voterId: number;
  readonly directoryId: string;
  readonly endpoints: readonly VoterEndpoint[];
  readonly kraftVersions: { readonly min: number; readonly max: number };
}

export interface RaftTransport {
  /** Rejects where there is no answer, or none that can be read. */
  ask(address: Address, request: RaftRequest): Promise<RaftAnswer>;
  /** Tells the leader where this voter listens. Rejects where that is not done. */
  updateVoter(address: Address, voter: OwnVoter, leaderEpoch: number): Promise<void>;
  /** Asks the leader to count this replica among the voters. Rejects where that is not done. */
  addVoter(address: Address, voter: OwnVoter): Promise<void>;
  /** Asks the leader to count a replica no longer. Rejects where that is not done. */
  removeVoter(address: Address, voter: ReplicaKey): Promise<void>;
  /** The kraft.version range of the node that listens there. */
  kraftVersions(address: Address): Promise<{ readonly min: number; readonly max: number }>;
  close(): void;
}

/** The node that was asked says something of the request as a whole, and nothing of the quorum. */
export class QuorumRefusal extends Error {
  override name = 'QuorumRefusal';
  readonly error: ErrorName;

  constructor(error: ErrorName) {
    super(`answered ${error}`);
    this.error = error;
  }
}
