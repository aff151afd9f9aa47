// The differences from Apache Kafka that are known and meant. Each stands in docs/deviations.md, too; the test fails on a difference
// that is not here, and on one here that no longer shows.

import type { Difference } from './compare.ts';

export interface Deviation {
  readonly script: RegExp;
  readonly step: RegExp;
  readonly path: RegExp;
  /** The values, where they say more than the path. */
  readonly apache?: unknown;
  readonly ottla?: unknown;
  /** Text from docs/deviations.md, which has the reason. */
  readonly documented: string;
}

const UNKNOWN_SERVER_ERROR = -1;
const INVALID_TOPIC_EXCEPTION = 17;
const INVALID_REQUEST = 42;

export const deviations: readonly Deviation[] = [
  {
    script: /^metadata$/,
    step: /neither name nor id/,
    path: /errorCode$/,
    apache: UNKNOWN_SERVER_ERROR,
    ottla: INVALID_REQUEST,
    documented: 'Metadata v12+, a topic with neither name nor id',
  },
  {
    script: /^metadata$/,
    step: / creates Metadata/,
    path: /^topics/,
    documented: 'Metadata that creates a topic',
  },
  {
    script: /^describe-topic-partitions$/,
    step: /name ''/,
    path: /errorCode$/,
    apache: UNKNOWN_SERVER_ERROR,
    ottla: INVALID_TOPIC_EXCEPTION,
    documented: 'DescribeTopicPartitions, an empty topic name',
  },
  {
    script: /^describe-topic-partitions$/,
    step: /name ''/,
    path: /topicAuthorizedOperations$/,
    documented: 'DescribeTopicPartitions, an empty topic name',
  },
  {
    script: /^find-coordinator$/,
    step: /share key .* v6$/,
    path: /errorMessage$/,
    apache: '',
    documented: 'FindCoordinator for a share group answers INVALID_REQUEST',
  },
  {
    script: /^fetch$/,
    step: /negative bytes|unknown isolation/,
    path: /errorCode$/,
    apache: UNKNOWN_SERVER_ERROR,
    ottla: INVALID_REQUEST,
    documented: 'Fetch with negative size limits',
  },
  {
    script: /^list-offsets$/,
    step: /unknown isolation/,
    path: /errorCode$/,
    apache: UNKNOWN_SERVER_ERROR,
    ottla: INVALID_REQUEST,
    documented: 'an unknown isolation level',
  },
  {
    script: /^fetch$/,
    step: /a batch and a half/,
    path: /records$/,
    documented: 'a size limit that falls within a batch',
  },
  {
    script: /^compression$/,
    step: /topic of zstd Fetch v[4-9]$/,
    path: /^responses/,
    documented: 'Fetch before v10 from a topic with `compression.type=zstd`',
  },
  {
    script: /^describe-configs$/,
    step: /all there is/,
    path: /documentation$/,
    documented: 'The documentation that DescribeConfigs gives is our own',
  },
  {
    script: /^describe-configs$/,
    step: / logger /,
    path: /value$/,
    documented: 'Logger names (BROKER_LOGGER)',
  },
  {
    script: /^incremental-alter-configs$/,
    step: /log\.cleaner\.threads=0/,
    path: /errorMessage$/,
    apache: '/ by zero',
    documented: '`log.cleaner.threads=0`',
  },
  {
    script: /^transactions-bad$/,
    step: / no transactions AddPartitionsToTxn/,
    path: /^$/,
    apache: 'silence',
    documented: 'AddPartitionsToTxn v4+ without transactions',
  },
];

export function isListed(deviation: Deviation, difference: Difference): boolean {
  return (
    deviation.script.test(difference.script) &&
    deviation.step.test(difference.step) &&
    deviation.path.test(difference.path) &&
    (deviation.apache === undefined || deviation.apache === difference.apache) &&
    (deviation.ottla === undefined || deviation.ottla === difference.ottla)
  );
}
