/**
 * The table of the APIs that this broker has (`controller-table.ts`: a controller), and nothing else says which those are: dispatch looks requests up in it and
 * the ApiVersions response is built from it. A new API is a handler file and a line here.
 */

import { addOffsetsToTxnHandler } from './add-offsets-to-txn.ts';
import { addPartitionsToTxnHandler } from './add-partitions-to-txn.ts';
import { addRaftVoterHandler } from './add-raft-voter.ts';
import { alterClientQuotasHandler } from './alter-client-quotas.ts';
import { alterConfigsHandler } from './alter-configs.ts';
import { alterPartitionReassignmentsHandler } from './alter-partition-reassignments.ts';
import { alterReplicaLogDirsHandler } from './alter-replica-log-dirs.ts';
import { type ApiVersionsServices, apiVersionsHandler } from './api-versions.ts';
import { consumerGroupDescribeHandler } from './consumer-group-describe.ts';
import { consumerGroupHeartbeatHandler } from './consumer-group-heartbeat.ts';
import { createPartitionsHandler } from './create-partitions.ts';
import { createdTopicsShown, createTopicsHandler } from './create-topics.ts';
import { deleteGroupsHandler } from './delete-groups.ts';
import { deleteRecordsHandler } from './delete-records.ts';
import { deleteTopicsHandler } from './delete-topics.ts';
import { describeClientQuotasHandler } from './describe-client-quotas.ts';
import { describeClusterHandler } from './describe-cluster.ts';
import { describeConfigsHandler } from './describe-configs.ts';
import { describeGroupsHandler } from './describe-groups.ts';
import { describeLogDirsHandler } from './describe-log-dirs.ts';
import { describeProducersHandler } from './describe-producers.ts';
import { describeQuorumHandler } from './describe-quorum.ts';
import { describeTopicPartitionsHandler } from './describe-topic-partitions.ts';
import { describeTransactionsHandler } from './describe-transactions.ts';
import { type Api, type ApiTable, apiOf, apiTableOf } from './dispatch.ts';
import { electLeadersHandler } from './elect-leaders.ts';
import { endTxnHandler } from './end-txn.ts';
import { fetchHandler } from './fetch.ts';
import { findCoordinatorHandler } from './find-coordinator.ts';
import { type Forwarding, forwarded } from './forwarding.ts';
import { getTelemetrySubscriptionsHandler, type TelemetryServices } from './get-telemetry-subscriptions.ts';
import { heartbeatHandler } from './heartbeat.ts';
import { incrementalAlterConfigsHandler } from './incremental-alter-configs.ts';
import { initProducerIdHandler } from './init-producer-id.ts';
import { joinGroupHandler } from './join-group.ts';
import { leaveGroupHandler } from './leave-group.ts';
import { listConfigResourcesHandler } from './list-config-resources.ts';
import { listGroupsHandler } from './list-groups.ts';
import { listOffsetsHandler } from './list-offsets.ts';
import { listPartitionReassignmentsHandler } from './list-partition-reassignments.ts';
import { listTransactionsHandler } from './list-transactions.ts';
import { metadataHandler } from './metadata.ts';
import { offsetCommitHandler } from './offset-commit.ts';
import { offsetDeleteHandler } from './offset-delete.ts';
import { offsetFetchHandler } from './offset-fetch.ts';
import { offsetForLeaderEpochHandler } from './offset-for-leader-epoch.ts';
import { produceHandler } from './produce.ts';
import { pushTelemetryHandler } from './push-telemetry.ts';
import type { QuorumServices } from './quorum-replica.ts';
import { removeRaftVoterHandler } from './remove-raft-voter.ts';
import { syncGroupHandler } from './sync-group.ts';
import type { ShownTopics } from './topic-controller.ts';
import { txnOffsetCommitHandler } from './txn-offset-commit.ts';
import { unregisterBrokerHandler } from './unregister-broker.ts';
import { updateFeaturesHandler } from './update-features.ts';
import { writeTxnMarkersHandler } from './write-txn-markers.ts';

export { type ControllerApiServices, createControllerApiTable, createForwardedApiTable } from './controller-table.ts';
export { type Api, type ApiTable, createDispatch, type DispatchOptions, type Reply } from './dispatch.ts';

/** What a factory in the list below asks for; `apis` of ApiVersions is the table itself. */
type ServicesOf<Factory extends (services: never) => unknown> = Parameters<Factory>[0];

