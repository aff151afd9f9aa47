/**
 * The records of KIP-848 groups in `__consumer_offsets`, between bytes and values. `null` values are tombstones.
 *
 *     type 3  group        → group epoch, hash of the subscribed topics' metadata
 *     type 4  group        → partition metadata (written before 4.1; only its tombstones are written now)
 *     type 5  group, member → subscription       type 6  group         → epoch and time of the target assignment
 *     type 7  group, member → target assignment  type 8  group, member → current assignment
 *     type 16 group, regular expression → the topics that it matched
 */
import {
  decodeCoordinatorKey,
  decodeCoordinatorValue,
  encodeCoordinatorKey,
  encodeCoordinatorValue,
} from '../../wire/record-framing.ts';
import {
  type ConsumerGroupCurrentMemberAssignmentValue,
  consumerGroupCurrentMemberAssignmentKey,
  consumerGroupCurrentMemberAssignmentValue,
} from '../../wire/schema/consumer-group-current-member-assignment-record.ts';
import {
  type ConsumerGroupMemberMetadataValue,
  consumerGroupMemberMetadataKey,
  consumerGroupMemberMetadataValue,
} from '../../wire/schema/consumer-group-member-metadata-record.ts';
import {
  consumerGroupMetadataKey,
  consumerGroupMetadataValue,
} from '../../wire/schema/consumer-group-metadata-record.ts';
import {
  type ConsumerGroupPartitionMetadataValue,
  consumerGroupPartitionMetadataKey,
  consumerGroupPartitionMetadataValue,
} from '../../wire/schema/consumer-group-partition-metadata-record.ts';
import {
  type ConsumerGroupRegularExpressionValue,
  consumerGroupRegularExpressionKey,
  consumerGroupRegularExpressionValue,
} from '../../wire/schema/consumer-group-regular-expression-record.ts';
import {
  type ConsumerGroupTargetAssignmentMemberValue,
  consumerGroupTargetAssignmentMemberKey,
  consumerGroupTargetAssignmentMemberValue,
} from '../../wire/schema/consumer-group-target-assignment-member-record.ts';
import {
  type ConsumerGroupTargetAssignmentMetadataValue,
  consumerGroupTargetAssignmentMetadataKey,
  consumerGroupTargetAssignmentMetadataValue,
} from '../../wire/schema/consumer-group-target-assignment-metadata-record.ts';

/** `metadataHash` uses all 64 bits, so it is the one int64 that cannot be a number. */
export interface ConsumerGroupEpochValue {
  readonly epoch: number;
  readonly metadataHash: bigint;
}

export type ConsumerGroupRecord =
  | { readonly kind: 'consumerEpoch'; readonly groupId: string; readonly value: ConsumerGroupEpochValue | null }
  | {
      readonly kind: 'consumerPartitionMetadata';
      readonly groupId: string;
      readonly value: ConsumerGroupPartitionMetadataValue | null;
    }
  | {
      readonly kind: 'consumerMember';
      readonly groupId: string;
      readonly memberId: string;
      readonly value: ConsumerGroupMemberMetadataValue | null;
    }
  | {
      readonly kind: 'consumerTargetEpoch';
      readonly groupId: string;
      readonly value: ConsumerGroupTargetAssignmentMetadataValue | null;
    }
  | {
      readonly kind: 'consumerTarget';
      readonly groupId: string;
      readonly memberId: string;
      readonly value: ConsumerGroupTargetAssignmentMemberValue | null;
    }
  | {
      readonly kind: 'consumerCurrent';
      readonly groupId: string;
      readonly memberId: string;
      readonly value: ConsumerGroupCurrentMemberAssignmentValue | null;
    }
  | {
      readonly kind: 'consumerRegex';
      readonly groupId: string;
      readonly regularExpression: string;
      readonly value: ConsumerGroupRegularExpressionValue | null;
    };

interface KeyValue {
  readonly key: Buffer;
  readonly value: Buffer | null;
}

