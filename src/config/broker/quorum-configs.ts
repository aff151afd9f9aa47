/** The metadata quorum and the controller, and the registration of brokers with it. Alphabetical; see `../config-key.ts` for what a row says. */
import { type ConfigTable, key } from '../config-key.ts';

export const quorumConfigs = {
  'broker.heartbeat.interval.ms': key('INT', '2000', 'MEDIUM', 'read-only', {
    acts: true,
    doc: 'Time between heartbeats from broker to controller.',
  }),
  'broker.session.timeout.ms': key('INT', '9000', 'MEDIUM', 'read-only', {
    acts: true,
    doc: 'A broker without heartbeat for this long is fenced.',
  }),
  'controller.performance.always.log.threshold.ms': key('LONG', '2000', 'MEDIUM', 'read-only', {
    valid: '[0,...]',
    internal: true,
  }),
  'controller.performance.sample.period.ms': key('LONG', '60000', 'MEDIUM', 'read-only', {
    valid: '[100,...]',
    internal: true,
  }),
  'controller.quorum.append.linger.ms': key('INT', '25', 'MEDIUM', 'read-only', {
    valid: '[0,...]',
    acts: true,
    doc: 'How long the leader collects records before it writes them.',
  }),
  'controller.quorum.auto.join.enable': key('BOOLEAN', 'false', 'LOW', 'read-only', {
    acts: true,
    doc: 'Whether a controller adds itself to the voters.',
  }),
  'controller.quorum.bootstrap.servers': key('LIST', '', 'HIGH', 'read-only', {
    valid: 'non-empty list',
    acts: true,
    doc: 'Addresses at which the metadata quorum is found.',
  }),
  'controller.quorum.election.backoff.max.ms': key('INT', '1000', 'HIGH', 'read-only', {
    valid: '[0,...]',
    acts: true,
    doc: 'Longest pause after an election without a winner.',
  }),
  'controller.quorum.election.timeout.ms': key('INT', '1000', 'HIGH', 'read-only', {
    valid: '[0,...]',
    acts: true,
    doc: 'How long a voter waits for a leader before it starts an election.',
  }),
  'controller.quorum.fetch.max.bytes': key('INT', '1048576', 'LOW', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Most bytes of a fetch of the metadata log.',
  }),
  'controller.quorum.fetch.snapshot.max.bytes': key('INT', '1048576', 'LOW', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Most bytes of one piece of a metadata snapshot.',
  }),
  'controller.quorum.fetch.timeout.ms': key('INT', '2000', 'HIGH', 'read-only', {
    valid: '[0,...]',
    acts: true,
    doc: 'A follower that cannot fetch for this long looks for a new leader.',
  }),
  'controller.quorum.request.timeout.ms': key('INT', '2000', 'MEDIUM', 'read-only', {
    valid: '[0,...]',
    acts: true,
    doc: 'Timeout of requests in the metadata quorum.',
  }),
  'controller.quorum.retry.backoff.ms': key('INT', '20', 'LOW', 'read-only', {
    valid: '[0,...]',
    acts: true,
    doc: 'Pause before a request in the metadata quorum is repeated.',
  }),
  'controller.quorum.voters': key('LIST', '', 'HIGH', 'read-only', {
    valid: 'non-empty list',
    acts: true,
    doc: 'The fixed members of the metadata quorum, as id@host:port.',
  }),
  'controller.quota.window.num': key('INT', '11', 'LOW', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Samples of the quota for changes of the metadata; together they are the burst that is allowed.',
  }),
  'controller.quota.window.size.seconds': key('INT', '1', 'LOW', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Length of each of these samples.',
  }),
  'controller.socket.timeout.ms': key('INT', '30000', 'MEDIUM', 'read-only'),
  'initial.broker.registration.timeout.ms': key('INT', '60000', 'MEDIUM', 'read-only', {
    acts: true,
    doc: 'How long a starting broker tries to register before it gives up.',
  }),
  'internal.metadata.delete.delay.millis': key('LONG', '60000', 'LOW', 'read-only', { internal: true, acts: true }),
  'internal.metadata.log.segment.bytes': key('INT', null, 'LOW', 'read-only', { internal: true, acts: true }),
  'internal.metadata.max.batch.size.in.bytes': key('INT', '8388608', 'LOW', 'read-only', {
    internal: true,
    acts: true,
  }),
  'metadata.log.dir': key('STRING', null, 'HIGH', 'read-only', {
    acts: true,
    doc: 'Directory of the metadata log; the first of log.dirs when not set.',
  }),
  'metadata.log.max.record.bytes.between.snapshots': key('LONG', '20971520', 'HIGH', 'read-only', {
    valid: '[1,...]',
    acts: true,
    doc: 'Bytes of metadata after which a snapshot is made.',
  }),
  'metadata.log.max.snapshot.interval.ms': key('LONG', '3600000', 'HIGH', 'read-only', {
    valid: '[0,...]',
    acts: true,
    doc: 'Time after which a metadata snapshot is made.',
  }),
  'metadata.log.segment.bytes': key('INT', '1073741824', 'HIGH', 'read-only', {
    valid: '[8388608,...]',
    acts: true,
    doc: 'Size of a metadata log segment.',
  }),
  'metadata.log.segment.ms': key('LONG', '604800000', 'HIGH', 'read-only', {
    acts: true,
    doc: 'A metadata log segment older than this is closed.',
  }),
  'metadata.max.idle.interval.ms': key('INT', '500', 'LOW', 'read-only', {
    valid: '[0,...]',
    doc: 'Time between no-op records while the controller is idle.',
  }),
  'metadata.max.retention.bytes': key('LONG', '104857600', 'HIGH', 'read-only', {
    acts: true,
    doc: 'Size of metadata log and snapshots above which old ones are deleted.',
  }),
  'metadata.max.retention.ms': key('LONG', '604800000', 'HIGH', 'read-only', {
    acts: true,
    doc: 'Age from which metadata segments and snapshots may be deleted.',
  }),
} satisfies ConfigTable;
