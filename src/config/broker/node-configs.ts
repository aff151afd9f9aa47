/** Who this node is, its listeners and connections, request limits, topics, quotas and metrics. Alphabetical; see `../config-key.ts` for what a row says. */
import { type ConfigTable, key } from '../config-key.ts';

export const nodeConfigs = {
  'advertised.listeners': key('LIST', null, 'HIGH', 'read-only', {
    acts: true,
    doc: 'Addresses that clients and other nodes are told to connect to; taken from listeners when not set.',
  }),
  'alter.config.policy.class.name': key('CLASS', null, 'LOW', 'read-only', {
    acts: true,
    doc: 'A class that judges changed configs; Ottla takes a function instead (embedded API).',
  }),
  'auto.create.topics.enable': key('BOOLEAN', 'true', 'HIGH', 'read-only', {
    acts: true,
    doc: 'Whether a Metadata request of a client creates a missing topic.',
  }),
  'background.threads': key('INT', '10', 'HIGH', 'cluster-wide', {
    valid: '[1,...]',
    doc: 'Threads for background work; Ottla has one event loop.',
  }),
  'broker.id': key('INT', '-1', 'HIGH', 'read-only', { acts: true, doc: 'Former name of node.id.' }),
  'broker.rack': key('STRING', null, 'MEDIUM', 'read-only', {
    acts: true,
    doc: 'Rack of this broker, for placing replicas and for fetching from the nearest one.',
  }),
  'client.quota.callback.class': key('CLASS', null, 'LOW', 'read-only', {
    acts: true,
    doc: 'A class that decides on client quotas; Ottla runs none and refuses it.',
  }),
  'config.providers': key('LIST', '', 'LOW', 'cluster-wide'),
  'connection.failed.authentication.delay.ms': key('INT', '100', 'LOW', 'read-only', { valid: '[0,...]' }),
  'connections.max.idle.ms': key('LONG', '600000', 'MEDIUM', 'read-only', {
    acts: true,
    doc: 'A connection without a request for this long is closed.',
  }),
  'controller.listener.names': key('LIST', null, 'HIGH', 'read-only', {
    required: true,
    acts: true,
    doc: 'Listeners of the metadata quorum; they are not offered to clients.',
  }),
  'create.topic.policy.class.name': key('CLASS', null, 'LOW', 'read-only', {
    acts: true,
    doc: 'A class that judges new topics; Ottla takes a function instead (embedded API).',
  }),
  'delete.topic.enable': key('BOOLEAN', 'true', 'HIGH', 'read-only', {
    acts: true,
    doc: 'Whether topics may be deleted.',
  }),
  'early.start.listeners': key('LIST', null, 'HIGH', 'read-only'),
  'fetch.max.bytes': key('INT', '57671680', 'MEDIUM', 'read-only', {
    valid: '[1024,...]',
    acts: true,
    doc: 'Most bytes of one fetch answer, unless its first batch alone is larger.',
  }),
  'fetch.purgatory.purge.interval.requests': key('INT', '1000', 'MEDIUM', 'read-only'),
  'inter.broker.listener.name': key('STRING', null, 'MEDIUM', 'read-only', {
    acts: true,
    doc: 'Listener that the brokers use among themselves.',
  }),
  'kafka.metrics.polling.interval.secs': key('INT', '10', 'LOW', 'read-only', { valid: '[1,...]' }),
  'kafka.metrics.reporters': key('LIST', '', 'LOW', 'read-only'),
  'listener.security.protocol.map': key(
    'STRING',
    'SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT',
    'LOW',
    'per-broker',
    { acts: true, doc: 'Which security protocol each listener name uses, as NAME:PROTOCOL.' },
  ),
  listeners: key('LIST', 'PLAINTEXT://:9092', 'HIGH', 'per-broker', {
    acts: true,
    doc: 'Addresses to listen on, as NAME://host:port; an empty host means every address, and an IPv6 address stands in brackets.',
  }),
  'max.connection.creation.rate': key('INT', '2147483647', 'MEDIUM', 'cluster-wide', {
    valid: '[0,...]',
    acts: true,
    doc: 'Connections per second that are accepted; more of them wait.',
  }),
  'max.connections': key('INT', '2147483647', 'MEDIUM', 'cluster-wide', {
    valid: '[0,...]',
    acts: true,
    doc: 'Connections that the broker holds at most.',
  }),
  'max.connections.per.ip': key('INT', '2147483647', 'MEDIUM', 'cluster-wide', {
    valid: '[0,...]',
    acts: true,
    doc: 'Connections that are accepted from one address at most.',
  }),
  'max.connections.per.ip.overrides': key('STRING', '', 'MEDIUM', 'cluster-wide', {
    acts: true,
    doc: 'Other limits for single addresses, as host:count.',
  }),
  'max.incremental.fetch.session.cache.slots': key('INT', '1000', 'MEDIUM', 'read-only', {
    valid: '[0,...]',
    acts: true,
    doc: 'Incremental fetch sessions that are kept.',
  }),
  'max.request.partition.size.limit': key('INT', '2000', 'MEDIUM', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Partitions that one DescribeTopicPartitions answer holds at most.',
  }),
  'metric.reporters': key('LIST', 'org.apache.kafka.common.metrics.JmxReporter', 'LOW', 'cluster-wide'),
  'metrics.num.samples': key('INT', '2', 'LOW', 'read-only', { valid: '[1,...]' }),
  'metrics.recording.level': key('STRING', 'INFO', 'LOW', 'read-only'),
  'metrics.sample.window.ms': key('LONG', '30000', 'LOW', 'read-only', { valid: '[1,...]' }),
  'node.id': key('INT', null, 'HIGH', 'read-only', {
    valid: '[0,...]',
    required: true,
    acts: true,
    doc: 'Number of this node, unique in the cluster.',
  }),
  'num.io.threads': key('INT', '8', 'HIGH', 'cluster-wide', {
    valid: '[1,...]',
    doc: 'Request threads; Ottla has one event loop.',
  }),
  'num.network.threads': key('INT', '3', 'HIGH', 'cluster-wide', {
    valid: '[1,...]',
    doc: 'Network threads per listener; Ottla has one event loop.',
  }),
  'num.partitions': key('INT', '1', 'MEDIUM', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Partitions of a topic that is created without a count.',
  }),
  'process.roles': key('LIST', null, 'HIGH', 'read-only', {
    valid: '[broker, controller]',
    required: true,
    acts: true,
    doc: 'What this process is: broker, controller or both.',
  }),
  'producer.purgatory.purge.interval.requests': key('INT', '1000', 'MEDIUM', 'read-only'),
  'queued.max.request.bytes': key('LONG', '-1', 'MEDIUM', 'read-only', {
    acts: true,
    doc: 'Bytes of requests that are read and handled at a time, of all connections together; -1 for no limit.',
  }),
  'queued.max.requests': key('INT', '500', 'HIGH', 'read-only', { valid: '[1,...]' }),
  'quota.window.num': key('INT', '11', 'LOW', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Samples over which the usage of a client quota is averaged.',
  }),
  'quota.window.size.seconds': key('INT', '1', 'LOW', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Length of each of these samples.',
  }),
  'request.timeout.ms': key('INT', '30000', 'HIGH', 'read-only', {
    acts: true,
    doc: 'How long a request to another node may take.',
  }),
  'server.max.startup.time.ms': key('LONG', '9223372036854775807', 'MEDIUM', 'read-only', {
    valid: '[0,...]',
    internal: true,
  }),
  'socket.connection.setup.timeout.max.ms': key('LONG', '30000', 'MEDIUM', 'read-only'),
  'socket.connection.setup.timeout.ms': key('LONG', '10000', 'MEDIUM', 'read-only'),
  'socket.listen.backlog.size': key('INT', '50', 'MEDIUM', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Connections that may wait to be accepted.',
  }),
  'socket.receive.buffer.bytes': key('INT', '102400', 'HIGH', 'read-only', {
    doc: 'Receive buffer of client sockets; the operating system chooses here.',
  }),
  'socket.request.max.bytes': key('INT', '104857600', 'HIGH', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Largest request that is read; a bigger one closes its connection.',
  }),
  'socket.send.buffer.bytes': key('INT', '102400', 'HIGH', 'read-only', {
    doc: 'Send buffer of client sockets; the operating system chooses here.',
  }),
  'telemetry.max.bytes': key('INT', '1048576', 'LOW', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Largest push of client metrics that is taken, compressed or not.',
  }),
  'unstable.api.versions.enable': key('BOOLEAN', 'false', 'HIGH', 'read-only', {
    internal: true,
    acts: true,
    doc: 'Whether unreleased API versions are offered.',
  }),
  'unstable.feature.versions.enable': key('BOOLEAN', 'false', 'HIGH', 'read-only', {
    internal: true,
    acts: true,
    doc: 'Whether unreleased feature levels are allowed.',
  }),
} satisfies ConfigTable;
