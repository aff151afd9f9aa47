/** What a controller answers on its own listener, and what brokers send on to it. */
import { type ClientQuotas, noTimeQuota } from '../apis/client-quotas.ts';
import {
  createControllerApiTable,
  createDispatch,
  createForwardedApiTable,
  type DispatchOptions,
} from '../apis/index.ts';
import type { QuorumReplica } from '../apis/quorum-replica.ts';
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
  readonly quorumFetchMaxBytes: number;
  readonly quorumFetchSnapshotMaxBytes: number;
  readonly brokerConfig: DynamicBrokerConfig;
  readonly timer: Timer;
  /** Of this node: what its own broker hears and what others send on counts together. */
  readonly clientQuotas: ClientQuotas;
}

export function newControllerDispatch(options: ControllerDispatchOptions): Dispatch {
  const { quorum, brokerConfig, timer, quorumFetchMaxBytes, quorumFetchSnapshotMaxBytes } = options;
  const { clusterId } = quorum;
  const { controller } = quorum;
  const image = () => quorum.image;
  const services = {
    controller,
    quorum: quorumReplica(quorum),
    topicController: new LocalTopicController(controller, timer),
    clusterController: new LocalClusterController({ controller, timer, image }),
    topicDeletion: {
      get enabled() {
        return brokerConfig.current.boolean('delete.topic.enable');
      },
    },
    hosts: { addressOf },
    quotas: mutationQuotas(options),
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
    quorumFetchMaxBytes,
    quorumFetchSnapshotMaxBytes,
  });
  return createDispatch({ ...options, table, quotas: noTimeQuota });
}

const FRAME_SIZE_BYTES = 4;

/** What clients may still change, where brokers send on what they ask (KIP-599). */
function mutationQuotas({ quorum, clientQuotas: quotas }: ControllerDispatchOptions): Pick<ClientQuotas, 'mutations'> {
  let known: object | null = null;
  return {
    mutations(context, strict) {
      const { clientQuotas } = quorum.image;
      if (clientQuotas !== known) quotas.update(clientQuotas.values());
      known = clientQuotas;
      return quotas.mutations(context, strict);
    },
  };
}

/** This node's replica as the APIs see it. */
export function quorumReplica({ raft, clusterId }: MetadataQuorum): QuorumReplica {
  return {
    clusterId,
    handle: (request, limits, senderAddress) => raft.handle(request, limits, senderAddress),
    describe: () => raft.describe(),
    voterChanges: raft.voterChanges,
    get voters() {
      return raft.voters;
    },
    get leaderId() {
      return raft.leaderId;
    },
    get leaderEpoch() {
      return raft.leaderEpoch;
    },
    get leaderAddress() {
      return raft.leaderAddress;
    },
  };
}
