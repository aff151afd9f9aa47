/** The storage settings of each topic, resolved from its own configs and the broker's; kept until one of the two changes. */
import type { DynamicBrokerConfig } from '../config/dynamic-broker-config.ts';
import { resolveTopicConfig, type TopicConfig } from '../config/topic-config.ts';
import type { MetadataImage } from '../metadata/metadata-image.ts';

export class TopicSettings {
  readonly #brokerConfig: DynamicBrokerConfig;
  readonly #image: () => MetadataImage;
  readonly #resolved = new Map<string, TopicConfig>();
  /** What a topic without configs of its own has; most topics are such. */
  #plain: TopicConfig | null = null;

  constructor(brokerConfig: DynamicBrokerConfig, image: () => MetadataImage) {
    this.#brokerConfig = brokerConfig;
    this.#image = image;
  }

  of(topic: string): TopicConfig {
    const overrides = this.#image().configs.topic(topic);
    if (overrides.size === 0) {
      this.#plain ??= resolveTopicConfig(this.#brokerConfig.current, overrides);
      return this.#plain;
    }
    let config = this.#resolved.get(topic);
    if (config === undefined) {
      config = resolveTopicConfig(this.#brokerConfig.current, overrides);
      this.#resolved.set(topic, config);
    }
    return config;
  }

  /** The topic's configs changed, or the topic is gone. */
  forget(topic: string): void {
    this.#resolved.delete(topic);
  }

  /** The broker's settings changed. */
  forgetAll(): void {
    this.#resolved.clear();
    this.#plain = null;
  }
}
