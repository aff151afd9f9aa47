/**
 * What a scrape says of the groups that this broker coordinates. Kafka's broker does not tell lag; the names are those of the
 * exporter that people put beside it. A broker knows the high watermark of the partitions that it leads, and only of these.
 */
import type { CoordinatorCounters } from '../coordinator/counters.ts';
import type { GroupCoordinator } from '../coordinator/group/group-coordinator.ts';
import type { MetricCollection, MetricSource } from '../metrics/metric-family.ts';
import type { PartitionLookup } from '../replication/partition-lookup.ts';

type GroupsView = Pick<GroupCoordinator, 'listGroups' | 'fetchOffsets' | 'describeGroups' | 'describeConsumerGroups'>;

/** Beyond these a scrape leaves the rest out, so that its size stays bearable. */
const GROUPS_MAX = 2000;
const OFFSETS_MAX = 20_000;
/** With this version a group that is not there is an error, not a dead group. */
const DESCRIBE_VERSION = 6;

export function groupMetrics(groups: GroupsView, partitions: PartitionLookup): MetricSource {
  return async (samples) => {
    const { groups: listed } = await groups.listGroups([], []);
    const countByKind = new Map<string, number>();
    for (const { groupType, groupState } of listed) {
      const kind = `${groupType} ${groupState}`;
      countByKind.set(kind, (countByKind.get(kind) ?? 0) + 1);
    }
    for (const [kind, count] of countByKind) {
      const [protocol, state] = kind.split(' ');
      samples.add('kafka_server_group_coordinator_metrics_group_count', count, { protocol: protocol!, state: state! });
    }
    let room = OFFSETS_MAX;
    for (const { groupId, groupType } of listed.slice(0, GROUPS_MAX)) {
      const described =
        groupType === 'classic'
          ? await groups.describeGroups([groupId], DESCRIBE_VERSION)
          : groupType === 'consumer'
            ? await groups.describeConsumerGroups([groupId])
            : [];
      if (described[0]?.error === 'NONE') {
        samples.add('kafka_consumergroup_members', described[0].members.length, { consumergroup: groupId });
      }
      if (room > 0) room -= await addOffsets(samples, groups, partitions, groupId, room);
    }
  };
}

export function coordinatorMetrics(counters: {
  readonly group: CoordinatorCounters;
  readonly transaction: CoordinatorCounters;
}): MetricSource {
  return (samples) => {
    samples.add('kafka_server_group_coordinator_metrics_partition_load_time_max', counters.group.loadMsMax);
    samples.add('kafka_server_transaction_coordinator_metrics_partition_load_time_max', counters.transaction.loadMsMax);
    for (const [coordinator, counted] of Object.entries(counters)) {
      samples.add('ottla_coordinator_loaded_partitions_total', counted.loadedPartitions, { coordinator });
      samples.add('ottla_coordinator_failed_loads_total', counted.failedLoads, { coordinator });
      samples.add('ottla_coordinator_commands_total', counted.commands, { coordinator });
      samples.add('ottla_coordinator_refused_commands_total', counted.refusedCommands, { coordinator });
      samples.add('ottla_coordinator_written_records_total', counted.writtenRecords, { coordinator });
      samples.add('ottla_coordinator_failed_writes_total', counted.failedWrites, { coordinator });
      samples.add('ottla_coordinator_timed_out_writes_total', counted.timedOutWrites, { coordinator });
    }
  };
}

/** Gives the number of offsets. */
async function addOffsets(
  samples: MetricCollection,
  groups: GroupsView,
  partitions: PartitionLookup,
  groupId: string,
  room: number,
): Promise<number> {
  const { error, topics } = await groups.fetchOffsets({
    groupId,
    memberId: null,
    memberEpoch: -1,
    topics: null,
    requireStable: false,
  });
  if (error !== 'NONE') return 0;
  let count = 0;
  for (const { name, partitions: fetched } of topics) {
    for (const { partition, committedOffset } of fetched) {
      if (committedOffset < 0) continue;
      if (count === room) return count;
      count++;
      const labels = { consumergroup: groupId, topic: name, partition };
      samples.add('kafka_consumergroup_current_offset', committedOffset, labels);
      const found = partitions.find(name, partition);
      if (typeof found === 'string' || !found.isLeader) continue;
      samples.add('kafka_consumergroup_lag', Math.max(0, found.highWatermark - committedOffset), labels);
    }
  }
  return count;
}