export type ApiServices = Pick<ApiVersionsServices, 'features'> & {
  readonly forwarding: Forwarding;
  readonly shownTopics: ShownTopics;
} & QuorumServices &
  ServicesOf<typeof metadataHandler> &
  ServicesOf<typeof createTopicsHandler> &
  ServicesOf<typeof deleteTopicsHandler> &
  ServicesOf<typeof createPartitionsHandler> &
  ServicesOf<typeof describeClusterHandler> &
  ServicesOf<typeof listConfigResourcesHandler> &
  ServicesOf<typeof describeTopicPartitionsHandler> &
  ServicesOf<typeof produceHandler> &
  ServicesOf<typeof fetchHandler> &
  ServicesOf<typeof listOffsetsHandler> &
  ServicesOf<typeof deleteRecordsHandler> &
  ServicesOf<typeof offsetForLeaderEpochHandler> &
  ServicesOf<typeof initProducerIdHandler> &
  ServicesOf<typeof describeConfigsHandler> &
  ServicesOf<typeof alterConfigsHandler> &
  ServicesOf<typeof incrementalAlterConfigsHandler> &
  ServicesOf<typeof describeClientQuotasHandler> &
  ServicesOf<typeof alterClientQuotasHandler> &
  ServicesOf<typeof findCoordinatorHandler> &
  ServicesOf<typeof joinGroupHandler> &
  ServicesOf<typeof syncGroupHandler> &
  ServicesOf<typeof heartbeatHandler> &
  ServicesOf<typeof leaveGroupHandler> &
  ServicesOf<typeof offsetCommitHandler> &
  ServicesOf<typeof offsetFetchHandler> &
  ServicesOf<typeof describeGroupsHandler> &
  ServicesOf<typeof listGroupsHandler> &
  ServicesOf<typeof deleteGroupsHandler> &
  ServicesOf<typeof offsetDeleteHandler> &
  ServicesOf<typeof addPartitionsToTxnHandler> &
  ServicesOf<typeof addOffsetsToTxnHandler> &
  ServicesOf<typeof endTxnHandler> &
  ServicesOf<typeof writeTxnMarkersHandler> &
  ServicesOf<typeof txnOffsetCommitHandler> &
  ServicesOf<typeof describeProducersHandler> &
  ServicesOf<typeof describeTransactionsHandler> &
  ServicesOf<typeof listTransactionsHandler> &
  ServicesOf<typeof consumerGroupHeartbeatHandler> &
  ServicesOf<typeof consumerGroupDescribeHandler> &
  ServicesOf<typeof electLeadersHandler> &
  ServicesOf<typeof describeLogDirsHandler> &
  ServicesOf<typeof alterReplicaLogDirsHandler> & {
    /** Null: nothing receives what clients would push, so they are not offered to. */
    readonly telemetry: TelemetryServices['telemetry'] | null;
  };

export function createApiTable(services: ApiServices): ApiTable {
  const { telemetry } = services;
  const table: ApiTable = apiTableOf([
    apiOf(metadataHandler(services)),
    apiOf(apiVersionsHandler({ apis: (): readonly Api[] => [...table.values()], features: services.features })),
    apiOf(forwarded(createTopicsHandler(services), services.forwarding, createdTopicsShown(services.shownTopics))),
    apiOf(forwarded(deleteTopicsHandler(services), services.forwarding)),
    apiOf(forwarded(createPartitionsHandler(services), services.forwarding)),
    apiOf(describeClusterHandler(services)),
    apiOf(listConfigResourcesHandler(services)),
    apiOf(describeTopicPartitionsHandler(services)),
    apiOf(produceHandler(services)),
    apiOf(fetchHandler(services)),
    apiOf(listOffsetsHandler(services)),
    apiOf(deleteRecordsHandler(services)),
    apiOf(offsetForLeaderEpochHandler(services)),
    apiOf(initProducerIdHandler(services)),
    apiOf(describeConfigsHandler(services)),
    apiOf(alterConfigsHandler(services)),
    apiOf(incrementalAlterConfigsHandler(services)),
    apiOf(describeClientQuotasHandler(services)),
    apiOf(forwarded(alterClientQuotasHandler(services), services.forwarding)),
    apiOf(findCoordinatorHandler(services)),
    apiOf(joinGroupHandler(services)),
    apiOf(syncGroupHandler(services)),
    apiOf(heartbeatHandler(services)),
    apiOf(leaveGroupHandler(services)),
    apiOf(offsetCommitHandler(services)),
    apiOf(offsetFetchHandler(services)),
    apiOf(describeGroupsHandler(services)),
    apiOf(listGroupsHandler(services)),
    apiOf(deleteGroupsHandler(services)),
    apiOf(offsetDeleteHandler(services)),
    apiOf(addPartitionsToTxnHandler(services)),
    apiOf(addOffsetsToTxnHandler(services)),
    apiOf(endTxnHandler(services)),
    apiOf(writeTxnMarkersHandler(services)),
    apiOf(txnOffsetCommitHandler(services)),
    apiOf(describeProducersHandler(services)),
    apiOf(describeTransactionsHandler(services)),
    apiOf(listTransactionsHandler(services)),
    apiOf(consumerGroupHeartbeatHandler(services)),
    apiOf(consumerGroupDescribeHandler(services)),
    apiOf(forwarded(updateFeaturesHandler(services), services.forwarding)),
    apiOf(forwarded(describeQuorumHandler(services), services.forwarding)),
    apiOf(forwarded(addRaftVoterHandler(services), services.forwarding)),
    apiOf(forwarded(removeRaftVoterHandler(services), services.forwarding)),
    apiOf(forwarded(unregisterBrokerHandler(services), services.forwarding)),
    apiOf(forwarded(listPartitionReassignmentsHandler(services), services.forwarding)),
    apiOf(forwarded(electLeadersHandler(services), services.forwarding)),
    apiOf(forwarded(alterPartitionReassignmentsHandler(services), services.forwarding)),
    ...(telemetry === null
      ? []
      : [apiOf(getTelemetrySubscriptionsHandler({ telemetry })), apiOf(pushTelemetryHandler({ telemetry }))]),
    apiOf(describeLogDirsHandler(services)),
    apiOf(alterReplicaLogDirsHandler(services)),
  ]);
  return table;
}
