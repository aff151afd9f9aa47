/**
 * AddOffsetsToTxn, key 25, versions 0-4: adds the partition of a consumer group's offsets to a transaction.
 *
 * v2 PRODUCER_FENCED; v3 flexible; v4 KIP-890. Producers of transaction.version 2 do not send it: their TxnOffsetCommit
 * adds the partition by the way.
 * Errors: INVALID_REQUEST, INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED (INVALID_PRODUCER_EPOCH before v2),
 * CONCURRENT_TRANSACTIONS, COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR.
 */
import { GROUP_METADATA_TOPIC, type GroupCoordinator } from '../coordinator/group/group-coordinator.ts';
import type { TransactionCoordinator } from '../coordinator/transaction/transaction-coordinator.ts';
import { errorCode } from '../wire/errors.ts';
import { addOffsetsToTxnRequest, addOffsetsToTxnResponse } from '../wire/schema/add-offsets-to-txn.ts';
import type { Handler } from './handler.ts';

export interface AddOffsetsToTxnServices {
  readonly transactions: Pick<TransactionCoordinator, 'addPartitions'>;
  readonly groups: Pick<GroupCoordinator, 'partitionFor'>;
}

const firstVersionWithFenced = 2;
const clientTransactionVersion = 0;

export function addOffsetsToTxnHandler(
  services: AddOffsetsToTxnServices,
): Handler<typeof addOffsetsToTxnRequest, typeof addOffsetsToTxnResponse> {
  return {
    request: addOffsetsToTxnRequest,
    response: addOffsetsToTxnResponse,

    async handle({ transactionalId, producerId, producerEpoch, groupId }, { apiVersion }) {
      const partitions = [{ topic: GROUP_METADATA_TOPIC, partitions: [services.groups.partitionFor(groupId)] }];
      const producer = { transactionalId, producerId, producerEpoch };
      const error = await services.transactions.addPartitions({ ...producer, partitions, clientTransactionVersion });
      const unknown = error === 'PRODUCER_FENCED' && apiVersion < firstVersionWithFenced;
      return { errorCode: errorCode(unknown ? 'INVALID_PRODUCER_EPOCH' : error) };
    },

    failed: (_request, error) => ({ errorCode: errorCode(error) }),
  };
}