export function encodeConsumerGroupRecord(record: ConsumerGroupRecord): KeyValue {
  const { groupId } = record;
  switch (record.kind) {
    case 'consumerEpoch':
      return {
        key: encodeCoordinatorKey(consumerGroupMetadataKey, { groupId }),
        value: record.value === null ? null : encodeEpochValue(record.value),
      };
    case 'consumerPartitionMetadata':
      return {
        key: encodeCoordinatorKey(consumerGroupPartitionMetadataKey, { groupId }),
        value:
          record.value === null ? null : encodeCoordinatorValue(consumerGroupPartitionMetadataValue, 0, record.value),
      };
    case 'consumerMember':
      return {
        key: encodeCoordinatorKey(consumerGroupMemberMetadataKey, { groupId, memberId: record.memberId }),
        value: record.value === null ? null : encodeCoordinatorValue(consumerGroupMemberMetadataValue, 0, record.value),
      };
    case 'consumerTargetEpoch':
      return {
        key: encodeCoordinatorKey(consumerGroupTargetAssignmentMetadataKey, { groupId }),
        value:
          record.value === null
            ? null
            : encodeCoordinatorValue(consumerGroupTargetAssignmentMetadataValue, 0, record.value),
      };
    case 'consumerTarget':
      return {
        key: encodeCoordinatorKey(consumerGroupTargetAssignmentMemberKey, { groupId, memberId: record.memberId }),
        value:
          record.value === null
            ? null
            : encodeCoordinatorValue(consumerGroupTargetAssignmentMemberValue, 0, record.value),
      };
    case 'consumerCurrent':
      return {
        key: encodeCoordinatorKey(consumerGroupCurrentMemberAssignmentKey, { groupId, memberId: record.memberId }),
        value:
          record.value === null
            ? null
            : encodeCoordinatorValue(consumerGroupCurrentMemberAssignmentValue, 0, record.value),
      };
    case 'consumerRegex':
      return {
        key: encodeCoordinatorKey(consumerGroupRegularExpressionKey, {
          groupId,
          regularExpression: record.regularExpression,
        }),
        value:
          record.value === null ? null : encodeCoordinatorValue(consumerGroupRegularExpressionValue, 0, record.value),
      };
  }
}

/** `null` for a type that is none of these. The value's bytes may be a view into the log: what is kept is copied. */
export function decodeConsumerGroupRecord(type: number, key: Buffer, value: Buffer | null): ConsumerGroupRecord | null {
  switch (type) {
    case 3: {
      const { groupId } = decodeCoordinatorKey(consumerGroupMetadataKey, key);
      return { kind: 'consumerEpoch', groupId, value: value === null ? null : decodeEpochValue(value) };
    }
    case 4: {
      const { groupId } = decodeCoordinatorKey(consumerGroupPartitionMetadataKey, key);
      const decoded = value === null ? null : decodeCoordinatorValue(consumerGroupPartitionMetadataValue, value).value;
      return { kind: 'consumerPartitionMetadata', groupId, value: decoded };
    }
    case 5: {
      const { groupId, memberId } = decodeCoordinatorKey(consumerGroupMemberMetadataKey, key);
      const decoded =
        value === null ? null : decodeCoordinatorValue(consumerGroupMemberMetadataValue, Buffer.from(value)).value;
      return { kind: 'consumerMember', groupId, memberId, value: decoded };
    }
    case 6: {
      const { groupId } = decodeCoordinatorKey(consumerGroupTargetAssignmentMetadataKey, key);
      const decoded =
        value === null ? null : decodeCoordinatorValue(consumerGroupTargetAssignmentMetadataValue, value).value;
      return { kind: 'consumerTargetEpoch', groupId, value: decoded };
    }
    case 7: {
      const { groupId, memberId } = decodeCoordinatorKey(consumerGroupTargetAssignmentMemberKey, key);
      const decoded =
        value === null ? null : decodeCoordinatorValue(consumerGroupTargetAssignmentMemberValue, value).value;
      return { kind: 'consumerTarget', groupId, memberId, value: decoded };
    }
    case 8: {
      const { groupId, memberId } = decodeCoordinatorKey(consumerGroupCurrentMemberAssignmentKey, key);
      const decoded =
        value === null ? null : decodeCoordinatorValue(consumerGroupCurrentMemberAssignmentValue, value).value;
      return { kind: 'consumerCurrent', groupId, memberId, value: decoded };
    }
    case 16: {
      const { groupId, regularExpression } = decodeCoordinatorKey(consumerGroupRegularExpressionKey, key);
      const decoded = value === null ? null : decodeCoordinatorValue(consumerGroupRegularExpressionValue, value).value;
      return { kind: 'consumerRegex', groupId, regularExpression, value: decoded };
    }
    default:
      return null;
  }
}

// ConsumerGroupMetadataValue, version 0: int16 version, int32 epoch, tagged fields; tag 0 has eight bytes, the hash.
const HASH_TAG_POSITION = 7;
const HASH_POSITION = 9;
const VALUE_WITH_HASH_BYTES = 17;

/** The schema's int64 is a number; here the eight bytes of the hash are put behind what it writes. */
function encodeEpochValue({ epoch, metadataHash }: ConsumerGroupEpochValue): Buffer {
  if (metadataHash === 0n) return encodeCoordinatorValue(consumerGroupMetadataValue, 0, { epoch, metadataHash: 0 });
  const bytes = encodeCoordinatorValue(consumerGroupMetadataValue, 0, { epoch, metadataHash: 1 });
  bytes.writeBigInt64BE(BigInt.asIntN(64, metadataHash), HASH_POSITION);
  return bytes;
}

function decodeEpochValue(bytes: Buffer): ConsumerGroupEpochValue {
  const { epoch } = decodeCoordinatorValue(consumerGroupMetadataValue, bytes).value;
  const hasHash = bytes.length >= VALUE_WITH_HASH_BYTES && bytes[HASH_TAG_POSITION] === 0;
  return { epoch, metadataHash: hasHash ? bytes.readBigInt64BE(HASH_POSITION) : 0n };
}
