/** What a client metrics subscription can be told (KIP-714). */
import { type ConfigTable, key } from './config-key.ts';

export const clientMetricsConfigs = {
  'interval.ms': key('INT', '300000', 'MEDIUM', 'cluster-wide', {
    acts: true,
    doc: 'Time between pushes of a client.',
  }),
  match: key('LIST', '', 'MEDIUM', 'cluster-wide', {
    acts: true,
    doc: 'Which clients the subscription is for, as name=regular expression.',
  }),
  metrics: key('LIST', '', 'MEDIUM', 'cluster-wide', { acts: true, doc: 'Prefixes of the metrics that clients push.' }),
} satisfies ConfigTable;
