/**
 * A broker's way to the active controller: this very process where it is active here, else a connection to where it is.
 * Everything is asked with the same words, and answered as the controller itself answers.
 *
 * Rejects with NOT_CONTROLLER where no controller is known, or it has just ceased to be; with NodeUnavailableError where it
 * cannot be reached. Callers ask again.
 */
import type { BrokerRegistration } from '../controller/broker-control.ts';
import type { CommandTable } from '../controller/commands.ts';
import { type ControlFailure, failure } from '../controller/control-record.ts';
import type { Controller } from '../controller/controller.ts';
import { type ErrorName, errorName, KafkaError } from '../wire/errors.ts';
import type { Answer, Exchange, NodeClient, NodeClients, SendOptions } from '../wire/node-client.ts';
import { allocateProducerIdsRequest, allocateProducerIdsResponse } from '../wire/schema/allocate-producer-ids.ts';
import { alterPartitionRequest, alterPartitionResponse } from '../wire/schema/alter-partition.ts';
import { assignReplicasToDirsRequest, assignReplicasToDirsResponse } from '../wire/schema/assign-replicas-to-dirs.ts';
import { brokerHeartbeatRequest, brokerHeartbeatResponse } from '../wire/schema/broker-heartbeat.ts';
import { brokerRegistrationRequest, brokerRegistrationResponse } from '../wire/schema/broker-registration.ts';
import type { MessageSchema } from '../wire/schema.ts';

export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

export interface ControllerChannelOptions {
  /** Of this process; standby where another is active, or where this node is a broker alone. */
  readonly controller: Controller;
  /** Null while none is known. */
  readonly activeController: () => { readonly nodeId: number; readonly address: NodeAddress } | null;
  readonly clients: NodeClients;
}

type Command<K extends keyof CommandTable> = CommandTable[K]['command'];
type Response<K extends keyof CommandTable> = Promise<CommandTable[K]['response']>;

const FIRST_VERSION_WITH_BROKER_EPOCHS = 3;
const FIRST_VERSION_WITH_CORDONED_DIRECTORIES = 2;

export class ControllerChannel {
  readonly #options: ControllerChannelOptions;
  #connection: { readonly address: NodeAddress; readonly client: NodeClient } | null = null;
  #closed = false;

  constructor(options: ControllerChannelOptions) {
    this.#options = options;
  }

  /** The controller of this process while it is the active one. */
  get local(): Controller | null {
    const { controller } = this.#options;
    return controller.active ? controller : null;
  }

  async registerBroker(
    registration: BrokerRegistration,
    options: { readonly replaces: boolean },
  ): Response<'registerBroker'> {
    if (this.local !== null) return this.local.registerBroker(registration, options);
    const { body } = await this.send(
      { request: brokerRegistrationRequest, response: brokerRegistrationResponse },
      {
        body: {
          brokerId: registration.brokerId,
          clusterId: registration.clusterId,
          incarnationId: registration.incarnationId,
          listeners: registration.listeners,
          features: Object.entries(registration.supportedFeatures).map(([name, { min, max }]) => ({
            name,
            minSupportedVersion: min,
            maxSupportedVersion: max,
          })),
          rack: registration.rack,
          logDirs: registration.logDirs,
          previousBrokerEpoch: registration.previousBrokerEpoch,
        },
      },
    );
    return failureOf(body) ?? { brokerEpoch: body.brokerEpoch };
  }

  async brokerHeartbeat(
    heartbeat: Omit<Command<'brokerHeartbeat'>, 'othersKnowOfShutdown'>,
  ): Response<'brokerHeartbeat'> {
    if (this.local !== null) return this.local.brokerHeartbeat(heartbeat);
    const { cordonedLogDirs, ...rest } = heartbeat;
    const { body } = await this.send(
      { request: brokerHeartbeatRequest, response: brokerHeartbeatResponse },
      {
        body: (apiVersion) =>
          apiVersion >= FIRST_VERSION_WITH_CORDONED_DIRECTORIES ? { ...rest, cordonedLogDirs } : rest,
      },
    );
    const { isCaughtUp, isFenced, shouldShutDown } = body;
    return failureOf(body) ?? { isCaughtUp, isFenced, shouldShutDown };
  }

  async allocateProducerIds(broker: Command<'allocateProducerIds'>): Response<'allocateProducerIds'> {
    if (this.local !== null) return this.local.allocateProducerIds(broker);
    const { body } = await this.send(
      { request: allocateProducerIdsRequest, response: allocateProducerIdsResponse },
      { body: broker },
    );
    return failureOf(body) ?? { firstProducerId: body.producerIdStart, count: body.producerIdLen };
  }

  async alterPartition({ topics, ...broker }: Command<'alterPartition'>): Response<'alterPartition'> {
    if (this.local !== null) return this.local.alterPartition({ topics, ...broker });
    const { body } = await this.send(
      { request: alterPartitionRequest, response: alterPartitionResponse },
      {
        body: (apiVersion) => ({
          ...broker,
          topics: topics.map(({ topicId, partitions }) => ({
            topicId,
            partitions: partitions.map(({ newIsr, newIsrWithEpochs, ...partition }) => ({
              ...partition,
              ...(apiVersion >= FIRST_VERSION_WITH_BROKER_EPOCHS ? { newIsrWithEpochs } : { newIsr }),
            })),
          })),
        }),
      },
    );
    return failureOf(body) ?? body.topics;
  }

  async assignReplicasToDirs(request: Command<'assignReplicasToDirs'>): Response<'assignReplicasToDirs'> {
    if (this.local !== null) return this.local.assignReplicasToDirs(request);
    const { body } = await this.send(
      { request: assignReplicasToDirsRequest, response: assignReplicasToDirsResponse },
      { body: request },
    );
    return failureOf(body) ?? body.directories;
  }

  /** To the active controller, which is not of this process. */
  send<Req extends MessageSchema, Res extends MessageSchema>(
    exchange: Exchange<Req, Res>,
    options: SendOptions<Req>,
  ): Promise<Answer<Res>> {
    const active = this.#options.activeController();
    if (active === null || this.#closed) {
      return Promise.reject(new KafkaError('NOT_CONTROLLER', 'No controller appears to be active.'));
    }
    return this.#clientFor(active.address).send(exchange, options);
  }

  /**
   * Somebody else may be the active controller now. Who waits for an answer of the former is told that there is none: one that
   * is stopped, or cut off, would keep a broker's heartbeats until its session is over.
   */
  controllerChanged(): void {
    const known = this.#connection;
    const active = this.#options.activeController();
    if (known === null || active === null) return;
    if (known.address.host === active.address.host && known.address.port === active.address.port) return;
    this.#connection = null;
    known.client.close();
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  close(): void {
    this.#closed = true;
    this.#connection?.client.close();
  }

  #clientFor(address: NodeAddress): NodeClient {
    const known = this.#connection;
    if (known !== null && known.address.host === address.host && known.address.port === address.port) {
      return known.client;
    }
    known?.client.close();
    const client = this.#options.clients(address);
    this.#connection = { address, client };
    return client;
  }
}

/** Null: there is none. Whoever is no longer the controller has not decided anything. */
function failureOf({ errorCode }: { readonly errorCode: number }): ControlFailure | null {
  const error: ErrorName = errorName(errorCode);
  if (error === 'NOT_CONTROLLER') throw new KafkaError(error);
  return error === 'NONE' ? null : failure(error, null);
}
