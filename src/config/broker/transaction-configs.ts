/** Transaction coordinator. Alphabetical; see `../config-key.ts` for what a row says. */
import { type ConfigTable, key } from '../config-key.ts';

export const transactionConfigs = {
  'add.partitions.to.txn.retry.backoff.max.ms': key('INT', '100', 'HIGH', 'read-only', {
    valid: '[0,...]',
    acts: true,
    doc: 'Longest time that adding a partition to a transaction is retried.',
  }),
  'add.partitions.to.txn.retry.backoff.ms': key('INT', '20', 'HIGH', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Pause before a partition is added to a transaction again.',
  }),
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': key('INT', '10000', 'LOW', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Time between searches for transactions that have timed out.',
  }),
  'transaction.max.timeout.ms': key('INT', '900000', 'HIGH', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Longest transaction timeout that a producer may ask for.',
  }),
  'transaction.partition.verification.enable': key('BOOLEAN', 'true', 'LOW', 'cluster-wide', {
    acts: true,
    doc: 'Whether a transactional batch is accepted only for a partition of an open transaction.',
  }),
  'transaction.remove.expired.transaction.cleanup.interval.ms': key('INT', '3600000', 'LOW', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Time between searches for transactional ids to forget.',
  }),
  'transaction.state.log.load.buffer.size': key('INT', '5242880', 'HIGH', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Bytes that are read at once when __transaction_state is loaded.',
  }),
  'transaction.state.log.min.isr': key('INT', '2', 'HIGH', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'min.insync.replicas of __transaction_state.',
  }),
  'transaction.state.log.num.partitions': key('INT', '50', 'HIGH', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Partitions of __transaction_state.',
  }),
  'transaction.state.log.replication.factor': key('SHORT', '3', 'HIGH', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Replicas of __transaction_state.',
  }),
  'transaction.state.log.segment.bytes': key('INT', '104857600', 'HIGH', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Segment size of __transaction_state.',
  }),
  'transaction.two.phase.commit.enable': key('BOOLEAN', 'false', 'LOW', 'read-only', {
    doc: 'Whether producers may take part in two-phase commit (KIP-939), which is not offered.',
  }),
  'transactional.id.expiration.ms': key('INT', '604800000', 'HIGH', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'A transactional id that is unused for this long is forgotten.',
  }),
} satisfies ConfigTable;
