/** What AlterClientQuotas and the SCRAM APIs can set for a user, a client id or an address. */
import { type ConfigTable, key } from './config-key.ts';

/** For users, client ids and their pairs. */
export const userAndClientQuotaConfigs = {
  consumer_byte_rate: key('LONG', '9223372036854775807', 'MEDIUM', 'cluster-wide', {
    acts: true,
    doc: 'Bytes per second that a client may fetch.',
  }),
  controller_mutation_rate: key('DOUBLE', '2.147483647E9', 'MEDIUM', 'cluster-wide', {
    acts: true,
    doc: 'Partitions per second that a client may create or delete.',
  }),
  producer_byte_rate: key('LONG', '9223372036854775807', 'MEDIUM', 'cluster-wide', {
    acts: true,
    doc: 'Bytes per second that a client may produce.',
  }),
  request_percentage: key('DOUBLE', '2.147483647E9', 'MEDIUM', 'cluster-wide', {
    acts: true,
    doc: 'Per cent of the time of the event loop that a client may use.',
  }),
} satisfies ConfigTable;

export const userConfigs = {
  'SCRAM-SHA-256': key('STRING', null, 'MEDIUM', 'cluster-wide', { acts: true, doc: 'SCRAM credential of the user.' }),
  'SCRAM-SHA-512': key('STRING', null, 'MEDIUM', 'cluster-wide', { acts: true, doc: 'SCRAM credential of the user.' }),
  ...userAndClientQuotaConfigs,
} satisfies ConfigTable;

export const ipConfigs = {
  connection_creation_rate: key('INT', '2147483647', 'MEDIUM', 'cluster-wide', {
    valid: '[0,...]',
    acts: true,
    doc: 'Connections per second that an address may open.',
  }),
} satisfies ConfigTable;
