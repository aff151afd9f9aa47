import { topicNameProblem as textOfProblem } from '../base/topic-name.ts';
import type { ConfigProblem } from './config-problem.ts';

/** Null for a name that a topic may have, else the error of a resource of that name. */
export function topicNameProblem(name: string): ConfigProblem | null {
  const message = textOfProblem(name);
  return message === null ? null : { error: 'INVALID_TOPIC_EXCEPTION', message };
}
