/**
 * The table of the APIs that this broker has, and nothing else says which those are: dispatch looks requests up in it and
 * the ApiVersions response is built from it. A new API is a handler file and a line here.
 */
import { alterConfigsHandler } from './alter-configs.ts';
import { type ApiVersionsServices, apiVersionsHandler } from './api-versions.ts';
import { consumerGroupDescribeHandler } from './consumer-group-describe.ts';
import { consumerGroupHeartbeatHandler } from './consumer-group-heartbeat.ts';
import { createPartitionsHandler } from './create-partitions.ts';
import { createTopicsHandler } from './create-topics.ts';
import { deleteGroupsHandler } from './delete-groups.ts';
import { deleteRecordsHandler } from './delete-records.ts';
import { deleteTopicsHandler } from './delete-topics.ts';
import { describeClusterHandler } from './describe-cluster.ts';
import { describeConfigsHandler } from './describe-configs.ts';
import { describeGroupsHandler } from './describe-groups.ts';
import { describeTopicPartitionsHandler } from './describe-topic-partitions.ts';
import { type Api, type ApiTable, apiOf } from './dispatch.ts';
import { fetchHandler } from './fetch.ts';
import { findCoordinatorHandler } from './find-coordinator.ts';
import { heartbeatHandler } from './heartbeat.ts';
import { incrementalAlterConfigsHandler } from './incremental-alter-configs.ts';
import { initProducerIdHandler } from './init-producer-id.ts';
import { joinGroupHandler } from './join-group.ts';
import { leaveGroupHandler } from './leave-group.ts';
import { listConfigResourcesHandler } from './list-config-resources.ts';
import { listGroupsHandler } from './list-groups.ts';
import { listOffsetsHandler } from './list-offsets.ts';
import { metadataHandler } from './metadata.ts';
import { offsetCommitHandler } from './offset-commit.ts';
import { offsetDeleteHandler } from './offset-delete.ts';
import { offsetFetchHandler } from './offset-fetch.ts';
import { offsetForLeaderEpochHandler } from './offset-for-leader-epoch.ts';
import { produceHandler } from './produce.ts';
import { syncGroupHandler } from './sync-group.ts';

export { type Api, type ApiTable, createDispatch, type DispatchOptions, type Reply } from './dispatch.ts';

/** What a factory in the list below asks for; `apis` of ApiVersions is the table itself. */
type ServicesOf<Factory extends (services: never) => unknown> = Parameters<Factory>[0];

export type ApiServices = Pick<ApiVersionsServices, 'features'> &
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
  ServicesOf<typeof consumerGroupHeartbeatHandler> &
  ServicesOf<typeof consumerGroupDescribeHandler>;

/** Ascending by API key, as Kafka lists them. */
export function createApiTable(services: ApiServices): ApiTable {
  const apis: Api[] = [
    apiOf(metadataHandler(services)),
    apiOf(apiVersionsHandler({ apis: () => apis, features: services.features })),
    apiOf(createTopicsHandler(services)),
    apiOf(deleteTopicsHandler(services)),
    apiOf(createPartitionsHandler(services)),
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
    apiOf(consumerGroupHeartbeatHandler(services)),
    apiOf(consumerGroupDescribeHandler(services)),
  ];
  apis.sort((a, b) => a.apiKey - b.apiKey);
  const table = new Map<number, Api>();
  for (const api of apis) {
    if (table.has(api.apiKey)) throw new Error(`two handlers for API key ${api.apiKey}`);
    table.set(api.apiKey, api);
  }
  return table;
}
