/** What ConsumerGroupDescribe says of a group: committed state, topics by the names that they have now. */
import type { Offset } from '../../base/flavor.ts';
import type { MetadataImage } from '../../metadata/metadata-image.ts';
import type { Assignment, ConsumerGroup, CurrentAssignment } from './consumer-group.ts';
import type { ConsumerGroupConfig } from './consumer-group-config.ts';
import { preferredAssignor } from './consumer-groups.ts';
import type { DescribedConsumerGroup, DescribedTopicPartitions } from './group-coordinator.ts';

export function describeConsumerGroup(
  group: ConsumerGroup,
  atOffset: Offset,
  config: ConsumerGroupConfig,
): DescribedConsumerGroup {
  const { groupEpoch, assignmentEpoch } = group.epochs(atOffset);
  const members = [...group.members(atOffset)];
  const image = config.image();
  return {
    error: 'NONE',
    errorMessage: null,
    groupId: group.groupId,
    groupState: group.state(atOffset),
    groupEpoch,
    assignmentEpoch,
    assignorName: preferredAssignor(members, config),
    members: members.map((member) => ({
      memberId: member.memberId,
      instanceId: member.instanceId,
      rackId: member.rackId,
      memberEpoch: member.memberEpoch,
      clientId: member.clientId,
      clientHost: member.clientHost,
      subscribedTopicNames: member.subscribedTopicNames,
      subscribedTopicRegex: member.subscribedTopicRegex,
      // What it is still to give up is its own until it has.
      assignment: described(union(member.assigned, member.pendingRevocation), image),
      targetAssignment: described(group.target(member.memberId, atOffset), image),
      usesClassicProtocol: member.classic !== null,
    })),
  };
}

/** Topics that are gone have no name to tell and are left out. */
function described(held: Assignment | CurrentAssignment, image: MetadataImage): DescribedTopicPartitions[] {
  const topics: DescribedTopicPartitions[] = [];
  for (const [topicId, partitions] of held) {
    const topic = image.topicsById.get(topicId);
    if (topic === undefined) continue;
    topics.push({ topicId, topicName: topic.name, partitions: [...partitions.keys()].sort((a, b) => a - b) });
  }
  return topics;
}

function union(a: CurrentAssignment, b: CurrentAssignment): CurrentAssignment {
  if (b.size === 0) return a;
  const both = new Map(a);
  for (const [topicId, partitions] of b) both.set(topicId, new Map([...(both.get(topicId) ?? []), ...partitions]));
  return both;
}

export function noConsumerGroup(groupId: string, errorMessage: string | null): DescribedConsumerGroup {
  return {
    error: 'GROUP_ID_NOT_FOUND',
    errorMessage,
    groupId,
    groupState: '',
    groupEpoch: 0,
    assignmentEpoch: 0,
    assignorName: '',
    members: [],
  };
}
