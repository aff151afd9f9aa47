/** What a scrape says of the cluster, as this node's metadata image has it, and of the quorum. */
import { type MetadataImage, NO_LEADER } from '../metadata/metadata-image.ts';
import type { MetricSource } from '../metrics/metric-family.ts';

export interface ClusterView {
  image(): MetadataImage;
  isActiveController(): boolean;
  /** Null: the quorum has no leader. */
  quorumLeaderId(): number | null;
  quorumLeaderEpoch(): number;
}

const NOBODY = -1;

export function clusterMetrics(view: ClusterView): MetricSource {
  return (samples) => {
    const image = view.image();
    let partitionCount = 0;
    let withoutLeader = 0;
    let notPreferred = 0;
    for (const { partitions } of image.topicsByName.values()) {
      for (const { leader, replicas } of partitions.values()) {
        partitionCount++;
        if (leader === NO_LEADER) withoutLeader++;
        if (leader !== replicas[0]) notPreferred++;
      }
    }
    let fenced = 0;
    for (const broker of image.brokers.values()) if (broker.fenced) fenced++;
    samples.add('kafka_controller_kafkacontroller_activecontrollercount', view.isActiveController() ? 1 : 0);
    samples.add('kafka_controller_kafkacontroller_activebrokercount', image.brokers.size - fenced);
    samples.add('kafka_controller_kafkacontroller_fencedbrokercount', fenced);
    samples.add('kafka_controller_kafkacontroller_globaltopiccount', image.topicsByName.size);
    samples.add('kafka_controller_kafkacontroller_globalpartitioncount', partitionCount);
    samples.add('kafka_controller_kafkacontroller_offlinepartitionscount', withoutLeader);
    samples.add('kafka_controller_kafkacontroller_preferredreplicaimbalancecount', notPreferred);
    samples.add('kafka_controller_kafkacontroller_lastappliedrecordoffset', image.highestOffset);
    samples.add('kafka_server_raft_metrics_current_leader', view.quorumLeaderId() ?? NOBODY);
    samples.add('kafka_server_raft_metrics_current_epoch', view.quorumLeaderEpoch());
  };
}
