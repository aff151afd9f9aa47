/**
 * The records of `__consumer_offsets`. Keys: int16 record type, then the body; values: int16 version, then the body.
 *
 *     type 0, 1  OffsetCommit      group, topic, partition → offset      (0 is the layout before 0.9)
 *     type 2     GroupMetadata     group → generation and members of a classic group
 *     type 3-8, 16  KIP-848 groups: consumer-group-records.ts
 *     other      groups of other kinds (KIP-932, 1071): kept as bytes
 *
 * A null value is a tombstone. Versions written: OffsetCommitValue 4 (1 where the client set its own retention, which
 * only that version carries), GroupMetadataValue 3, as Kafka 4.3.1 does.
 */
import {
  decodeCoordinatorKey,
  decodeCoordinatorValue,
  encodeCoordinatorKey,
  encodeCoordinatorValue,
  readCoordinatorKeyType,
} from '../../wire/record-framing.ts';
import {
  type GroupMetadataValue,
  groupMetadataKey,
  groupMetadataValue,
} from '../../wire/schema/group-metadata-record.ts';
import { legacyOffsetCommitKey } from '../../wire/schema/legacy-offset-commit-record.ts';
import { type OffsetCommitValue, offsetCommitKey, offsetCommitValue } from '../../wire/schema/offset-commit-record.ts';
import { WireError } from '../../wire/wire-error.ts';
import type { RecordCodec } from '../shard.ts';
import {
  type ConsumerGroupRecord,
  decodeConsumerGroupRecord,
  encodeConsumerGroupRecord,
} from './consumer-group-records.ts';

export interface OffsetCommitRecord {
  readonly kind: 'offsetCommit';
  readonly groupId: string;
  readonly topic: string;
  readonly partition: number;
  /** `null` is a tombstone. */
  readonly value: OffsetCommitValue | null;
  readonly valueVersion: number;
}

export interface GroupMetadataRecord {
  readonly kind: 'groupMetadata';
  readonly groupId: string;
  readonly value: GroupMetadataValue | null;
  readonly valueVersion: number;
}

/** A record of another kind of group, of a later release, or one that does not decode. */
export interface OtherGroupRecord {
  readonly kind: 'other';
  readonly type: number;
  /** The group that its key begins with; `null` when the key is of no known form. */
  readonly groupId: string | null;
  readonly key: Buffer;
  readonly value: Buffer | null;
}

export type GroupRecord = OffsetCommitRecord | GroupMetadataRecord | ConsumerGroupRecord | OtherGroupRecord;

const GROUP_METADATA_VALUE_VERSION = 3;
const OFFSET_COMMIT_VALUE_VERSION = 4;
const OFFSET_COMMIT_VALUE_VERSION_WITH_EXPIRY = 1;

export function newOffsetCommitRecord(key: {
  readonly groupId: string;
  readonly topic: string;
  readonly partition: number;
  readonly value: OffsetCommitValue;
}): OffsetCommitRecord {
  const valueVersion =
    key.value.expireTimestamp === -1 ? OFFSET_COMMIT_VALUE_VERSION : OFFSET_COMMIT_VALUE_VERSION_WITH_EXPIRY;
  return { kind: 'offsetCommit', ...key, valueVersion };
}

export function newOffsetCommitTombstone(key: {
  readonly groupId: string;
  readonly topic: string;
  readonly partition: number;
}): OffsetCommitRecord {
  return {
    kind: 'offsetCommit',
    groupId: key.groupId,
    topic: key.topic,
    partition: key.partition,
    value: null,
    valueVersion: 0,
  };
}

export function newGroupMetadataRecord(groupId: string, value: GroupMetadataValue): GroupMetadataRecord {
  return { kind: 'groupMetadata', groupId, value, valueVersion: GROUP_METADATA_VALUE_VERSION };
}

export function newGroupMetadataTombstone(groupId: string): GroupMetadataRecord {
  return { kind: 'groupMetadata', groupId, value: null, valueVersion: 0 };
}

export const groupRecordCodec: RecordCodec<GroupRecord> = {
  encode(record) {
    switch (record.kind) {
      case 'offsetCommit':
        return {
          key: encodeCoordinatorKey(offsetCommitKey, {
            group: record.groupId,
            topic: record.topic,
            partition: record.partition,
          }),
          value:
            record.value === null ? null : encodeCoordinatorValue(offsetCommitValue, record.valueVersion, record.value),
        };
      case 'groupMetadata':
        return {
          key: encodeCoordinatorKey(groupMetadataKey, { group: record.groupId }),
          value:
            record.value === null
              ? null
              : encodeCoordinatorValue(groupMetadataValue, record.valueVersion, record.value),
        };
      case 'other':
        return { key: record.key, value: record.value };
      default:
        return encodeConsumerGroupRecord(record);
    }
  },

  decode(key, value) {
    try {
      return decodeKnown(key, value) ?? otherRecord(key, value);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      return otherRecord(key, value);
    }
  },
};

function decodeKnown(key: Buffer, value: Buffer | null): GroupRecord | null {
  const type = readCoordinatorKeyType(key);
  switch (type) {
    case 0:
    case 1: {
      const schema = type === 0 ? legacyOffsetCommitKey : offsetCommitKey;
      const { group, topic, partition } = decodeCoordinatorKey(schema, key);
      const decoded = value === null ? null : decodeCoordinatorValue(offsetCommitValue, value);
      return {
        kind: 'offsetCommit',
        groupId: group,
        topic,
        partition,
        value: decoded?.value ?? null,
        valueVersion: decoded?.version ?? 0,
      };
    }
    case 2: {
      const { group } = decodeCoordinatorKey(groupMetadataKey, key);
      const decoded = value === null ? null : decodeCoordinatorValue(groupMetadataValue, value);
      return {
        kind: 'groupMetadata',
        groupId: group,
        value: decoded?.value ?? null,
        valueVersion: decoded?.version ?? 0,
      };
    }
    default:
      return decodeConsumerGroupRecord(type, key, value);
  }
}

/** The bytes are copied: they are a view into what was read from the log, and stay for long. */
function otherRecord(key: Buffer, value: Buffer | null): OtherGroupRecord {
  const type = key.length >= 2 ? key.readInt16BE(0) : -1;
  let groupId: string | null = null;
  if (key.length >= 4) {
    const length = key.readInt16BE(2);
    // Every key of a group begins with the group's id.
    if (length >= 0 && 4 + length <= key.length) groupId = key.toString('utf8', 4, 4 + length);
  }
  return { kind: 'other', type, groupId, key: Buffer.from(key), value: value === null ? null : Buffer.from(value) };
}
