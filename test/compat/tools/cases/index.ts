import type { ToolScript } from '../tool-script.ts';
import { adminScripts } from './admin.ts';
import { clusterScripts } from './cluster.ts';
import { groupScripts } from './groups.ts';
import { recordScripts } from './records.ts';
import { storageScripts } from './storage.ts';
import { topicScripts } from './topics.ts';

export const scripts: readonly ToolScript[] = [
  ...topicScripts,
  ...groupScripts,
  ...recordScripts,
  ...clusterScripts,
  ...adminScripts,
  ...storageScripts,
];
