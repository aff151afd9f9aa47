import manifest from 'ottla/package.json' with { type: 'json' };

/** Apache Kafka's release that Ottla speaks. */
export const KAFKA_RELEASE = '4.3';

/** Ottla's own version. */
export const version = manifest.version;
