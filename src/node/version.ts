import { createRequire } from 'node:module';

/** Apache Kafka's release that Ottla speaks. */
export const KAFKA_RELEASE = '4.3';

const manifest = createRequire(import.meta.url)('ottla/package.json') as { version: string }; // our own, always there

/** Ottla's own version. */
export const version = manifest.version;
