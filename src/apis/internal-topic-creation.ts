/**
 * Creates the coordinators' internal topics when they are first needed, with the settings that the broker's configuration
 * gives them. Requests that need the same topic share one creation.
 */
import { errorName, KafkaError } from '../wire/errors.ts';
import type { InternalTopics } from './find-coordinator.ts';
import type { RequestContext } from './handler.ts';
import type { TopicController } from './topic-controller.ts';

export interface InternalTopicSettings {
  readonly numPartitions: number;
  /** Asked anew each time: the developer profile takes what the cluster can hold. */
  readonly replicationFactor: () => number;
  readonly configs: Readonly<Record<string, string>>;
}

const creationTimeoutMs = 10_000;

/** Configs of `__consumer_offsets`, beside the defaults. */
export function offsetsTopicConfigs(segmentBytes: number): Readonly<Record<string, string>> {
  return {
    'cleanup.policy': 'compact',
    'compression.type': 'producer',
    'segment.bytes': String(segmentBytes),
  };
}

/** Configs of `__transaction_state`, beside the defaults. */
export function transactionTopicConfigs(options: {
  readonly segmentBytes: number;
  readonly minInsyncReplicas: number;
}): Readonly<Record<string, string>> {
  return {
    'cleanup.policy': 'compact',
    'compression.type': 'uncompressed',
    'min.insync.replicas': String(options.minInsyncReplicas),
    'segment.bytes': String(options.segmentBytes),
    'unclean.leader.election.enable': 'false',
  };
}

export class InternalTopicCreation implements InternalTopics {
  readonly #controller: Pick<TopicController, 'createTopics'>;
  readonly #settings: ReadonlyMap<string, InternalTopicSettings>;
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(controller: Pick<TopicController, 'createTopics'>, settings: ReadonlyMap<string, InternalTopicSettings>) {
    this.#controller = controller;
    this.#settings = settings;
  }

  create(topic: string, context: RequestContext): Promise<void> {
    let creation = this.#underWay.get(topic);
    if (creation === undefined) {
      creation = this.#create(topic, context).finally(() => this.#underWay.delete(topic));
      this.#underWay.set(topic, creation);
    }
    return creation;
  }

  async #create(name: string, context: RequestContext): Promise<void> {
    const settings = this.#settings.get(name);
    if (settings === undefined) throw new KafkaError('INVALID_TOPIC_EXCEPTION', `${name} is not created on demand`);
    const [result] = await this.#controller.createTopics(
      {
        topics: [
          {
            name,
            numPartitions: settings.numPartitions,
            replicationFactor: settings.replicationFactor(),
            assignments: [],
            configs: Object.entries(settings.configs).map(([key, value]) => ({ name: key, value })),
          },
        ],
        timeoutMs: creationTimeoutMs,
        validateOnly: false,
      },
      context,
    );
    const error = errorName(result?.errorCode ?? 0);
    // Another broker, or a request through another one, may have been faster.
    if (error !== 'NONE' && error !== 'TOPIC_ALREADY_EXISTS') {
      throw new KafkaError(error, result?.errorMessage ?? undefined);
    }
  }
}
