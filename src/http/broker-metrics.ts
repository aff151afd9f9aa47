/** What a scrape says of the partitions and logs of this broker. */
import type { MetricCollection, MetricSource } from '../metrics/metric-family.ts';
import type { HostedPartitions } from '../replication/hosted-partitions.ts';

/** The logs of every directory. */
export interface LogsView {
  logs(): Iterable<{
    readonly topicPartition: { readonly topic: string; readonly partition: number };
    readonly sizeInBytes: number;
    readonly logStartOffset: number;
    readonly logEndOffset: number;
    readonly segmentCount: number;
  }>;
  offlineDirectoryCount(): number;
  cleaning(): { readonly cleanings: number; readonly bytesFreed: number; readonly uncleanable: number };
}

export function logMetrics(view: LogsView): MetricSource {
  return (samples) => {
    for (const log of view.logs()) {
      const labels = { topic: log.topicPartition.topic, partition: log.topicPartition.partition };
      samples.add('kafka_log_log_size', log.sizeInBytes, labels);
      samples.add('kafka_log_log_logstartoffset', log.logStartOffset, labels);
      samples.add('kafka_log_log_logendoffset', log.logEndOffset, labels);
      samples.add('kafka_log_log_numlogsegments', log.segmentCount, labels);
    }
    samples.add('kafka_log_logmanager_offlinelogdirectorycount', view.offlineDirectoryCount());
    const { cleanings, bytesFreed, uncleanable } = view.cleaning();
    samples.add('kafka_log_logcleaner_cleanings_total', cleanings);
    samples.add('kafka_log_logcleaner_bytes_cleaned_total', bytesFreed);
    samples.add('kafka_log_logcleanermanager_uncleanable_partitions_count', uncleanable);
  };
}

export interface ConnectionsView {
  connections(): readonly { readonly listener: string; readonly open: number; readonly accepted: number }[];
}

export function connectionMetrics(view: ConnectionsView): MetricSource {
  return (samples) => {
    for (const { listener, open, accepted } of view.connections()) {
      samples.add('kafka_server_socket_server_metrics_connection_count', open, { listener });
      samples.add('kafka_server_socket_server_metrics_connection_creation_total', accepted, { listener });
      samples.add('kafka_server_socket_server_metrics_connection_close_total', accepted - open, { listener });
    }
  };
}

type PartitionsView = Pick<
  HostedPartitions,
  'online' | 'offlineCount' | 'waitingFetchCount' | 'isrChanges' | 'topicMetrics'
>;

export function partitionMetrics(partitions: PartitionsView, fetchSessions: { readonly size: number }): MetricSource {
  return (samples) => {
    partitions.topicMetrics.collect(samples);
    const sums = { replicas: 0, leaders: 0, underReplicated: 0, underMinIsr: 0, atMinIsr: 0, waitingAppends: 0 };
    for (const partition of partitions.online()) {
      sums.replicas++;
      sums.waitingAppends += partition.waitingAppendCount;
      if (!partition.isLeader) continue;
      const { isr, replicas } = partition.state;
      const underReplicated = isr.length < replicas.length;
      sums.leaders++;
      if (underReplicated) sums.underReplicated++;
      if (!partition.hasEnoughInSyncReplicas) sums.underMinIsr++;
      if (isr.length === partition.effectiveMinInsyncReplicas) sums.atMinIsr++;
      const labels = { topic: partition.topic, partition: partition.partition };
      samples.add('kafka_cluster_partition_underreplicated', underReplicated ? 1 : 0, labels);
      samples.add('kafka_cluster_partition_insyncreplicascount', isr.length, labels);
      samples.add(
        'kafka_cluster_partition_laststableoffsetlag',
        partition.highWatermark - partition.lastStableOffset,
        labels,
      );
    }
    addReplicaSums(samples, sums, partitions.offlineCount);
    const { shrinks, expands } = partitions.isrChanges;
    samples.add('kafka_server_replicamanager_isrshrinks_total', shrinks);
    samples.add('kafka_server_replicamanager_isrexpands_total', expands);
    samples.add('kafka_server_delayedoperationpurgatory_purgatorysize', partitions.waitingFetchCount, {
      delayedoperation: 'Fetch',
    });
    samples.add('kafka_server_delayedoperationpurgatory_purgatorysize', sums.waitingAppends, {
      delayedoperation: 'Produce',
    });
    samples.add('kafka_server_fetchsessioncache_numincrementalfetchsessions', fetchSessions.size);
  };
}

function addReplicaSums(
  samples: MetricCollection,
  sums: {
    readonly replicas: number;
    readonly leaders: number;
    readonly underReplicated: number;
    readonly underMinIsr: number;
    readonly atMinIsr: number;
  },
  offlineCount: number,
): void {
  samples.add('kafka_server_replicamanager_partitioncount', sums.replicas);
  samples.add('kafka_server_replicamanager_leadercount', sums.leaders);
  samples.add('kafka_server_replicamanager_offlinereplicacount', offlineCount);
  samples.add('kafka_server_replicamanager_underreplicatedpartitions', sums.underReplicated);
  samples.add('kafka_server_replicamanager_underminisrpartitioncount', sums.underMinIsr);
  samples.add('kafka_server_replicamanager_atminisrpartitioncount', sums.atMinIsr);
}
