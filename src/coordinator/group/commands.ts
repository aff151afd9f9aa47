/**
 * Everything that can happen to the groups of one shard, as data: requests, timers, and the fate of written records.
 * Ids and times come with the command or with `nowMs`; `requestId` names a request whose answer may have to wait.
 */
import type { Uuid } from '../../base/uuid.ts';
import type { ErrorName } from '../../wire/errors.ts';
import type { Decision, Effect } from '../shard.ts';
import type {
  ConsumerGroupHeartbeatInput,
  ConsumerGroupHeartbeatResult,
  GroupClient,
  HeartbeatInput,
  JoinGroupInput,
  JoinGroupResult,
  LeaveGroupResult,
  LeavingMember,
  OffsetCommitInput,
  OffsetCommitResult,
  OffsetDeleteResult,
  OffsetFetchInput,
  OffsetFetchResult,
  SyncGroupInput,
  SyncGroupResult,
  TransactionalOffsetCommitInput,
} from './group-coordinator.ts';
import type { GroupRecord } from './group-records.ts';

export interface JoinGroupCommand {
  readonly kind: 'joinGroup';
  readonly requestId: number;
  readonly input: JoinGroupInput;
  readonly client: GroupClient;
  /** The random part of the member id, should a new one be needed. */
  readonly newMemberIdSuffix: string;
  /** What a new member is called where the group is a KIP-848 one. */
  readonly newMemberId: string;
}

export interface SyncGroupCommand {
  readonly kind: 'syncGroup';
  readonly requestId: number;
  readonly input: SyncGroupInput;
}

/** What must be put back when the record of a returning static member cannot be written. */
export interface StaticMemberWrittenCommand {
  readonly kind: 'staticMemberWritten';
  readonly groupId: string;
  readonly requestId: number;
  readonly groupInstanceId: string;
  readonly oldMemberId: string;
  readonly newMemberId: string;
  readonly oldLeader: string | null;
  readonly oldRebalanceTimeoutMs: number;
  readonly oldSessionTimeoutMs: number;
  readonly oldProtocols: readonly { readonly name: string; readonly metadata: Buffer }[];
  readonly supportsSkippingAssignment: boolean;
  readonly error: ErrorName | null;
}

export interface AssignmentWrittenCommand {
  readonly kind: 'assignmentWritten';
  readonly groupId: string;
  readonly generationId: number;
  readonly memberId: string;
  readonly assignments: ReadonlyMap<string, Buffer>;
  readonly error: ErrorName | null;
}

export interface ConsumerHeartbeatCommand {
  readonly kind: 'consumerHeartbeat';
  readonly input: ConsumerGroupHeartbeatInput;
  readonly client: GroupClient;
  /** For a client of version 0 that leaves it to the broker. */
  readonly newMemberId: string;
}

/** The records of a classic member's request to a KIP-848 group are committed, or have failed. */
export interface ClassicMemberWrittenCommand {
  readonly kind: 'classicMemberWritten';
  readonly groupId: string;
  readonly memberId: string;
  readonly requestId: number;
  readonly sessionTimeoutMs: number;
  /** How long SyncGroup may take to follow; `null` behind a SyncGroup. */
  readonly syncTimeoutMs: number | null;
  readonly result:
    | { readonly kind: 'joinGroup'; readonly result: JoinGroupResult }
    | { readonly kind: 'syncGroup'; readonly result: SyncGroupResult };
  readonly error: ErrorName | null;
}

export type GroupCommand =
  | ClassicMemberWrittenCommand
  | ConsumerHeartbeatCommand
  | JoinGroupCommand
  | SyncGroupCommand
  | { readonly kind: 'heartbeat'; readonly input: HeartbeatInput }
  | { readonly kind: 'leaveGroup'; readonly groupId: string; readonly members: readonly LeavingMember[] }
  | { readonly kind: 'commitOffsets'; readonly input: OffsetCommitInput }
  | { readonly kind: 'commitTransactionalOffsets'; readonly input: TransactionalOffsetCommitInput }
  | { readonly kind: 'fetchOffsets'; readonly input: OffsetFetchInput }
  | {
      readonly kind: 'deleteOffsets';
      readonly groupId: string;
      readonly topics: readonly { readonly name: string; readonly partitions: readonly number[] }[];
    }
  | { readonly kind: 'deleteGroups'; readonly groupIds: readonly string[] }
  | {
      readonly kind: 'topicsDeleted';
      readonly topics: readonly {
        readonly name: string;
        readonly topicId: Uuid;
        readonly partitions: readonly number[];
      }[];
    }
  | {
      readonly kind: 'topicsChanged';
      readonly names: readonly string[];
      /** Offset of the image, where topics were created in it. */
      readonly createdAtVersion: number | null;
    }
  // Timers.
  | { readonly kind: 'consumerMemberExpired'; readonly groupId: string; readonly memberId: string }
  | {
      readonly kind: 'consumerRebalanceExpired';
      readonly groupId: string;
      readonly memberId: string;
      readonly memberEpoch: number;
    }
  | { readonly kind: 'resolveConsumerRegexes'; readonly groupId: string }
  | { readonly kind: 'memberExpired'; readonly groupId: string; readonly memberId: string }
  | {
      readonly kind: 'initialDelayPassed';
      readonly groupId: string;
      readonly delayMs: number;
      readonly remainingMs: number;
    }
  | { readonly kind: 'joinPhaseExpired'; readonly groupId: string }
  | { readonly kind: 'syncPhaseExpired'; readonly groupId: string; readonly generationId: number }
  | { readonly kind: 'expireOffsets' }
  // The fate of records written before.
  | {
      readonly kind: 'groupCreated';
      readonly groupId: string;
      readonly requestId: number;
      readonly error: ErrorName | null;
    }
  | AssignmentWrittenCommand
  | StaticMemberWrittenCommand;

