import { topicNameProblem } from '../base/topic-name.ts';
import type { ErrorName } from '../wire/errors.ts';

/** The KRaft log: no topic that a client could create or read. */
export const CLUSTER_METADATA_TOPIC = '__cluster_metadata';

/** Why a topic that is not there is not there. */
export function missingTopicError(name: string): ErrorName {
  return topicNameProblem(name) === null ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'INVALID_TOPIC_EXCEPTION';
}
