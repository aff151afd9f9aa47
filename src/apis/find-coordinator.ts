/**
 * FindCoordinator, key 10, versions 0-6.
 *
 * v1 coordinator types (KIP-98); v3 flexible; v4 several keys, each with an error of its own (KIP-699); v6 share
 * coordinators (KIP-932). Errors: COORDINATOR_NOT_AVAILABLE, INVALID_REQUEST (a type that is unknown, or that this
 * broker has no coordinator of: clients give up at once and show the message).
 *
 * The internal topic is created when it is first asked for; the answer then waits for its leader, where Kafka answers
 * COORDINATOR_NOT_AVAILABLE and lets the client try again.
 */
import type { InputOf } from '../wire/codec.ts';
import { type ErrorName, errorCode, KafkaError } from '../wire/errors.ts';
import {
  type FindCoordinatorRequest,
  findCoordinatorRequest,
  findCoordinatorResponse,
} from '../wire/schema/find-coordinator.ts';
import type { Handler, RequestContext } from './handler.ts';
import { endpointFor, type MetadataView } from './metadata-view.ts';

/** One kind of coordinator: the internal topic whose partition leaders are the coordinators. */
export interface CoordinatorKind {
  readonly topic: string;
  partitionFor(key: string): number;
}

export interface InternalTopics {
  /** Resolves when the topic exists and its leaders serve; rejects with a KafkaError where that takes too long. */
  create(topic: string, context: RequestContext): Promise<void>;
}

export interface FindCoordinatorServices {
  readonly coordinators: {
    readonly group: CoordinatorKind;
    readonly transaction?: CoordinatorKind;
    readonly share?: CoordinatorKind;
  };
  readonly internalTopics: InternalTopics;
  readonly metadata: MetadataView;
}

type Response = InputOf<typeof findCoordinatorResponse>;

type Found =
  | { readonly error: 'NONE'; readonly nodeId: number; readonly host: string; readonly port: number }
  | { readonly error: Exclude<ErrorName, 'NONE'>; readonly message: string };

const firstVersionWithShare = 6;
const firstVersionWithKeys = 4;
/** Kafka's words for INVALID_REQUEST where it has nothing to add. */
const unknownTypeMessage =
  'This most likely occurs because of a request being malformed by the client library or the message was sent to an ' +
  'incompatible broker. See the broker logs for more details.';
const noNode = { nodeId: -1, host: '', port: -1 };
const notAvailable: Found = { error: 'COORDINATOR_NOT_AVAILABLE', message: 'The coordinator is not available.' };

export function findCoordinatorHandler(
  services: FindCoordinatorServices,
): Handler<typeof findCoordinatorRequest, typeof findCoordinatorResponse> {
  return {
    request: findCoordinatorRequest,
    response: findCoordinatorResponse,

    async handle(request, context) {
      const kind = coordinatorKind(services, request.keyType, context.apiVersion);
      const keys = context.apiVersion < firstVersionWithKeys ? [request.key] : request.coordinatorKeys;
      const answers =
        typeof kind === 'string' ? keys.map(() => invalid(kind)) : await findAll(services, kind, keys, context);
      return respond(keys, answers, context.apiVersion);
    },

    failed(request, error, message, context) {
      const keys = context.apiVersion < firstVersionWithKeys ? [request.key] : request.coordinatorKeys;
      const found: Found = error === 'NONE' ? notAvailable : { error, message: message ?? error };
      return respond(
        keys,
        keys.map(() => found),
        context.apiVersion,
      );
    },
  };
}

/** The kind, or why there is none. */
function coordinatorKind(
  services: FindCoordinatorServices,
  keyType: FindCoordinatorRequest['keyType'],
  apiVersion: number,
): CoordinatorKind | string {
  const { group, transaction, share } = services.coordinators;
  switch (keyType) {
    case 0:
      return group;
    case 1:
      return transaction ?? 'This broker does not support transactions.';
    case 2:
      if (apiVersion < firstVersionWithShare) return '';
      return share ?? 'This broker does not support share groups.';
    default:
      return unknownTypeMessage;
  }
}

function invalid(message: string): Found {
  return { error: 'INVALID_REQUEST', message };
}

async function findAll(
  services: FindCoordinatorServices,
  kind: CoordinatorKind,
  keys: readonly string[],
  context: RequestContext,
): Promise<Found[]> {
  if (!services.metadata.image.topicsByName.has(kind.topic)) {
    try {
      await services.internalTopics.create(kind.topic, context);
    } catch (error) {
      // Whatever stands in the way (too few brokers, no controller) may pass: clients try again.
      if (!(error instanceof KafkaError)) throw error;
      return keys.map(() => notAvailable);
    }
  }
  return keys.map((key) => find(services.metadata, kind, key, context));
}

function find(metadata: MetadataView, kind: CoordinatorKind, key: string, context: RequestContext): Found {
  const { image } = metadata;
  const partition = image.topicsByName.get(kind.topic)?.partitions.get(kind.partitionFor(key));
  const leader = partition === undefined ? undefined : image.brokers.get(partition.leader);
  const endpoint = leader === undefined || leader.fenced ? null : endpointFor(leader, metadata, context.connection);
  if (leader === undefined || endpoint === null) return notAvailable;
  return { error: 'NONE', nodeId: leader.brokerId, host: endpoint.host, port: endpoint.port };
}

function respond(keys: readonly string[], answers: readonly Found[], apiVersion: number): Response {
  if (apiVersion < firstVersionWithKeys) {
    const found = answers[0]!;
    if (found.error === 'NONE') {
      // Kafka fills the message of a success with the name of its "error".
      const { nodeId, host, port } = found;
      return { errorCode: errorCode('NONE'), errorMessage: 'NONE', nodeId, host, port };
    }
    return { errorCode: errorCode(found.error), errorMessage: found.message, ...noNode };
  }
  return {
    coordinators: keys.map((key, i) => {
      const found = answers[i]!;
      if (found.error === 'NONE') {
        const { nodeId, host, port } = found;
        return { key, errorCode: errorCode('NONE'), errorMessage: '', nodeId, host, port };
      }
      const errorMessage = found.error === 'COORDINATOR_NOT_AVAILABLE' ? '' : found.message;
      return { key, errorCode: errorCode(found.error), errorMessage, ...noNode };
    }),
  };
}
