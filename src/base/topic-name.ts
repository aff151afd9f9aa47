/** Rules for names of topics. Here, because every folder has to know them and no other folder may be imported by all. */

const TOPIC_NAME_LENGTH_MAX = 249;

const INTERNAL_TOPICS: ReadonlySet<string> = new Set([
  '__consumer_offsets',
  '__transaction_state',
  '__share_group_state',
]);

/** Topics that coordinators keep their state in; clients neither write to them nor delete their records. */
export function isInternalTopic(name: string): boolean {
  return INTERNAL_TOPICS.has(name);
}

/** Null for a name that a topic may have, else Kafka's words for what is wrong with it. */
export function topicNameProblem(name: string): string | null {
  const reason = reasonInvalid(name);
  return reason === null ? null : `Topic name is invalid: ${reason}`;
}

function reasonInvalid(name: string): string | null {
  if (name === '') return 'the empty string is not allowed';
  if (name === '.') return "'.' is not allowed";
  if (name === '..') return "'..' is not allowed";
  if (name.length > TOPIC_NAME_LENGTH_MAX) {
    return `the length of '${name}' is longer than the max allowed length ${TOPIC_NAME_LENGTH_MAX}`;
  }
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) {
    return `'${name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'`;
  }
  return null;
}

/** What names that differ only in '.' and '_' have in common; null for a name with neither. */
export function collisionName(name: string): string | null {
  return /[._]/.test(name) ? name.replaceAll('.', '_') : null;
}
