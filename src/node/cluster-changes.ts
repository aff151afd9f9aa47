/** Creates topics that no client asked for by CreateTopics, and changes configs, at the active controller wherever it is. */
import type { AlterConfigsController } from '../apis/alter-configs.ts';
import type { AlterConfigsResult } from '../apis/alter-configs-preprocess.ts';
import type { IncrementalAlterConfigsController } from '../apis/incremental-alter-configs.ts';
import type { ShownTopics, TopicController } from '../apis/topic-controller.ts';
import type { Timer } from '../base/clock.ts';
import type { MetadataImage } from '../metadata/metadata-image.ts';
import { errorName } from '../wire/errors.ts';
import { alterConfigsRequest, alterConfigsResponse } from '../wire/schema/alter-configs.ts';
import { createTopicsRequest, createTopicsResponse } from '../wire/schema/create-topics.ts';
import {
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from '../wire/schema/incremental-alter-configs.ts';
import type { ControllerChannel } from './controller-channel.ts';
import type { ForwardedRequests } from './forwarded-requests.ts';

const CREATE_TOPICS_VERSION = 7;
const ALTER_CONFIGS_VERSION = 2;
const INCREMENTAL_ALTER_CONFIGS_VERSION = 1;
const IMAGE_CHECK_MS = 10;
const IMAGE_WAIT_MS = 5_000;
const TIMEOUT_MS = 30_000;

export interface ClusterChangesOptions {
  readonly channel: ControllerChannel;
  readonly forwarding: ForwardedRequests;
  readonly image: () => MetadataImage;
  readonly timer: Timer;
}

type CreateTopics = Pick<TopicController, 'createTopics'>['createTopics'];

export class ClusterChanges implements ShownTopics {
  readonly #options: ClusterChangesOptions;

  constructor(options: ClusterChangesOptions) {
    this.#options = options;
  }

  /** Resolves when this broker's image has the topics, as far as they could be created. */
  async createTopics(command: Omit<Parameters<CreateTopics>[0], 'timeoutMs'>): ReturnType<CreateTopics> {
    const { channel, forwarding } = this.#options;
    if (channel.local !== null) return channel.local.createTopics(command);
    const exchange = { request: createTopicsRequest, response: createTopicsResponse };
    const { topics } = await forwarding.ask(exchange, CREATE_TOPICS_VERSION, {
      topics: command.topics,
      timeoutMs: TIMEOUT_MS,
      validateOnly: command.validateOnly,
    });
    const created = topics.filter(({ errorCode }) => errorCode === 0).map(({ name }) => name);
    await this.untilShown(created);
    return topics;
  }

  /** As a part of this broker's image. */
  async untilShown(names: readonly string[]): Promise<void> {
    const { image, timer } = this.#options;
    for (let waitedMs = 0; waitedMs < IMAGE_WAIT_MS; waitedMs += IMAGE_CHECK_MS) {
      if (names.every((name) => image().topicsByName.has(name))) return;
      await new Promise<void>((resolve) => timer.schedule(IMAGE_CHECK_MS, resolve));
    }
  }

  async incrementalAlterConfigs(
    ...[resources, { validateOnly }]: Parameters<IncrementalAlterConfigsController['incrementalAlterConfigs']>
  ): Promise<readonly AlterConfigsResult[]> {
    const { channel, forwarding } = this.#options;
    if (channel.local !== null) return channel.local.incrementalAlterConfigs(resources, { validateOnly });
    const exchange = { request: incrementalAlterConfigsRequest, response: incrementalAlterConfigsResponse };
    const body = { resources, validateOnly };
    const { responses } = await forwarding.ask(exchange, INCREMENTAL_ALTER_CONFIGS_VERSION, body);
    return responses.map(resultOf);
  }

  async alterConfigs(
    ...[resources, { validateOnly }]: Parameters<AlterConfigsController['alterConfigs']>
  ): Promise<readonly AlterConfigsResult[]> {
    const { channel, forwarding } = this.#options;
    if (channel.local !== null) return channel.local.alterConfigs(resources, { validateOnly });
    const exchange = { request: alterConfigsRequest, response: alterConfigsResponse };
    const { responses } = await forwarding.ask(exchange, ALTER_CONFIGS_VERSION, { resources, validateOnly });
    return responses.map(resultOf);
  }
}

function resultOf(response: {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly resourceType: number;
  readonly resourceName: string;
}): AlterConfigsResult {
  const { errorCode, errorMessage: message, resourceType, resourceName } = response;
  return { resourceType, resourceName, error: errorName(errorCode), message };
}
