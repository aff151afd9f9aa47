/** What a controller answers on its own listener, and what brokers send on to it. */
import { noMutationQuota, noTimeQuota } from '../apis/client-quotas.ts';
import {
  createControllerApiTable,
  createDispatch,
  createForwardedApiTable,
  type DispatchOptions,
} from '../apis/index.ts';
import type { Timer } from '../base/clock.ts';
import type { DynamicBrokerConfig } from '../config/dynamic-broker-config.ts';
import { supportedFeatureRanges } from '../metadata/features.ts';
import type { Dispatch } from '../net/connection.ts';
import { addressOf } from '../net/host-lookup.ts';
import { LocalClusterController } from './cluster-service.ts';
import type { MetadataQuorum } from './metadata-quorum.ts';
import { LocalTopicController } from './topic-service.ts';

export interface ControllerDispatchOptions extends Omit<DispatchOptions, 'table' | 'quotas'> {
  readonly quorum: MetadataQuorum;
  readonly clusterId: string;
  readonly brokerConfig: DynamicBrokerConfig;
  readonly timer: Timer;
}

export function newControllerDispatch(options: ControllerDispatchOptions): Dispatch {
  const { quorum, clusterId, brokerConfig, timer } = options;
  const { controller } = quorum;
  const image = () => quorum.image;
  const services = {
    controller,
    topicController: new LocalTopicController(controller, timer),
    clusterController: new LocalClusterController({ controller, timer, image }),
    topicDeletion: {
      get enabled() {
        return brokerConfig.current.boolean('delete.topic.enable');
      },
    },
    hosts: { addressOf },
    quotas: noMutationQuota,
    metadata: {
      get image() {
        return quorum.image;
      },
      clusterId,
      brokerId: brokerConfig.node.nodeId,
      advertisesDialledAddress: false,
    },
  };
  const forwarded = createDispatch({ ...options, table: createForwardedApiTable(services), quotas: noTimeQuota });
  const table = createControllerApiTable({
    ...services,
    features: () => ({
      supported: supportedFeatureRanges,
      finalized: quorum.image.features,
      finalizedEpoch: quorum.image.highestOffset,
    }),
    controllers: {
      clusterId,
      get image() {
        return quorum.image;
      },
      get leaderId() {
        return quorum.raft.leaderId;
      },
    },
    isActiveController: () => controller.active,
    serveForwarded: async (frame, connection) => {
      const reply = await forwarded(frame, connection);
      if (reply === null || 'close' in reply) return null;
      const chunks = 'throttled' in reply ? (reply.throttled ?? []) : reply;
      return Buffer.concat(chunks).subarray(FRAME_SIZE_BYTES);
    },
  });
  return createDispatch({ ...options, table, quotas: noTimeQuota });
}

const FRAME_SIZE_BYTES = 4;
