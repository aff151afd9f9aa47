/**
 * What the APIs of the cluster's administration need of the active controller; `node.ts` plugs it in. Each command resolves
 * when its records are committed and this node shows their effect, and rejects with a KafkaError when there is no active
 * controller here, or when `timeoutMs` is over.
 */
import type { CommandTable } from '../controller/commands.ts';

type Command<K extends keyof CommandTable> = CommandTable[K]['command'];
type Answer<K extends keyof CommandTable> = Promise<CommandTable[K]['response']>;

interface Limited {
  readonly timeoutMs: number;
}

export interface ClusterController {
  electLeaders(command: Command<'electLeaders'> & Limited): Answer<'electLeaders'>;
  alterPartitionReassignments(
    command: Command<'alterPartitionReassignments'> & Limited,
  ): Answer<'alterPartitionReassignments'>;
  listPartitionReassignments(command: Command<'listPartitionReassignments'>): Answer<'listPartitionReassignments'>;
  unregisterBroker(brokerId: number): Answer<'unregisterBroker'>;
  updateFeatures(command: Omit<Command<'updateFeatures'>, 'kraftVersion'>): Answer<'updateFeatures'>;
}
