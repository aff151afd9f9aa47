/** Group coordinators: classic, consumer, share and streams groups, offsets, the share coordinator. Alphabetical; see `../config-key.ts` for what a row says. */
import { type ConfigTable, key } from '../config-key.ts';

export const groupConfigs = {
  'group.consumer.assignment.interval.ms': key('INT', '1000', 'MEDIUM', 'cluster-wide', {
    valid: '[0,...]',
    acts: true,
    doc: 'Time between two assignments of a consumer group; the default of groups.',
  }),
  'group.consumer.assignors': key('LIST', 'uniform,range', 'MEDIUM', 'read-only', {
    acts: true,
    doc: 'Server-side assignors of consumer groups; the first is the default.',
  }),
  'group.consumer.heartbeat.interval.ms': key('INT', '5000', 'MEDIUM', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Time between heartbeats of a consumer group member; the default of groups.',
  }),
  'group.consumer.max.assignment.interval.ms': key('INT', '15000', 'MEDIUM', 'read-only', {
    valid: '[0,...]',
    acts: true,
    doc: 'Highest allowed time between two assignments of a consumer group.',
  }),
  'group.consumer.max.heartbeat.interval.ms': key('INT', '15000', 'MEDIUM', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Highest allowed time between heartbeats of a consumer group member.',
  }),
  'group.consumer.max.session.timeout.ms': key('INT', '60000', 'MEDIUM', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Highest allowed time without heartbeat after which a consumer group member is removed.',
  }),
  'group.consumer.max.size': key('INT', '2147483647', 'MEDIUM', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Members of a consumer group at most.',
  }),
  'group.consumer.migration.policy': key('STRING', 'bidirectional', 'MEDIUM', 'read-only', {
    valid: '(case insensitive) [DISABLED, DOWNGRADE, UPGRADE, BIDIRECTIONAL]',
    acts: true,
    doc: 'Whether groups may change between the classic and the consumer protocol.',
  }),
  'group.consumer.min.assignment.interval.ms': key('INT', '0', 'MEDIUM', 'read-only', {
    valid: '[0,...]',
    acts: true,
    doc: 'Lowest allowed time between two assignments of a consumer group.',
  }),
  'group.consumer.min.heartbeat.interval.ms': key('INT', '5000', 'MEDIUM', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Lowest allowed time between heartbeats of a consumer group member.',
  }),
  'group.consumer.min.session.timeout.ms': key('INT', '45000', 'MEDIUM', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Lowest allowed time without heartbeat after which a consumer group member is removed.',
  }),
  'group.consumer.regex.refresh.interval.ms': key('INT', '600000', 'MEDIUM', 'read-only', {
    valid: '[10000,...]',
    internal: true,
    acts: true,
    doc: 'Time after which a regular-expression subscription is resolved again.',
  }),
  'group.consumer.session.timeout.ms': key('INT', '45000', 'MEDIUM', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Time without heartbeat after which a consumer group member is removed; the default of groups.',
  }),
  'group.coordinator.append.linger.ms': key('INT', '-1', 'MEDIUM', 'read-only', {
    valid: '[-1,...]',
    acts: true,
    doc: 'How long the coordinator collects records before it writes them; -1 adapts.',
  }),
  'group.coordinator.background.threads': key('INT', '2', 'HIGH', 'read-only', {
    valid: '[1,...]',
    doc: 'Background threads of the coordinator; Ottla has one event loop.',
  }),
  'group.coordinator.cached.buffer.max.bytes': key('INT', '1048588', 'MEDIUM', 'cluster-wide', {
    valid: '[524288,...]',
  }),
  'group.coordinator.rebalance.protocols': key('LIST', 'classic,consumer,streams', 'MEDIUM', 'read-only', {
    valid: '[consumer, classic, share, streams]',
    acts: true,
    doc: 'Group protocols that are offered.',
  }),
  'group.coordinator.threads': key('INT', '4', 'HIGH', 'read-only', {
    valid: '[1,...]',
    doc: 'Coordinator threads; Ottla has one event loop.',
  }),
  'group.initial.rebalance.delay.ms': key('INT', '3000', 'MEDIUM', 'read-only', {
    acts: true,
    doc: 'How long a new group waits for more members before its first rebalance.',
  }),
  'group.max.session.timeout.ms': key('INT', '1800000', 'MEDIUM', 'read-only', {
    acts: true,
    doc: 'Longest session timeout that a member of a classic group may ask for.',
  }),
  'group.max.size': key('INT', '2147483647', 'MEDIUM', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Members of a classic group at most.',
  }),
  'group.min.session.timeout.ms': key('INT', '6000', 'MEDIUM', 'read-only', {
    acts: true,
    doc: 'Shortest session timeout that a member of a classic group may ask for.',
  }),
  'group.share.assignment.interval.ms': key('INT', '1000', 'MEDIUM', 'cluster-wide', {
    valid: '[0,...]',
    doc: 'Time between two assignments of a share group; the default of groups.',
  }),
  'group.share.assignors': key('LIST', 'simple', 'MEDIUM', 'read-only'),
  'group.share.delivery.count.limit': key('INT', '5', 'MEDIUM', 'read-only', { valid: '[2,...,10]' }),
  'group.share.heartbeat.interval.ms': key('INT', '5000', 'MEDIUM', 'read-only', {
    valid: '[1,...]',
    doc: 'Time between heartbeats of a share group member; the default of groups.',
  }),
  'group.share.initialize.retry.interval.ms': key('INT', '30000', 'LOW', 'read-only', {
    valid: '[1,...]',
    internal: true,
  }),
  'group.share.max.assignment.interval.ms': key('INT', '15000', 'MEDIUM', 'read-only', {
    valid: '[0,...]',
    doc: 'Highest allowed time between two assignments of a share group.',
  }),
  'group.share.max.delivery.count.limit': key('INT', '10', 'MEDIUM', 'read-only', { valid: '[5,...,25]' }),
  'group.share.max.heartbeat.interval.ms': key('INT', '15000', 'MEDIUM', 'read-only', {
    valid: '[1,...]',
    doc: 'Highest allowed time between heartbeats of a share group member.',
  }),
  'group.share.max.partition.max.record.locks': key('INT', '4000', 'MEDIUM', 'read-only', {
    valid: '[2000,...,10000]',
  }),
  'group.share.max.record.lock.duration.ms': key('INT', '60000', 'MEDIUM', 'read-only', {
    valid: '[30000,...,3600000]',
  }),
  'group.share.max.session.timeout.ms': key('INT', '60000', 'MEDIUM', 'read-only', {
    valid: '[1,...]',
    doc: 'Highest allowed time without heartbeat after which a share group member is removed.',
  }),
  'group.share.max.share.sessions': key('INT', '2000', 'MEDIUM', 'read-only', { valid: '[1,...]' }),
  'group.share.max.size': key('INT', '200', 'MEDIUM', 'read-only', {
    valid: '[1,...,1000]',
    doc: 'Members of a share group at most.',
  }),
  'group.share.min.assignment.interval.ms': key('INT', '0', 'MEDIUM', 'read-only', {
    valid: '[0,...]',
    doc: 'Lowest allowed time between two assignments of a share group.',
  }),
  'group.share.min.delivery.count.limit': key('INT', '2', 'MEDIUM', 'read-only', { valid: '[2,...,5]' }),
  'group.share.min.heartbeat.interval.ms': key('INT', '5000', 'MEDIUM', 'read-only', {
    valid: '[1,...]',
    doc: 'Lowest allowed time between heartbeats of a share group member.',
  }),
  'group.share.min.partition.max.record.locks': key('INT', '100', 'MEDIUM', 'read-only', { valid: '[100,...,2000]' }),
  'group.share.min.record.lock.duration.ms': key('INT', '15000', 'MEDIUM', 'read-only', { valid: '[1000,...,30000]' }),
  'group.share.min.session.timeout.ms': key('INT', '45000', 'MEDIUM', 'read-only', {
    valid: '[1,...]',
    doc: 'Lowest allowed time without heartbeat after which a share group member is removed.',
  }),
  'group.share.partition.max.record.locks': key('INT', '2000', 'MEDIUM', 'read-only', { valid: '[100,...,10000]' }),
  'group.share.persister.class.name': key(
    'STRING',
    'org.apache.kafka.server.share.persister.DefaultStatePersister',
    'MEDIUM',
    'read-only',
    { internal: true },
  ),
  'group.share.record.lock.duration.ms': key('INT', '30000', 'MEDIUM', 'read-only', { valid: '[1000,...,3600000]' }),
  'group.share.session.timeout.ms': key('INT', '45000', 'MEDIUM', 'read-only', {
    valid: '[1,...]',
    doc: 'Time without heartbeat after which a share group member is removed; the default of groups.',
  }),
  'group.streams.assignment.interval.ms': key('INT', '1000', 'MEDIUM', 'cluster-wide', {
    valid: '[0,...]',
    doc: 'Time between two assignments of a streams group; the default of groups.',
  }),
  'group.streams.heartbeat.interval.ms': key('INT', '5000', 'MEDIUM', 'read-only', {
    valid: '[1,...]',
    doc: 'Time between heartbeats of a streams group member; the default of groups.',
  }),
  'group.streams.initial.rebalance.delay.ms': key('INT', '3000', 'MEDIUM', 'read-only', { valid: '[0,...]' }),
  'group.streams.max.assignment.interval.ms': key('INT', '15000', 'MEDIUM', 'read-only', {
    valid: '[0,...]',
    doc: 'Highest allowed time between two assignments of a streams group.',
  }),
  'group.streams.max.heartbeat.interval.ms': key('INT', '15000', 'MEDIUM', 'read-only', {
    valid: '[1,...]',
    doc: 'Highest allowed time between heartbeats of a streams group member.',
  }),
  'group.streams.max.session.timeout.ms': key('INT', '60000', 'MEDIUM', 'read-only', {
    valid: '[1,...]',
    doc: 'Highest allowed time without heartbeat after which a streams group member is removed.',
  }),
  'group.streams.max.size': key('INT', '2147483647', 'MEDIUM', 'read-only', {
    valid: '[1,...]',
    doc: 'Members of a streams group at most.',
  }),
  'group.streams.max.standby.replicas': key('INT', '2', 'MEDIUM', 'read-only', { valid: '[0,...]' }),
  'group.streams.min.assignment.interval.ms': key('INT', '0', 'MEDIUM', 'read-only', {
    valid: '[0,...]',
    doc: 'Lowest allowed time between two assignments of a streams group.',
  }),
  'group.streams.min.heartbeat.interval.ms': key('INT', '5000', 'MEDIUM', 'read-only', {
    valid: '[1,...]',
    doc: 'Lowest allowed time between heartbeats of a streams group member.',
  }),
  'group.streams.min.session.timeout.ms': key('INT', '45000', 'MEDIUM', 'read-only', {
    valid: '[1,...]',
    doc: 'Lowest allowed time without heartbeat after which a streams group member is removed.',
  }),
  'group.streams.num.standby.replicas': key('INT', '0', 'MEDIUM', 'read-only', { valid: '[0,...]' }),
  'group.streams.session.timeout.ms': key('INT', '45000', 'MEDIUM', 'read-only', {
    valid: '[1,...]',
    doc: 'Time without heartbeat after which a streams group member is removed; the default of groups.',
  }),
  'offset.metadata.max.bytes': key('INT', '4096', 'HIGH', 'read-only', {
    acts: true,
    doc: 'Largest metadata text that may be committed with an offset.',
  }),
  'offsets.commit.timeout.ms': key('INT', '5000', 'HIGH', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'How long a commit waits for the replicas of the offsets topic.',
  }),
  'offsets.load.buffer.size': key('INT', '5242880', 'HIGH', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Bytes that are read at once when the offsets topic is loaded.',
  }),
  'offsets.retention.check.interval.ms': key('LONG', '600000', 'HIGH', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Time between searches for offsets to forget.',
  }),
  'offsets.retention.minutes': key('INT', '10080', 'HIGH', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'How long the offsets of an empty group are kept.',
  }),
  'offsets.topic.compression.codec': key('INT', '0', 'HIGH', 'read-only', {
    acts: true,
    doc: 'Compression of __consumer_offsets, as a number.',
  }),
  'offsets.topic.num.partitions': key('INT', '50', 'HIGH', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Partitions of __consumer_offsets.',
  }),
  'offsets.topic.replication.factor': key('SHORT', '3', 'HIGH', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Replicas of __consumer_offsets.',
  }),
  'offsets.topic.segment.bytes': key('INT', '104857600', 'HIGH', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Segment size of __consumer_offsets.',
  }),
  'share.coordinator.append.linger.ms': key('INT', '-1', 'MEDIUM', 'read-only', { valid: '[-1,...]' }),
  'share.coordinator.cached.buffer.max.bytes': key('INT', '1048588', 'MEDIUM', 'cluster-wide', {
    valid: '[524288,...]',
  }),
  'share.coordinator.cold.partition.snapshot.interval.ms': key('INT', '300000', 'LOW', 'read-only', {
    valid: '[1,...]',
    internal: true,
  }),
  'share.coordinator.load.buffer.size': key('INT', '5242880', 'HIGH', 'read-only', { valid: '[1,...]' }),
  'share.coordinator.snapshot.update.records.per.snapshot': key('INT', '500', 'MEDIUM', 'read-only', {
    valid: '[0,...,500]',
  }),
  'share.coordinator.state.topic.compression.codec': key('INT', '0', 'HIGH', 'read-only'),
  'share.coordinator.state.topic.min.isr': key('SHORT', '2', 'HIGH', 'read-only', { valid: '[1,...]' }),
  'share.coordinator.state.topic.num.partitions': key('INT', '50', 'HIGH', 'read-only', { valid: '[1,...]' }),
  'share.coordinator.state.topic.prune.interval.ms': key('INT', '300000', 'LOW', 'read-only', {
    valid: '[1,...]',
    internal: true,
  }),
  'share.coordinator.state.topic.replication.factor': key('SHORT', '3', 'HIGH', 'read-only', { valid: '[1,...]' }),
  'share.coordinator.state.topic.segment.bytes': key('INT', '104857600', 'HIGH', 'read-only', { valid: '[1,...]' }),
  'share.coordinator.threads': key('INT', '1', 'MEDIUM', 'read-only', { valid: '[1,...]' }),
  'share.coordinator.write.timeout.ms': key('INT', '5000', 'HIGH', 'read-only', { valid: '[1,...]' }),
  'share.fetch.purgatory.purge.interval.requests': key('INT', '1000', 'MEDIUM', 'read-only'),
} satisfies ConfigTable;
