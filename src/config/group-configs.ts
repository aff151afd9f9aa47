/** What a group can be told (KIP-848, KIP-932, KIP-1071), and the broker setting that is its default. */
import type { BrokerConfigName } from './broker-configs.ts';
import { type ConfigTable, key } from './config-key.ts';

export const groupConfigs = {
  'consumer.assignment.interval.ms': key('INT', '1000', 'MEDIUM', 'cluster-wide', {
    valid: '[0,...]',
    acts: true,
    doc: 'Shortest time between two assignments of the group.',
  }),
  'consumer.heartbeat.interval.ms': key('INT', '5000', 'MEDIUM', 'cluster-wide', {
    valid: '[1,...]',
    acts: true,
    doc: 'Time between heartbeats of the members.',
  }),
  'consumer.session.timeout.ms': key('INT', '45000', 'MEDIUM', 'cluster-wide', {
    valid: '[1,...]',
    acts: true,
    doc: 'A member without heartbeat for this long is removed.',
  }),
  'share.assignment.interval.ms': key('INT', '1000', 'MEDIUM', 'cluster-wide', {
    valid: '[0,...]',
    doc: 'Time between two assignments of a share group.',
  }),
  'share.auto.offset.reset': key('STRING', 'latest', 'MEDIUM', 'cluster-wide', {
    valid: '[latest, earliest, by_duration:PnDTnHnMn.nS]',
  }),
  'share.delivery.count.limit': key('INT', '5', 'MEDIUM', 'cluster-wide', { valid: '[2,...]' }),
  'share.heartbeat.interval.ms': key('INT', '5000', 'MEDIUM', 'cluster-wide', {
    valid: '[1,...]',
    doc: 'Time between heartbeats of a share group member.',
  }),
  'share.isolation.level': key('STRING', 'read_uncommitted', 'MEDIUM', 'cluster-wide', {
    valid: '[read_committed, read_uncommitted]',
  }),
  'share.partition.max.record.locks': key('INT', '2000', 'MEDIUM', 'cluster-wide', { valid: '[100,...]' }),
  'share.record.lock.duration.ms': key('INT', '30000', 'MEDIUM', 'cluster-wide', { valid: '[1000,...]' }),
  'share.renew.acknowledge.enable': key('BOOLEAN', 'true', 'MEDIUM', 'cluster-wide'),
  'share.session.timeout.ms': key('INT', '45000', 'MEDIUM', 'cluster-wide', {
    valid: '[1,...]',
    doc: 'Time without heartbeat after which a share group member is removed.',
  }),
  'streams.assignment.interval.ms': key('INT', '1000', 'MEDIUM', 'cluster-wide', {
    valid: '[0,...]',
    doc: 'Time between two assignments of a streams group.',
  }),
  'streams.heartbeat.interval.ms': key('INT', '5000', 'MEDIUM', 'cluster-wide', {
    valid: '[1,...]',
    doc: 'Time between heartbeats of a streams group member.',
  }),
  'streams.initial.rebalance.delay.ms': key('INT', '3000', 'MEDIUM', 'cluster-wide', { valid: '[0,...]' }),
  'streams.num.standby.replicas': key('INT', '0', 'MEDIUM', 'cluster-wide', { valid: '[0,...]' }),
  'streams.session.timeout.ms': key('INT', '45000', 'MEDIUM', 'cluster-wide', {
    valid: '[1,...]',
    doc: 'Time without heartbeat after which a streams group member is removed.',
  }),
} satisfies ConfigTable;

export type GroupConfigName = keyof typeof groupConfigs;

export const groupConfigSynonyms: { readonly [K in GroupConfigName]?: BrokerConfigName } = {
  'consumer.assignment.interval.ms': 'group.consumer.assignment.interval.ms',
  'consumer.heartbeat.interval.ms': 'group.consumer.heartbeat.interval.ms',
  'consumer.session.timeout.ms': 'group.consumer.session.timeout.ms',
  'share.assignment.interval.ms': 'group.share.assignment.interval.ms',
  'share.delivery.count.limit': 'group.share.delivery.count.limit',
  'share.heartbeat.interval.ms': 'group.share.heartbeat.interval.ms',
  'share.partition.max.record.locks': 'group.share.partition.max.record.locks',
  'share.record.lock.duration.ms': 'group.share.record.lock.duration.ms',
  'share.session.timeout.ms': 'group.share.session.timeout.ms',
  'streams.assignment.interval.ms': 'group.streams.assignment.interval.ms',
  'streams.heartbeat.interval.ms': 'group.streams.heartbeat.interval.ms',
  'streams.initial.rebalance.delay.ms': 'group.streams.initial.rebalance.delay.ms',
  'streams.num.standby.replicas': 'group.streams.num.standby.replicas',
  'streams.session.timeout.ms': 'group.streams.session.timeout.ms',
};
