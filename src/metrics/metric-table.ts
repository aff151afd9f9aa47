/**
 * Every metric of `/metrics`: name, kind, labels, meaning. The one source: what is collected is typed by these names,
 * `docs/metrics.md` is written from here, and a test compares the dashboard with it.
 *
 * Names are those under which Kafka's own JMX exporter usually shows the broker's MBeans, so that dashboards fit. Where Kafka
 * has no such metric the name is that of a well-known exporter, or begins with `ottla_`. Rates are left to Prometheus:
 * a `…PerSec` of Kafka is a counter here.
 */
export type MetricKind = 'counter' | 'gauge' | 'histogram';

export interface MetricRow {
  readonly kind: MetricKind;
  readonly labels: readonly string[];
  readonly help: string;
}

function counter(labels: readonly string[], help: string): MetricRow {
  return { kind: 'counter', labels, help };
}

function gauge(labels: readonly string[], help: string): MetricRow {
  return { kind: 'gauge', labels, help };
}

function requestHistogram(help: string): MetricRow {
  return { kind: 'histogram', labels: ['request'], help };
}

const perTopic = ['topic'];
const perCoordinator = ['coordinator'];
const perPartition = ['topic', 'partition'];

export const metricTable = {
  // Topics. Each of these has a row per topic and one without a label for all topics together.
  kafka_server_brokertopicmetrics_messagesin_total: counter(perTopic, 'Records that producers wrote.'),
  kafka_server_brokertopicmetrics_bytesin_total: counter(perTopic, 'Bytes of record batches that producers wrote.'),
  kafka_server_brokertopicmetrics_bytesout_total: counter(
    perTopic,
    'Bytes of record batches that consumers were sent.',
  ),
  kafka_server_brokertopicmetrics_replicationbytesin_total: counter(
    perTopic,
    'Bytes of record batches that this broker fetched from leaders.',
  ),
  kafka_server_brokertopicmetrics_replicationbytesout_total: counter(
    perTopic,
    'Bytes of record batches that followers were sent.',
  ),
  kafka_server_brokertopicmetrics_bytesrejected_total: counter(
    perTopic,
    'Bytes of record batches that were refused because of their size.',
  ),
  kafka_server_brokertopicmetrics_totalproducerequests_total: counter(
    perTopic,
    'Partitions of Produce requests that reached this broker.',
  ),
  kafka_server_brokertopicmetrics_failedproducerequests_total: counter(
    perTopic,
    'Of these, the ones that failed for another reason than a leader elsewhere, a size or a checksum.',
  ),
  kafka_server_brokertopicmetrics_totalfetchrequests_total: counter(perTopic, 'Partitions of Fetch requests.'),
  kafka_server_brokertopicmetrics_failedfetchrequests_total: counter(
    perTopic,
    'Of these, the ones whose records could not be read.',
  ),

  // Requests.
  kafka_network_requestmetrics_requests_total: counter(['request', 'version'], 'Requests that were answered.'),
  kafka_network_requestmetrics_errors_total: counter(
    ['request', 'error'],
    'Error codes in responses, NONE among them; a response with several partitions has several.',
  ),
  kafka_network_requestmetrics_requestbytes: requestHistogram('Size of requests in bytes, header included.'),
  kafka_network_requestmetrics_requestqueuetimems: requestHistogram(
    'Milliseconds from the time a request could first be looked at until it was handled.',
  ),
  kafka_network_requestmetrics_localtimems: requestHistogram('Milliseconds in which a request was handled.'),
  kafka_network_requestmetrics_remotetimems: requestHistogram(
    'Milliseconds that a request waited: for replicas, for the disk, for data to fetch, for a group.',
  ),
  kafka_network_requestmetrics_throttletimems: requestHistogram('Milliseconds by which a quota throttled a request.'),
  kafka_network_requestmetrics_responsequeuetimems: requestHistogram(
    'Milliseconds that a response waited for those of earlier requests of its connection.',
  ),
  kafka_network_requestmetrics_responsesendtimems: requestHistogram(
    'Milliseconds until the operating system had taken a response.',
  ),
  kafka_network_requestmetrics_totaltimems: requestHistogram('Milliseconds of all phases together.'),

  // Connections.
  kafka_server_socket_server_metrics_connection_count: gauge(['listener'], 'Open connections.'),
  kafka_server_socket_server_metrics_connection_creation_total: counter(
    ['listener'],
    'Connections that were accepted.',
  ),
  kafka_server_socket_server_metrics_connection_close_total: counter(['listener'], 'Connections that have ended.'),

  // Replicas of this broker.
  kafka_server_replicamanager_partitioncount: gauge([], 'Replicas on this broker.'),
  kafka_server_replicamanager_leadercount: gauge([], 'Partitions that this broker leads.'),
  kafka_server_replicamanager_offlinereplicacount: gauge([], 'Replicas whose log directory failed.'),
  kafka_server_replicamanager_underreplicatedpartitions: gauge(
    [],
    'Partitions led here with fewer in-sync replicas than replicas.',
  ),
  kafka_server_replicamanager_underminisrpartitioncount: gauge(
    [],
    'Partitions led here with fewer in-sync replicas than min.insync.replicas.',
  ),
  kafka_server_replicamanager_atminisrpartitioncount: gauge(
    [],
    'Partitions led here with just as many in-sync replicas as min.insync.replicas.',
  ),
  kafka_server_replicamanager_isrshrinks_total: counter(
    [],
    'Times an in-sync set of a partition led here lost replicas.',
  ),
  kafka_server_replicamanager_isrexpands_total: counter(
    [],
    'Times an in-sync set of a partition led here won replicas.',
  ),
  kafka_server_delayedoperationpurgatory_purgatorysize: gauge(
    ['delayedoperation'],
    'Requests that wait: Fetch for data, Produce for the disk and the replicas.',
  ),
  kafka_server_fetchsessioncache_numincrementalfetchsessions: gauge([], 'Fetch sessions (KIP-227).'),
  kafka_cluster_partition_underreplicated: gauge(perPartition, '1 where a partition led here is under-replicated.'),
  kafka_cluster_partition_insyncreplicascount: gauge(perPartition, 'In-sync replicas of a partition led here.'),
  kafka_cluster_partition_laststableoffsetlag: gauge(
    perPartition,
    'Offsets between the last stable offset and the high watermark: records of open transactions.',
  ),

  // Logs.
  kafka_log_log_size: gauge(perPartition, "Bytes of a replica's log."),
  kafka_log_log_logstartoffset: gauge(perPartition, 'First offset that can be read.'),
  kafka_log_log_logendoffset: gauge(perPartition, 'Offset of the next record.'),
  kafka_log_log_numlogsegments: gauge(perPartition, 'Segments of a log.'),
  kafka_log_logmanager_offlinelogdirectorycount: gauge([], 'Log directories that failed.'),
  kafka_log_logcleaner_cleanings_total: counter([], 'Logs that the cleaner has compacted.'),
  kafka_log_logcleaner_bytes_cleaned_total: counter([], 'Bytes by which compaction has made logs smaller.'),
  kafka_log_logcleanermanager_uncleanable_partitions_count: gauge(
    [],
    'Logs that the cleaner leaves alone because they are damaged.',
  ),

  // The controller.
  kafka_controller_kafkacontroller_activecontrollercount: gauge([], '1 on the active controller, else 0.'),
  kafka_controller_kafkacontroller_activebrokercount: gauge([], 'Brokers that serve.'),
  kafka_controller_kafkacontroller_fencedbrokercount: gauge([], 'Brokers that are registered and do not serve.'),
  kafka_controller_kafkacontroller_globaltopiccount: gauge([], 'Topics of the cluster.'),
  kafka_controller_kafkacontroller_globalpartitioncount: gauge([], 'Partitions of the cluster.'),
  kafka_controller_kafkacontroller_offlinepartitionscount: gauge([], 'Partitions without a leader.'),
  kafka_controller_kafkacontroller_preferredreplicaimbalancecount: gauge(
    [],
    'Partitions that are not led by their first replica.',
  ),
  kafka_controller_kafkacontroller_lastappliedrecordoffset: gauge(
    [],
    'Offset up to which the metadata log is applied.',
  ),
  kafka_server_raft_metrics_current_leader: gauge([], 'Node that leads the metadata quorum; -1: none.'),
  kafka_server_raft_metrics_current_epoch: gauge([], 'Leader epoch of the metadata quorum.'),

  // Coordinators: of groups, of transactions.
  kafka_server_group_coordinator_metrics_partition_load_time_max: gauge(
    [],
    'Longest time in milliseconds that loading a partition of __consumer_offsets took.',
  ),
  kafka_server_transaction_coordinator_metrics_partition_load_time_max: gauge(
    [],
    'Longest time in milliseconds that loading a partition of __transaction_state took.',
  ),
  ottla_coordinator_loaded_partitions_total: counter(perCoordinator, 'Partitions of its state that were loaded.'),
  ottla_coordinator_failed_loads_total: counter(perCoordinator, 'Partitions that could not be loaded.'),
  ottla_coordinator_commands_total: counter(perCoordinator, 'Commands that changed or asked for its state.'),
  ottla_coordinator_refused_commands_total: counter(perCoordinator, 'Requests refused because too many waited.'),
  ottla_coordinator_written_records_total: counter(perCoordinator, 'Records of its state that were written.'),
  ottla_coordinator_failed_writes_total: counter(perCoordinator, 'Writes of its state that failed.'),
  ottla_coordinator_timed_out_writes_total: counter(perCoordinator, 'Writes that were not committed in time.'),

  // Groups that this broker coordinates.
  kafka_server_group_coordinator_metrics_group_count: gauge(['protocol', 'state'], 'Groups, by protocol and state.'),
  kafka_consumergroup_current_offset: gauge(
    ['consumergroup', 'topic', 'partition'],
    'Offset that a group has committed.',
  ),
  kafka_consumergroup_lag: gauge(
    ['consumergroup', 'topic', 'partition'],
    'Records between the committed offset and the high watermark, for partitions that this broker leads.',
  ),
  kafka_consumergroup_members: gauge(['consumergroup'], 'Members of a group.'),

  // Client telemetry (KIP-714).
  kafka_server_client_metrics_instance_count: gauge([], 'Client instances that push metrics or asked what to push.'),
  kafka_server_client_metrics_unknown_subscription_request_count: counter(
    [],
    'Pushes for a subscription that is no longer the current one.',
  ),
  kafka_server_client_metrics_throttle_count: counter([], 'Telemetry requests that came too early.'),
  kafka_server_client_metrics_plugin_export_count: counter([], 'Pushes that were taken over.'),
  kafka_server_client_metrics_plugin_error_count: counter([], 'Pushes that could not be read.'),
  ottla_client_metrics_dropped_series_total: counter(
    [],
    'Series of clients that found no room, or whose kind did not fit.',
  ),

  // The broker and its process.
  kafka_server_kafkaserver_brokerstate: gauge(
    [],
    '1 starting, 2 recovering logs, 3 running, 6 controlled shutdown, 7 shutting down.',
  ),
  ottla_build_info: gauge(['version', 'kafka_release', 'node_id', 'cluster_id'], 'Always 1.'),
  process_start_time_seconds: gauge([], 'When the process started, in seconds since 1970.'),
  process_cpu_user_seconds_total: counter([], 'CPU time of the process in user mode.'),
  process_cpu_system_seconds_total: counter([], 'CPU time of the process in the kernel.'),
  process_resident_memory_bytes: gauge([], 'Memory of the process that is in RAM.'),
  nodejs_heap_size_total_bytes: gauge([], "Size of JavaScript's heap."),
  nodejs_heap_size_used_bytes: gauge([], 'Of it, what is used.'),
  nodejs_external_memory_bytes: gauge([], 'Memory outside of the heap that JavaScript objects own.'),
  nodejs_arraybuffer_memory_bytes: gauge([], 'Of it, buffers.'),
  nodejs_eventloop_lag_mean_seconds: gauge(
    [],
    'By how much the event loop was late, on average since the last scrape.',
  ),
  nodejs_eventloop_lag_max_seconds: gauge([], 'The same at worst.'),
  nodejs_eventloop_lag_p50_seconds: gauge([], 'The same, 50th percentile.'),
  nodejs_eventloop_lag_p90_seconds: gauge([], 'The same, 90th percentile.'),
  nodejs_eventloop_lag_p99_seconds: gauge([], 'The same, 99th percentile.'),
  nodejs_eventloop_active_seconds_total: counter([], 'Time in which the event loop did something.'),
  nodejs_eventloop_idle_seconds_total: counter([], 'Time in which the event loop waited.'),
  nodejs_version_info: gauge(['version'], 'Always 1.'),
} as const satisfies Readonly<Record<string, MetricRow>>;

export type MetricName = keyof typeof metricTable;