export type DeletedGroup = { readonly groupId: string; readonly error: ErrorName };

/** What each kind of command answers; joinGroup and syncGroup answer by a reply instead. */
export interface GroupResponses {
  consumerHeartbeat: ConsumerGroupHeartbeatResult;
  topicsChanged: null;
  classicMemberWritten: null;
  consumerMemberExpired: null;
  consumerRebalanceExpired: null;
  resolveConsumerRegexes: null;
  joinGroup: null;
  syncGroup: null;
  heartbeat: ErrorName;
  leaveGroup: LeaveGroupResult;
  commitOffsets: OffsetCommitResult;
  commitTransactionalOffsets: OffsetCommitResult;
  fetchOffsets: OffsetFetchResult;
  deleteOffsets: OffsetDeleteResult;
  deleteGroups: readonly DeletedGroup[];
  topicsDeleted: null;
  memberExpired: null;
  initialDelayPassed: null;
  joinPhaseExpired: null;
  syncPhaseExpired: null;
  expireOffsets: null;
  groupCreated: null;
  assignmentWritten: null;
  staticMemberWritten: null;
}

export type GroupResponse = GroupResponses[GroupCommand['kind']];

export type GroupReply =
  | { readonly kind: 'joinGroup'; readonly requestId: number; readonly result: JoinGroupResult }
  | { readonly kind: 'syncGroup'; readonly requestId: number; readonly result: SyncGroupResult };

export type GroupEffect = Effect<GroupCommand, GroupReply>;
export type GroupDecision = Decision<GroupCommand, GroupResponse, GroupRecord, GroupReply>;

const NO_BYTES = Buffer.alloc(0);

export function joinGroupFailure(memberId: string, error: ErrorName): JoinGroupResult {
  return {
    error,
    generationId: -1,
    protocolType: null,
    protocolName: null,
    leader: '',
    skipAssignment: false,
    memberId,
    members: [],
  };
}

export function syncGroupFailure(error: ErrorName): SyncGroupResult {
  return { error, protocolType: null, protocolName: null, assignment: NO_BYTES };
}

/** Collects what one command decides. */
export class Turn {
  readonly nowMs: number;
  readonly records: GroupRecord[] = [];
  readonly effects: GroupEffect[] = [];
  settled: ((error: ErrorName | null) => GroupCommand) | undefined;

  constructor(nowMs: number) {
    this.nowMs = nowMs;
  }

  replyToJoin(requestId: number, result: JoinGroupResult): void {
    this.effects.push({ kind: 'reply', reply: { kind: 'joinGroup', requestId, result } });
  }

  replyToSync(requestId: number, result: SyncGroupResult): void {
    this.effects.push({ kind: 'reply', reply: { kind: 'syncGroup', requestId, result } });
  }

  schedule(key: string, delayMs: number, command: GroupCommand): void {
    this.effects.push({ kind: 'schedule', key, delayMs: Math.max(0, delayMs), command });
  }

  cancel(key: string): void {
    this.effects.push({ kind: 'cancel', key });
  }

  /** The request is refused after all. */
  forget(): void {
    this.records.length = 0;
    this.effects.length = 0;
    this.settled = undefined;
  }

  decision(response: GroupResponse, divisible?: true): GroupDecision {
    return {
      records: this.records,
      response,
      effects: this.effects,
      ...(this.settled === undefined ? {} : { settled: this.settled }),
      ...(divisible === undefined ? {} : { divisible }),
    };
  }
}
