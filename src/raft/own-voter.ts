/**
 * What a replica that does not lead does for its own entry among the voters (KIP-853), and what it says where it has no business
 * in this quorum.
 */
import type { Timer } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { QuorumAt } from './quorum-history.ts';
import type { RaftCore } from './raft-core.ts';
import type { RaftResponse, ReplicaKey } from './raft-message.ts';
import { type Address, type OwnVoter, QuorumRefusal, type RaftTransport } from './raft-transport.ts';
import { SUPPORTED_KRAFT_VERSIONS, sameVoter, type VoterEndpoint } from './voter-set.ts';

export interface OwnVoterOptions {
  readonly self: ReplicaKey;
  /** Where this replica's controller listens; empty where it is none. */
  readonly endpoints: readonly VoterEndpoint[];
  /** `controller.quorum.auto.join.enable` */
  readonly autoJoin: boolean;
  /** Between two attempts. */
  readonly requestTimeoutMs: number;
  readonly transport: RaftTransport | null;
  readonly timer: Timer;
  readonly logger: Logger;
}

/** What it looks at of the driver. */
export interface OwnVoterDriver {
  quorum(): QuorumAt;
  core(): RaftCore;
  leaderAddress(): Address | null;
}

export class OwnVoterUpkeep {
  readonly #options: OwnVoterOptions;
  readonly #driver: OwnVoterDriver;
  #asking = false;
  /** Addresses of other clusters that the log has named. */
  readonly #foreigners = new Set<string>();
  #hasSaidDouble = false;
  #problem: string | null = null;

  constructor(options: OwnVoterOptions, driver: OwnVoterDriver) {
    this.#options = options;
    this.#driver = driver;
  }

  /** Why this replica has no business in the quorum, a sentence; null: nothing speaks against it. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Who is of another cluster must be told once; asking on does no harm, and the other side may be mended. */
  sayIfForeign(error: unknown, address: Address | null): void {
    const isForeign = error instanceof QuorumRefusal && error.error === 'INCONSISTENT_CLUSTER_ID';
    if (!isForeign || address === null) return;
    const key = `${address.host}:${address.port}`;
    if (this.#foreigners.has(key)) return;
    this.#foreigners.add(key);
    this.#say(
      `the controller at ${key} belongs to another cluster: this node was formatted with a wrong cluster id, or ` +
        'controller.quorum.bootstrap.servers (controller.quorum.voters) names a controller of another cluster',
    );
  }

  /** The leader has this replica's id and another disk: this one is nobody's replica. Nor is it told of its own time as the leader. */
  sayIfDouble({ leaderId, epoch }: RaftResponse): void {
    const { self } = this.#options;
    const core = this.#driver.core();
    if (leaderId !== self.replicaId || core.isVoter || epoch < core.epoch || this.#hasSaidDouble) return;
    if (core.state === 'leader' || core.state === 'resigned') return;
    this.#hasSaidDouble = true;
    this.#say(
      `a controller with node.id ${leaderId} leads the quorum already, with another directory than ${self.directoryId}: ` +
        'each node needs an id of its own',
    );
  }

  #say(problem: string): void {
    this.#problem = problem;
    this.#options.logger.error(problem);
  }

  /** A voter that moved says so to the leader, and a controller that would vote asks for it (KIP-853). */
  seeTo(): void {
    const { transport, logger, timer, requestTimeoutMs } = this.#options;
    const address = this.#driver.leaderAddress();
    if (this.#driver.core().state !== 'follower' || address === null || transport === null || this.#asking) return;
    const change = this.#change(transport, address);
    if (change === null) return;
    this.#asking = true;
    change
      .catch((error: unknown) => logger.info('the leader did not change the voters', { error: String(error) }))
      .finally(() => {
        // Not with each fetch: the record must first come back with one.
        timer.schedule(requestTimeoutMs, () => {
          this.#asking = false;
        });
      });
  }

  #change(transport: RaftTransport, address: Address): Promise<void> | null {
    const { self, endpoints, autoJoin } = this.#options;
    const stale = this.ifStale();
    if (stale !== null) return transport.updateVoter(address, stale, this.#driver.core().epoch);
    const { voters, kraftVersion } = this.#driver.quorum();
    if (!autoJoin || this.#driver.core().isVoter || kraftVersion === 0 || endpoints.length === 0) return null;
    // A disk that is gone votes no more; its successor takes the place afterwards.
    const before = voters.voter(self.replicaId);
    if (before !== undefined) return transport.removeVoter(address, { ...self, directoryId: before.directoryId });
    const kraftVersions = SUPPORTED_KRAFT_VERSIONS;
    return transport.addVoter(address, {
      voterId: self.replicaId,
      directoryId: self.directoryId,
      endpoints,
      kraftVersions,
    });
  }

  /** Null where the voter set says of this replica what is true. */
  ifStale(): OwnVoter | null {
    const { self, endpoints } = this.#options;
    const { voters, kraftVersion } = this.#driver.quorum();
    const present = voters.voter(self.replicaId);
    if (kraftVersion === 0 || present === undefined || !this.#driver.core().isVoter || endpoints.length === 0)
      return null;
    const own = { ...present, endpoints, kraftVersions: SUPPORTED_KRAFT_VERSIONS };
    return sameVoter(present, own) ? null : own;
  }
}
