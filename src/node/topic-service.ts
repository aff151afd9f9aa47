/**
 * The topic APIs' way to the controller, and the topics that nobody created by hand: those that a client merely names, and
 * those that are wanted at start.
 */
import type { ClientQuotas } from '../apis/client-quotas.ts';
import type { RequestContext } from '../apis/handler.ts';
import type { AutoTopicCreation } from '../apis/metadata.ts';
import type { CreatableTopic, TopicController } from '../apis/topic-controller.ts';
import type { Timer } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Controller } from '../controller/controller.ts';
import type { MutationQuota } from '../controller/mutation-quota.ts';
import { errorName } from '../wire/errors.ts';
import type { ClusterChanges } from './cluster-changes.ts';
import type { TopicSpec } from './topic-spec.ts';
import { withinTimeout } from './within-timeout.ts';

const BROKER_DEFAULT = -1;

/** The controller of this very process. Its commands resolve when this broker's image and partitions show their effect. */
export class LocalTopicController implements TopicController {
  readonly #controller: Controller;
  readonly #timer: Timer;

  constructor(controller: Controller, timer: Timer) {
    this.#controller = controller;
    this.#timer = timer;
  }

  createTopics(command: Parameters<TopicController['createTopics']>[0]): ReturnType<TopicController['createTopics']> {
    return withinTimeout(this.#timer, command.timeoutMs, () => this.#controller.createTopics(command));
  }

  deleteTopics(command: Parameters<TopicController['deleteTopics']>[0]): ReturnType<TopicController['deleteTopics']> {
    return withinTimeout(this.#timer, command.timeoutMs, () => this.#controller.deleteTopics(command));
  }

  createPartitions(
    command: Parameters<TopicController['createPartitions']>[0],
  ): ReturnType<TopicController['createPartitions']> {
    return withinTimeout(this.#timer, command.timeoutMs, () => this.#controller.createPartitions(command));
  }
}

export interface AutoTopicsOptions {
  /** `auto.create.topics.enable` */
  readonly enabled: () => boolean;
  readonly changes: Pick<ClusterChanges, 'createTopics'>;
  readonly isInternal: (topic: string) => boolean;
  /** Internal topics have settings of their own. */
  readonly createInternal: (topic: string, context: RequestContext) => Promise<void>;
  readonly quotas: Pick<ClientQuotas, 'mutations'>;
  readonly logger: Logger;
}

/** Creates topics with the broker's defaults when a client names them. */
export class AutoTopics implements AutoTopicCreation {
  readonly #options: AutoTopicsOptions;

  constructor(options: AutoTopicsOptions) {
    this.#options = options;
  }

  get enabled(): boolean {
    return this.#options.enabled();
  }

  async create(topics: readonly string[], context: RequestContext): Promise<void> {
    const { isInternal, createInternal, logger } = this.#options;
    const internal = topics.filter((topic) => isInternal(topic));
    const plain = topics.filter((topic) => !isInternal(topic)).map((name) => newTopic(name));
    try {
      for (const topic of internal) await createInternal(topic, context);
      if (plain.length > 0) {
        await createTopics(this.#options.changes, plain, this.#options.quotas.mutations(context, true));
      }
    } catch (error) {
      // The answer shows what is there; the client asks again.
      logger.warn('topics could not be created automatically', { topics, error: String(error) });
    }
  }
}

/** The message names the topic and the reason. */
export class WantedTopicError extends Error {
  override name = 'WantedTopicError';
}

/** Creates what is wanted at start unless it exists. Rejects with WantedTopicError. */
export async function createWantedTopics(
  changes: Pick<ClusterChanges, 'createTopics'>,
  wanted: readonly TopicSpec[],
): Promise<void> {
  if (wanted.length === 0) return;
  const topics = wanted.map(({ name, partitions, replicationFactor, configs }) => ({
    ...newTopic(name),
    numPartitions: partitions,
    replicationFactor,
    configs: [...configs].map(([key, value]) => ({ name: key, value })),
  }));
  await createTopics(changes, topics);
}

async function createTopics(
  changes: Pick<ClusterChanges, 'createTopics'>,
  topics: readonly CreatableTopic[],
  mutationQuota?: MutationQuota,
): Promise<void> {
  const quota = mutationQuota === undefined ? {} : { mutationQuota };
  const results = await changes.createTopics({ topics, validateOnly: false, ...quota });
  for (const { name, errorCode = 0, errorMessage } of results) {
    const error = errorName(errorCode);
    // Two clients may name the same new topic at the same time.
    if (error !== 'NONE' && error !== 'TOPIC_ALREADY_EXISTS') {
      throw new WantedTopicError(`topic ${name} cannot be created: ${errorMessage ?? error}`);
    }
  }
}

function newTopic(name: string): CreatableTopic {
  return { name, numPartitions: BROKER_DEFAULT, replicationFactor: BROKER_DEFAULT, assignments: [], configs: [] };
}
