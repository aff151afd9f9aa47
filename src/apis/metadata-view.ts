/**
 * What handlers see of the cluster's metadata: the newest image this broker has applied, and who answers.
 */
import { isOnlineDirectory, UNASSIGNED_DIRECTORY } from '../metadata/directory-id.ts';
import type { BrokerImage, MetadataImage, PartitionImage } from '../metadata/metadata-image.ts';
import type { ConnectionContext } from './handler.ts';

export interface MetadataView {
  /** Immutable; take it once per request. */
  readonly image: MetadataImage;
  readonly clusterId: string;
  /** The node that answers. */
  readonly brokerId: number;
  /**
   * Nobody configured `advertised.listeners` (developer profile): the answering node is given as the address and port
   * that the client itself dialled, which is known to work; the brokers beside it on the same machine, too, as that address.
   */
  readonly advertisesDialledAddress: boolean;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Where this client reaches a broker: the endpoint of the listener it came in by. Null where the broker has none. */
export function endpointFor(broker: BrokerImage, view: MetadataView, connection: ConnectionContext): Endpoint | null {
  const listener = listenerOf(broker, connection.listenerName);
  if (listener === null) return null;
  const { host, port } = listener;
  if (!view.advertisesDialledAddress) return { host, port };
  const { localHost, localPort } = connection;
  if (broker.brokerId === view.brokerId) return { host: localHost, port: localPort };
  // Whichever broker a client asks, each has the same address: kafkajs and librdkafka leave a broker whose address has changed, with
  // everything that is under way.
  const own = view.image.brokers.get(view.brokerId);
  const isBeside = own !== undefined && listenerOf(own, connection.listenerName)?.host === host;
  return { host: isBeside ? localHost : host, port };
}

/** Brokers that take requests, with the endpoint this client can reach; others are left out. */
export function aliveBrokers(
  view: MetadataView,
  connection: ConnectionContext,
): { broker: BrokerImage; endpoint: Endpoint }[] {
  const alive: { broker: BrokerImage; endpoint: Endpoint }[] = [];
  for (const broker of view.image.brokers.values()) {
    if (broker.fenced) continue;
    const endpoint = endpointFor(broker, view, connection);
    if (endpoint !== null) alive.push({ broker, endpoint });
  }
  return alive;
}

/**
 * The "controller" that clients are told: clients cannot reach a KRaft controller, so Kafka names a random broker that
 * forwards (KIP-590). Here the answering broker names itself while it is alive; -1 where no broker is.
 */
export function controllerIdForClients(view: MetadataView): number {
  const { image, brokerId } = view;
  if (image.brokers.get(brokerId)?.fenced === false) return brokerId;
  for (const broker of image.brokers.values()) if (!broker.fenced) return broker.brokerId;
  return -1;
}

/** What Metadata and DescribeTopicPartitions tell of one partition's replicas, seen from one listener. */
export interface PartitionView {
  /** -1 where the leader cannot be reached. */
  readonly leaderId: number;
  /** The leader is registered but has no listener of this name. */
  readonly leaderLacksListener: boolean;
  readonly offlineReplicas: number[];
}

export function viewPartition(partition: PartitionImage, image: MetadataImage, listenerName: string): PartitionView {
  const leader = image.brokers.get(partition.leader);
  const reachable = leader !== undefined && hasListener(leader, listenerName);
  const offlineReplicas: number[] = [];
  for (let i = 0; i < partition.replicas.length; i++) {
    const brokerId = partition.replicas[i]!;
    const broker = image.brokers.get(brokerId);
    const online =
      broker !== undefined &&
      !broker.fenced &&
      hasListener(broker, listenerName) &&
      isOnlineDirectory(partition.directories[i] ?? UNASSIGNED_DIRECTORY, broker.logDirs);
    if (!online) offlineReplicas.push(brokerId);
  }
  return {
    leaderId: reachable ? partition.leader : -1,
    leaderLacksListener: leader !== undefined && !reachable,
    offlineReplicas,
  };
}

/** Replicas on brokers that are alive and have the listener: what Metadata version 0 lists. */
export function aliveReplicas(brokerIds: readonly number[], image: MetadataImage, listenerName: string): number[] {
  return brokerIds.filter((brokerId) => {
    const broker = image.brokers.get(brokerId);
    return broker !== undefined && !broker.fenced && hasListener(broker, listenerName);
  });
}

function listenerOf(broker: BrokerImage, listenerName: string): BrokerImage['listeners'][number] | null {
  return broker.listeners.find(({ name }) => name === listenerName) ?? null;
}

function hasListener(broker: BrokerImage, listenerName: string): boolean {
  return listenerOf(broker, listenerName) !== null;
}
