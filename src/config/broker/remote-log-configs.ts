/** Tiered storage, which Ottla does not have: every key is accepted and none is acted on. Alphabetical; see `../config-key.ts` for what a row says. */
import { type ConfigTable, key } from '../config-key.ts';

export const remoteLogConfigs = {
  'remote.fetch.max.wait.ms': key('INT', '500', 'MEDIUM', 'cluster-wide', { valid: '[1,...]' }),
  'remote.list.offsets.request.timeout.ms': key('LONG', '30000', 'MEDIUM', 'cluster-wide', { valid: '[1,...]' }),
  'remote.log.index.file.cache.total.size.bytes': key('LONG', '1073741824', 'LOW', 'cluster-wide', {
    valid: '[1,...]',
  }),
  'remote.log.index.file.cache.ttl.ms': key('LONG', '900000', 'LOW', 'read-only', {
    valid: '[-1,...]',
    internal: true,
  }),
  'remote.log.manager.copier.thread.pool.size': key('INT', '10', 'MEDIUM', 'cluster-wide', { valid: '[1,...]' }),
  'remote.log.manager.copy.max.bytes.per.second': key('LONG', '9223372036854775807', 'MEDIUM', 'cluster-wide', {
    valid: '[1,...]',
  }),
  'remote.log.manager.copy.quota.window.num': key('INT', '11', 'MEDIUM', 'read-only', { valid: '[1,...]' }),
  'remote.log.manager.copy.quota.window.size.seconds': key('INT', '1', 'MEDIUM', 'read-only', { valid: '[1,...]' }),
  'remote.log.manager.expiration.thread.pool.size': key('INT', '10', 'MEDIUM', 'cluster-wide', { valid: '[1,...]' }),
  'remote.log.manager.fetch.max.bytes.per.second': key('LONG', '9223372036854775807', 'MEDIUM', 'cluster-wide', {
    valid: '[1,...]',
  }),
  'remote.log.manager.fetch.quota.window.num': key('INT', '11', 'MEDIUM', 'read-only', { valid: '[1,...]' }),
  'remote.log.manager.fetch.quota.window.size.seconds': key('INT', '1', 'MEDIUM', 'read-only', { valid: '[1,...]' }),
  'remote.log.manager.follower.thread.pool.size': key('INT', '2', 'MEDIUM', 'cluster-wide', { valid: '[1,...]' }),
  'remote.log.manager.task.interval.ms': key('LONG', '30000', 'LOW', 'read-only', { valid: '[1,...]' }),
  'remote.log.manager.task.retry.backoff.max.ms': key('LONG', '30000', 'LOW', 'read-only', {
    valid: '[1,...]',
    internal: true,
  }),
  'remote.log.manager.task.retry.backoff.ms': key('LONG', '500', 'LOW', 'read-only', {
    valid: '[1,...]',
    internal: true,
  }),
  'remote.log.manager.task.retry.jitter': key('DOUBLE', '0.2', 'LOW', 'read-only', {
    valid: '[0,...,0.5]',
    internal: true,
  }),
  'remote.log.manager.thread.pool.size': key('INT', '2', 'MEDIUM', 'read-only', { valid: '[1,...]' }),
  'remote.log.metadata.custom.metadata.max.bytes': key('INT', '128', 'LOW', 'read-only', { valid: '[0,...]' }),
  'remote.log.metadata.manager.class.name': key(
    'STRING',
    'org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager',
    'MEDIUM',
    'read-only',
    { valid: 'non-empty string' },
  ),
  'remote.log.metadata.manager.class.path': key('STRING', null, 'MEDIUM', 'read-only'),
  'remote.log.metadata.manager.impl.prefix': key('STRING', 'rlmm.config.', 'MEDIUM', 'read-only', {
    valid: 'non-empty string',
  }),
  'remote.log.metadata.manager.listener.name': key('STRING', null, 'MEDIUM', 'read-only', {
    valid: 'non-empty string',
  }),
  'remote.log.reader.max.pending.tasks': key('INT', '100', 'MEDIUM', 'read-only', { valid: '[1,...]' }),
  'remote.log.reader.threads': key('INT', '10', 'MEDIUM', 'cluster-wide', { valid: '[1,...]' }),
  'remote.log.storage.manager.class.name': key('STRING', null, 'MEDIUM', 'read-only', { valid: 'non-empty string' }),
  'remote.log.storage.manager.class.path': key('STRING', null, 'MEDIUM', 'read-only'),
  'remote.log.storage.manager.impl.prefix': key('STRING', 'rsm.config.', 'MEDIUM', 'read-only', {
    valid: 'non-empty string',
  }),
  'remote.log.storage.system.enable': key('BOOLEAN', 'false', 'MEDIUM', 'read-only'),
} satisfies ConfigTable;
