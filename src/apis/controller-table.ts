/**
 * The table of the APIs that controllers answer on their own listener; `index.ts` has that of brokers. A new API of the
 * controller is a handler file and a line here.
 */

import { addRaftVoterHandler } from './add-raft-voter.ts';
import { allocateProducerIdsHandler } from './allocate-producer-ids.ts';
import { alterClientQuotasHandler } from './alter-client-quotas.ts';
import { alterPartitionHandler } from './alter-partition.ts';
import { alterPartitionReassignmentsHandler } from './alter-partition-reassignments.ts';
import { type ApiVersionsServices, apiVersionsHandler } from './api-versions.ts';
import { assignReplicasToDirsHandler } from './assign-replicas-to-dirs.ts';
import { beginQuorumEpochHandler } from './begin-quorum-epoch.ts';
import { brokerHeartbeatHandler } from './broker-heartbeat.ts';
import { brokerRegistrationHandler } from './broker-registration.ts';
import { controllerAlterConfigsHandler, controllerIncrementalAlterConfigsHandler } from './controller-alter-configs.ts';
import { controllerRegistrationHandler } from './controller-registration.ts';
import { createPartitionsHandler } from './create-partitions.ts';
import { createTopicsHandler } from './create-topics.ts';
import { deleteTopicsHandler } from './delete-topics.ts';
import { describeControllersHandler } from './describe-controllers.ts';
import { describeQuorumHandler } from './describe-quorum.ts';
import { type Api, type ApiTable, apiOf, apiTableOf } from './dispatch.ts';
import { electLeadersHandler } from './elect-leaders.ts';
import { endQuorumEpochHandler } from './end-quorum-epoch.ts';
import { type EnvelopeServices, envelopeHandler } from './envelope.ts';
import { fetchQuorumHandler } from './fetch-quorum.ts';
import { fetchSnapshotHandler } from './fetch-snapshot.ts';
import { listPartitionReassignmentsHandler } from './list-partition-reassignments.ts';
import type { QuorumServices } from './quorum-replica.ts';
import { removeRaftVoterHandler } from './remove-raft-voter.ts';
import { unregisterBrokerHandler } from './unregister-broker.ts';
import { updateFeaturesHandler } from './update-features.ts';
import { updateRaftVoterHandler } from './update-raft-voter.ts';
import { voteHandler } from './vote.ts';

type ServicesOf<Factory extends (services: never) => unknown> = Parameters<Factory>[0];

export type ForwardedApiServices = ServicesOf<typeof createTopicsHandler> &
  ServicesOf<typeof deleteTopicsHandler> &
  ServicesOf<typeof createPartitionsHandler> &
  ServicesOf<typeof controllerAlterConfigsHandler> &
  ServicesOf<typeof controllerIncrementalAlterConfigsHandler> &
  ServicesOf<typeof electLeadersHandler> &
  ServicesOf<typeof alterClientQuotasHandler> &
  QuorumServices;

export type ControllerApiServices = Pick<ApiVersionsServices, 'features'> &
  ForwardedApiServices &
  ServicesOf<typeof describeControllersHandler> &
  ServicesOf<typeof controllerRegistrationHandler> &
  ServicesOf<typeof brokerRegistrationHandler> &
  EnvelopeServices &
  ServicesOf<typeof fetchQuorumHandler> &
  ServicesOf<typeof fetchSnapshotHandler>;

export function createControllerApiTable(services: ControllerApiServices): ApiTable {
  const table: ApiTable = apiTableOf([
    apiOf(apiVersionsHandler({ apis: (): readonly Api[] => [...table.values()], features: services.features })),
    apiOf(describeControllersHandler(services)),
    apiOf(controllerRegistrationHandler(services)),
    apiOf(brokerRegistrationHandler(services)),
    apiOf(brokerHeartbeatHandler(services)),
    apiOf(allocateProducerIdsHandler(services)),
    apiOf(alterPartitionHandler(services)),
    apiOf(assignReplicasToDirsHandler(services)),
    apiOf(envelopeHandler(services)),
    ...forwardedApis(services),
    apiOf(beginQuorumEpochHandler(services)),
    apiOf(endQuorumEpochHandler(services)),
    apiOf(fetchQuorumHandler(services)),
    apiOf(fetchSnapshotHandler(services)),
    apiOf(updateRaftVoterHandler(services)),
    apiOf(voteHandler(services)),
  ]);
  return table;
}

/** What may be in an Envelope; brokers send these on. */
export function createForwardedApiTable(services: ForwardedApiServices): ApiTable {
  return apiTableOf(forwardedApis(services));
}

function forwardedApis(services: ForwardedApiServices): Api[] {
  return [
    apiOf(createTopicsHandler(services)),
    apiOf(deleteTopicsHandler(services)),
    apiOf(createPartitionsHandler(services)),
    apiOf(controllerAlterConfigsHandler(services)),
    apiOf(controllerIncrementalAlterConfigsHandler(services)),
    apiOf(electLeadersHandler(services)),
    apiOf(alterPartitionReassignmentsHandler(services)),
    apiOf(listPartitionReassignmentsHandler(services)),
    apiOf(unregisterBrokerHandler(services)),
    apiOf(updateFeaturesHandler(services)),
    apiOf(describeQuorumHandler(services)),
    apiOf(addRaftVoterHandler(services)),
    apiOf(removeRaftVoterHandler(services)),
    apiOf(alterClientQuotasHandler(services)),
  ];
}
