import type { ErrorName } from '../wire/errors.ts';

const INTERNAL_TOPICS: ReadonlySet<string> = new Set([
  '__consumer_offsets',
  '__transaction_state',
  '__share_group_state',
]);
const NAME_LENGTH_MAX = 249;

/** The KRaft log: no topic that a client could create or read. */
export const CLUSTER_METADATA_TOPIC = '__cluster_metadata';

export function isInternalTopic(name: string): boolean {
  return INTERNAL_TOPICS.has(name);
}

export function isValidTopicName(name: string): boolean {
  return name.length <= NAME_LENGTH_MAX && name !== '.' && name !== '..' && /^[a-zA-Z0-9._-]+$/.test(name);
}

/** Why a topic that is not there is not there. */
export function missingTopicError(name: string): ErrorName {
  return isValidTopicName(name) ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'INVALID_TOPIC_EXCEPTION';
}
