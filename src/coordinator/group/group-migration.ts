/** Changing a living group between the classic and the KIP-848 protocol (`group.consumer.migration.policy`). */
import { KafkaError } from '../../wire/errors.ts';
import type { ClassicGroups } from './classic-groups.ts';
import type { Turn } from './commands.ts';
import type { ConsumerGroup } from './consumer-group.ts';
import type { ConsumerGroupRecord } from './consumer-group-records.ts';
import type { Migration } from './consumer-groups.ts';
import type { GroupConfig } from './group-config.ts';

export class GroupMigration implements Migration {
  readonly #classic: ClassicGroups;

  constructor(_config: GroupConfig, classic: ClassicGroups) {
    this.#classic = classic;
  }

  upgrade(groupId: string, _turn: Turn): ConsumerGroupRecord[] {
    if (this.#classic.get(groupId)?.state === 'Empty') return [];
    throw new KafkaError('GROUP_ID_NOT_FOUND', `Group ${groupId} is not a consumer group.`);
  }

  maybeDowngrade(_group: ConsumerGroup, _leaving: ReadonlySet<string>, _turn: Turn): boolean {
    return false;
  }
}
