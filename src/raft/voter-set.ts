/** Who votes (KIP-853). With kraft.version 0 the configuration says it, with 1 the newest VotersRecord of the log. */
import { type Uuid, ZERO_UUID } from '../base/uuid.ts';
import type { VotersRecord, votersRecord } from '../wire/schema/voters-record.ts';
import type { InputOf } from '../wire/schema.ts';
import type { ReplicaKey } from './raft-message.ts';

export interface VoterEndpoint {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

export interface Voter {
  readonly voterId: number;
  /** ZERO_UUID where it is not known (kraft.version 0). */
  readonly directoryId: Uuid;
  readonly endpoints: readonly VoterEndpoint[];
  readonly kraftVersions: { readonly min: number; readonly max: number };
}

/** What a voter of this release supports. */
export const SUPPORTED_KRAFT_VERSIONS = { min: 0, max: 1 } as const;

export class VoterSet {
  readonly voters: readonly Voter[];

  constructor(voters: readonly Voter[]) {
    this.voters = voters;
  }

  static fromRecord(record: VotersRecord): VoterSet {
    return new VoterSet(
      record.voters.map((voter) => ({
        voterId: voter.voterId,
        directoryId: voter.voterDirectoryId,
        endpoints: voter.endpoints.map(({ name, host, port }) => ({ name, host, port })),
        kraftVersions: {
          min: voter.kRaftVersionFeature.minSupportedVersion,
          max: voter.kRaftVersionFeature.maxSupportedVersion,
        },
      })),
    );
  }

  toRecord(): InputOf<typeof votersRecord> {
    return {
      version: 0,
      voters: this.voters.map(({ voterId, directoryId, endpoints, kraftVersions }) => ({
        voterId,
        voterDirectoryId: directoryId,
        endpoints,
        kRaftVersionFeature: { minSupportedVersion: kraftVersions.min, maxSupportedVersion: kraftVersions.max },
      })),
    };
  }

  get voterIds(): number[] {
    return this.voters.map((voter) => voter.voterId);
  }

  /** With ZERO_UUID where the directory is not known. */
  get keys(): ReplicaKey[] {
    return this.voters.map(({ voterId, directoryId }) => ({ replicaId: voterId, directoryId }));
  }

  /** More than half. */
  get majority(): number {
    return Math.floor(this.voters.length / 2) + 1;
  }

  voter(voterId: number): Voter | undefined {
    return this.voters.find((voter) => voter.voterId === voterId);
  }

  /** The same id with another directory is another replica: one that lost its disk must not vote as if it had not. */
  has(voterId: number, directoryId: Uuid): boolean {
    const voter = this.voter(voterId);
    return voter !== undefined && (voter.directoryId === directoryId || voter.directoryId === ZERO_UUID);
  }

  /** A copy with one more. */
  adding(voter: Voter): VoterSet {
    return new VoterSet([...this.voters, voter]);
  }

  /** A copy with one less. */
  removing(voterId: number): VoterSet {
    return new VoterSet(this.voters.filter((voter) => voter.voterId !== voterId));
  }

  /** A copy in which `voter` takes the place of the one with its id. */
  with(voter: Voter): VoterSet {
    return new VoterSet(this.voters.map((other) => (other.voterId === voter.voterId ? voter : other)));
  }
}

export function sameVoter(a: Voter, b: Voter): boolean {
  return (
    a.directoryId === b.directoryId &&
    a.kraftVersions.min === b.kraftVersions.min &&
    a.kraftVersions.max === b.kraftVersions.max &&
    a.endpoints.length === b.endpoints.length &&
    a.endpoints.every((endpoint, index) => {
      const other = b.endpoints[index]!;
      return endpoint.name === other.name && endpoint.host === other.host && endpoint.port === other.port;
    })
  );
}
