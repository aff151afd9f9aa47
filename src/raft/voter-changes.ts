/**
 * Adding, removing and updating voters (KIP-853), by the leader. Each is one VotersRecord, which counts from its append on.
 *
 * Invariants: one change at a time, and only after something of the leader's own epoch is committed, so that majorities of
 * two successive voter sets always overlap; a new voter has caught up, so that it does not hold the high watermark back. A leader
 * that removed itself leads until the change is committed.
 */
import type { Timer } from '../base/clock.ts';
import type { Offset } from '../base/flavor.ts';
import { ZERO_UUID } from '../base/uuid.ts';
import type { ErrorName } from '../wire/errors.ts';
import type { QuorumAt } from './quorum-history.ts';
import type { ReplicaKey } from './raft-message.ts';
import type { Address, OwnVoter } from './raft-transport.ts';
import type { VoterSet } from './voter-set.ts';

export interface VoterChangeResult {
  readonly error: ErrorName;
  readonly message: string | null;
}

/** What the changes need of the driver. */
export interface VoterChangeLeader {
  readonly timer: Timer;
  /** How long a change may take to be committed where the request does not say. */
  readonly timeoutMs: number;
  /** The listener that every controller must have. */
  readonly listenerName: string;
  /** Null where this replica does not lead. */
  leadership(): {
    readonly hasCommittedInEpoch: boolean;
    readonly highWatermark: Offset;
    readonly quorum: QuorumAt;
  } | null;
  /** Whether this observer has had all of the log, not long ago. */
  isCaughtUp(replica: ReplicaKey): boolean;
  kraftVersions(address: Address): Promise<{ readonly min: number; readonly max: number }>;
  /** Resolves when it is committed; rejects when leadership is lost. */
  appendVoters(voters: VoterSet): Promise<void>;
}

const done: VoterChangeResult = { error: 'NONE', message: null };
const notLeader: VoterChangeResult = { error: 'NOT_LEADER_OR_FOLLOWER', message: null };

export class VoterChanges {
  readonly #leader: VoterChangeLeader;
  #pending = false;

  constructor(leader: VoterChangeLeader) {
    this.#leader = leader;
  }

  /** `ackWhenCommitted` false: answered when the record is appended. */
  async add(
    voter: OwnVoter,
    options: { readonly timeoutMs: number; readonly ackWhenCommitted: boolean },
  ): Promise<VoterChangeResult> {
    const address = voter.endpoints.find(({ name }) => name === this.#leader.listenerName);
    if (this.#leader.leadership() === null) return notLeader;
    if (voter.voterId < 0 || voter.directoryId === ZERO_UUID) {
      return failed('INVALID_REQUEST', "Add voter request didn't include a valid voter");
    }
    if (address === undefined) {
      // As Java prints its maps and addresses.
      const endpoints = voter.endpoints.map(
        ({ name, host, port }) => `ListenerName(${name})=${host}/<unresolved>:${port}`,
      );
      return failed(
        'INVALID_REQUEST',
        `Add voter request didn't include the endpoint (Endpoints(endpoints={${endpoints.join(', ')}})) ` +
          `for the default listener ListenerName(${this.#leader.listenerName})`,
      );
    }
    return this.#alone('adding', async ({ voters, kraftVersion }) => {
      const key = keyText({ replicaId: voter.voterId, directoryId: voter.directoryId });
      if (voters.voter(voter.voterId) !== undefined) {
        const text = `The voter id for ${key} is already part of the set of voters ${setText(voters)}.`;
        return failed('DUPLICATE_VOTER', text);
      }
      let kraftVersions: { readonly min: number; readonly max: number };
      try {
        kraftVersions = await this.#leader.kraftVersions(address);
      } catch {
        return failed('REQUEST_TIMED_OUT', `New voter ${key} is not ready to receive requests`);
      }
      if (kraftVersions.min > kraftVersion || kraftVersions.max < kraftVersion) {
        const range = `(min: ${kraftVersions.min}, max: ${kraftVersions.max}`;
        return failed(
          'INVALID_REQUEST',
          `Aborted add voter operation for ${key} since the kraft.version range ${range} doesn't support the finalized ` +
            `version ${kraftVersion}`,
        );
      }
      // Time has passed: another may lead by now.
      if (this.#leader.leadership() === null) return notLeader;
      if (!this.#leader.isCaughtUp({ replicaId: voter.voterId, directoryId: voter.directoryId })) {
        return failed('REQUEST_TIMED_OUT', `Aborted add voter operation for ${key} since it is lagging behind`);
      }
      const committed = this.#leader.appendVoters(voters.adding({ ...voter, kraftVersions }));
      if (options.ackWhenCommitted) return this.#within(options.timeoutMs, committed);
      committed.catch(() => {});
      return done;
    });
  }

  async remove(replica: ReplicaKey): Promise<VoterChangeResult> {
    if (this.#leader.leadership() === null) return notLeader;
    if (replica.replicaId < 0 || replica.directoryId === ZERO_UUID) {
      return failed('INVALID_REQUEST', "Remove voter request didn't include a valid voter");
    }
    return this.#alone('removing', async ({ voters }) => {
      const present = voters.voter(replica.replicaId);
      if (present?.directoryId !== replica.directoryId || voters.voters.length === 1) {
        const text = `Cannot remove voter ${keyText(replica)} from the set of voters ${setText(voters)}`;
        return failed('VOTER_NOT_FOUND', text);
      }
      return this.#within(this.#leader.timeoutMs, this.#leader.appendVoters(voters.removing(replica.replicaId)));
    });
  }

