/** The quorum's own records in its log: LeaderChange, KRaftVersion, KRaftVoters. */
import type { LeaderEpoch, Offset } from '../base/flavor.ts';
import { decode, encode } from '../wire/codec.ts';
import { buildControlBatch, controlRecordType } from '../wire/records/control-batch.ts';
import type { Record } from '../wire/records/records.ts';
import { kRaftVersionRecord } from '../wire/schema/k-raft-version-record.ts';
import { leaderChangeMessage } from '../wire/schema/leader-change-message.ts';
import { votersRecord } from '../wire/schema/voters-record.ts';
import { VoterSet } from './voter-set.ts';

/** What a control batch changes; absent where it does not. */
export interface QuorumChange {
  readonly kraftVersion?: number;
  readonly voters?: VoterSet;
}

export interface ControlBatch {
  readonly baseOffset: Offset;
  readonly leaderEpoch: LeaderEpoch;
  readonly nowMs: number;
}

/** The first batch of an epoch. Kafka writes LeaderChange in version 0 whatever the kraft.version, so no directory ids. */
export function newEpochBatch(
  batch: ControlBatch,
  leader: {
    readonly leaderId: number;
    readonly voterIds: readonly number[];
    readonly grantingVoterIds: readonly number[];
  },
  change: QuorumChange,
): Buffer {
  const voters = leader.voterIds.map((voterId) => ({ voterId }));
  const grantingVoters = leader.grantingVoterIds.map((voterId) => ({ voterId }));
  const value = encode(leaderChangeMessage, 0, { version: 0, leaderId: leader.leaderId, voters, grantingVoters });
  return newControlBatch(batch, [{ type: 'leaderChange', value }, ...changeRecords(change)]);
}

export function newQuorumChangeBatch(batch: ControlBatch, change: QuorumChange): Buffer {
  return newControlBatch(batch, changeRecords(change));
}

type ControlRecord = Parameters<typeof buildControlBatch>[0]['records'][number];

export function changeRecords({ kraftVersion, voters }: QuorumChange): ControlRecord[] {
  const records: ControlRecord[] = [];
  if (kraftVersion !== undefined) {
    records.push({
      type: 'kRaftVersion',
      value: encode(kRaftVersionRecord, 0, { version: 0, kRaftVersion: kraftVersion }),
    });
  }
  if (voters !== undefined) {
    records.push({ type: 'kRaftVoters', value: encode(votersRecord, 0, voters.toRecord()) });
  }
  return records;
}

function newControlBatch({ baseOffset, leaderEpoch, nowMs }: ControlBatch, records: ControlRecord[]): Buffer {
  return buildControlBatch({ baseOffset, partitionLeaderEpoch: leaderEpoch, nowMs, records });
}

export function readQuorumChange(records: readonly Record[]): QuorumChange {
  let kraftVersion: number | undefined;
  let voters: VoterSet | undefined;
  for (const { key, value } of records) {
    if (value === null) continue;
    const type = controlRecordType(key);
    if (type === 'kRaftVersion') kraftVersion = decode(kRaftVersionRecord, 0, value).kRaftVersion;
    else if (type === 'kRaftVoters') voters = VoterSet.fromRecord(decode(votersRecord, 0, value));
  }
  return { ...(kraftVersion === undefined ? {} : { kraftVersion }), ...(voters === undefined ? {} : { voters }) };
}
