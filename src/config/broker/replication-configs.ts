/** Copies of partitions: fetching between brokers, in-sync replicas, leadership, throttles. Alphabetical; see `../config-key.ts` for what a row says. */
import { type ConfigTable, key } from '../config-key.ts';

export const replicationConfigs = {
  'alter.log.dirs.replication.quota.window.num': key('INT', '11', 'LOW', 'read-only', { valid: '[1,...]' }),
  'alter.log.dirs.replication.quota.window.size.seconds': key('INT', '1', 'LOW', 'read-only', { valid: '[1,...]' }),
  'auto.leader.rebalance.enable': key('BOOLEAN', 'true', 'HIGH', 'read-only', {
    acts: true,
    doc: 'Whether leadership returns to preferred replicas by itself.',
  }),
  'controlled.shutdown.enable': key('BOOLEAN', 'true', 'MEDIUM', 'read-only', {
    acts: true,
    doc: 'Whether leadership moves away before the broker stops.',
  }),
  'default.replication.factor': key('INT', '1', 'MEDIUM', 'read-only', {
    acts: true,
    doc: 'Replicas of a topic that is created without a factor.',
  }),
  'follower.fetch.last.tiered.offset.enable': key('BOOLEAN', 'false', 'MEDIUM', 'cluster-wide'),
  'leader.imbalance.check.interval.seconds': key('LONG', '300', 'HIGH', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Time between checks for leadership away from preferred replicas.',
  }),
  'min.insync.replicas': key('INT', '1', 'HIGH', 'cluster-wide', {
    valid: '[1,...]',
    acts: true,
    doc: 'In-sync replicas that must have a record before acks=all is answered.',
  }),
  'num.replica.alter.log.dirs.threads': key('INT', null, 'HIGH', 'read-only'),
  'num.replica.fetchers': key('INT', '1', 'HIGH', 'cluster-wide', {
    valid: '[1,...]',
    acts: true,
    doc: 'Connections by which partitions are copied from one leader.',
  }),
  'replica.fetch.backoff.ms': key('INT', '1000', 'MEDIUM', 'read-only', {
    valid: '[0,...]',
    acts: true,
    doc: 'Pause of a replica after a failed fetch.',
  }),
  'replica.fetch.max.bytes': key('INT', '1048576', 'MEDIUM', 'read-only', {
    valid: '[0,...]',
    acts: true,
    doc: 'Most bytes of one partition in a fetch between brokers.',
  }),
  'replica.fetch.min.bytes': key('INT', '1', 'HIGH', 'read-only', {
    acts: true,
    doc: 'Bytes for which a fetch between brokers waits.',
  }),
  'replica.fetch.response.max.bytes': key('INT', '10485760', 'MEDIUM', 'read-only', {
    valid: '[0,...]',
    acts: true,
    doc: 'Most bytes of an answer to a fetch between brokers.',
  }),
  'replica.fetch.wait.max.ms': key('INT', '500', 'HIGH', 'read-only', {
    acts: true,
    doc: 'How long a fetch between brokers waits.',
  }),
  'replica.high.watermark.checkpoint.interval.ms': key('LONG', '5000', 'HIGH', 'read-only', {
    acts: true,
    doc: 'Time between writes of the high watermark checkpoint.',
  }),
  'replica.lag.time.max.ms': key('LONG', '30000', 'HIGH', 'read-only', {
    acts: true,
    doc: 'A replica that has not caught up for this long leaves the in-sync replicas.',
  }),
  'replica.selector.class': key('STRING', null, 'MEDIUM', 'read-only', {
    acts: true,
    doc: 'How a consumer is sent to the replica nearest to it.',
  }),
  'replica.socket.receive.buffer.bytes': key('INT', '65536', 'HIGH', 'read-only'),
  'replica.socket.timeout.ms': key('INT', '30000', 'HIGH', 'read-only', {
    acts: true,
    doc: 'Timeout of requests between brokers.',
  }),
  'replication.quota.window.num': key('INT', '11', 'LOW', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Samples by which the rate of replication is measured.',
  }),
  'replication.quota.window.size.seconds': key('INT', '1', 'LOW', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Length of such a sample.',
  }),
  'unclean.leader.election.enable': key('BOOLEAN', 'false', 'HIGH', 'cluster-wide', {
    acts: true,
    doc: 'Whether a replica that lacks records may lead when no other is left.',
  }),
  'unclean.leader.election.interval.ms': key('LONG', '300000', 'MEDIUM', 'read-only', {
    valid: '[1,...]',
    internal: true,
    acts: true,
    doc: 'Time between searches for partitions that an unclean election would help.',
  }),
} satisfies ConfigTable;