  /** A voter tells where it listens now. Answered when the record is appended. */
  async update(voter: OwnVoter): Promise<VoterChangeResult> {
    const { min, max } = voter.kraftVersions;
    if (this.#leader.leadership() === null) return notLeader;
    if (voter.voterId < 0 || voter.directoryId === ZERO_UUID || min < 0 || max < min)
      return failed('INVALID_REQUEST', null);
    if (!voter.endpoints.some(({ name }) => name === this.#leader.listenerName)) return failed('INVALID_REQUEST', null);
    return this.#alone('updating', async ({ voters, kraftVersion }) => {
      if (min > kraftVersion || max < kraftVersion) return failed('INVALID_REQUEST', null);
      if (voters.voter(voter.voterId)?.directoryId !== voter.directoryId) return failed('VOTER_NOT_FOUND', null);
      this.#leader.appendVoters(voters.with(voter)).catch(() => {});
      return done;
    });
  }

  async #alone(doing: string, change: (quorum: QuorumAt) => Promise<VoterChangeResult>): Promise<VoterChangeResult> {
    const leadership = this.#leader.leadership();
    if (leadership === null) return notLeader;
    const { hasCommittedInEpoch, highWatermark, quorum } = leadership;
    const wait = 'Request timed out waiting for';
    if (this.#pending) return failed('REQUEST_TIMED_OUT', `${wait} leader to handle previous voter change request`);
    if (!hasCommittedInEpoch) {
      return failed('REQUEST_TIMED_OUT', `${wait} leader to establish HWM and fence previous voter changes`);
    }
    if (quorum.kraftVersion < 1) {
      const feature = `the kraft.version feature is ${quorum.kraftVersion}`;
      return failed('UNSUPPORTED_VERSION', `Cluster doesn't support ${doing} voter because ${feature}`);
    }
    if (quorum.offset >= highWatermark) {
      return failed(
        'REQUEST_TIMED_OUT',
        `${wait} voters to commit the latest voter change at ${quorum.offset} with HWM ${highWatermark}`,
      );
    }
    this.#pending = true;
    try {
      return await change(quorum);
    } finally {
      this.#pending = false;
    }
  }

  #within(timeoutMs: number, committed: Promise<void>): Promise<VoterChangeResult> {
    return new Promise((resolve) => {
      const timeout = this.#leader.timer.schedule(timeoutMs, () => resolve(failed('REQUEST_TIMED_OUT', null)));
      committed.then(
        () => resolve(done),
        () => resolve(notLeader),
      );
      committed.catch(() => {}).finally(() => timeout.cancel());
    });
  }
}

function failed(error: ErrorName, message: string | null): VoterChangeResult {
  return { error, message };
}

function keyText({ replicaId, directoryId }: ReplicaKey): string {
  return `ReplicaKey(id=${replicaId}, directoryId=${directoryId})`;
}

function setText(voters: VoterSet): string {
  return `[${voters.keys.map(keyText).join(', ')}]`;
}
