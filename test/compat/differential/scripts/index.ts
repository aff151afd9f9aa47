import type { Script } from '../script.ts';
import { administrationScripts } from './administration.ts';
import { clusterScripts } from './cluster.ts';
import { configScripts } from './configs.ts';
import { consumerGroupScripts } from './consumer-groups.ts';
import { controllerListenerScripts } from './controller-listener.ts';
import { groupScripts } from './groups.ts';
import { logDirScripts } from './log-dirs.ts';
import { offsetScripts } from './offsets.ts';
import { quorumScripts } from './quorum.ts';
import { quotaScripts } from './quotas.ts';
import { recordScripts } from './records.ts';
import { strangerScripts } from './strangers.ts';
import { topicScripts } from './topics.ts';
import { transactionScripts } from './transactions.ts';
import { zombieScripts } from './zombies.ts';

/** Those that take longest come first, so that the others fill the gaps. */
export const scripts: readonly Script[] = [
  ...topicScripts,
  ...configScripts,
  ...quotaScripts,
  ...recordScripts,
  ...offsetScripts,
  ...groupScripts,
  ...consumerGroupScripts,
  ...transactionScripts,
  ...strangerScripts,
  ...zombieScripts,
  ...clusterScripts,
  ...administrationScripts,
  ...quorumScripts,
  ...logDirScripts,
  ...controllerListenerScripts,
];
