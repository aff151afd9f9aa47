import type { ConfigProblem } from './config-problem.ts';

/** Null for a name that a topic may have, else Kafka's words for what is wrong with it. */
export function topicNameProblem(name: string): ConfigProblem | null {
  const reason = reasonInvalid(name);
  return reason === null ? null : { error: 'INVALID_TOPIC_EXCEPTION', message: `Topic name is invalid: ${reason}` };
}

const topicNameLengthMax = 249;

function reasonInvalid(name: string): string | null {
  if (name === '') return 'the empty string is not allowed';
  if (name === '.') return "'.' is not allowed";
  if (name === '..') return "'..' is not allowed";
  if (name.length > topicNameLengthMax) {
    return `the length of '${name}' is longer than the max allowed length ${topicNameLengthMax}`;
  }
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) {
    return `'${name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'`;
  }
  return null;
}
