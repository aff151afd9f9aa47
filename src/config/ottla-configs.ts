/**
 * Settings of Ottla's own. Apache Kafka, given the same properties file, names them in a warning and goes on; so they are no
 * rows of Kafka's tables, and DescribeConfigs treats them as it treats any name that Kafka does not know.
 */
import { type ConfigTable, key } from './config-key.ts';

export const ottlaConfigs = {
  'ottla.metrics.host': key('STRING', '127.0.0.1', 'MEDIUM', 'read-only', {
    acts: true,
    doc: 'Address on which metrics and health are served; 0.0.0.0 or :: for every address.',
  }),
  'ottla.metrics.port': key('INT', null, 'MEDIUM', 'read-only', {
    valid: '[0,...,65535]',
    acts: true,
    doc: 'Port of /metrics, /healthz and /readyz; 0 takes a free one. Nothing is served while it is not set.',
  }),
} satisfies ConfigTable;

export type OttlaConfigName = keyof typeof ottlaConfigs;
