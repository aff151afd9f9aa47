/**
 * Every key of a broker's or controller's configuration, put together from the files in `broker/`, and what Kafka knows
 * of them beyond a row: names that stand for one another, and keys that exist only as dynamic values.
 */
import { groupConfigs } from './broker/group-configs.ts';
import { logConfigs } from './broker/log-configs.ts';
import { nodeConfigs } from './broker/node-configs.ts';
import { quorumConfigs } from './broker/quorum-configs.ts';
import { remoteLogConfigs } from './broker/remote-log-configs.ts';
import { replicationConfigs } from './broker/replication-configs.ts';
import { securityConfigs } from './broker/security-configs.ts';
import { transactionConfigs } from './broker/transaction-configs.ts';
import { type ConfigTable, type ConfigType, key, type NamesOfType } from './config-key.ts';

export const brokerConfigs = {
  ...logConfigs,
  ...replicationConfigs,
  ...quorumConfigs,
  ...groupConfigs,
  ...transactionConfigs,
  ...securityConfigs,
  ...remoteLogConfigs,
  ...nodeConfigs,
} satisfies ConfigTable;

export type BrokerConfigName = keyof typeof brokerConfigs;
export type BrokerConfigNameOf<Type extends ConfigType> = NamesOfType<typeof brokerConfigs, Type>;

/** Names that say the same in another unit, in order of precedence. */
const synonymGroups: readonly (readonly BrokerConfigName[])[] = [
  ['log.roll.ms', 'log.roll.hours'],
  ['log.roll.jitter.ms', 'log.roll.jitter.hours'],
  ['log.retention.ms', 'log.retention.minutes', 'log.retention.hours'],
];

/** The name and those that can stand in for it, in order of precedence. */
export function brokerConfigSynonyms(name: string): readonly string[] {
  // The scheduler's interval is only the default of the other: it has no synonym itself.
  if (name === 'log.flush.interval.ms') return [name, 'log.flush.scheduler.interval.ms'];
  return synonymGroups.find((group) => group.some((member) => member === name)) ?? [name];
}

/** Throttles of replication: they can be set dynamically only, and no configuration file knows them. */
export const dynamicOnlyConfigs = {
  'follower.replication.throttled.rate': key('LONG', '9223372036854775807', 'MEDIUM', 'cluster-wide', {
    valid: '[0,...]',
    acts: true,
    doc: 'Bytes per second that throttled replicas fetch at most.',
  }),
  'leader.replication.throttled.rate': key('LONG', '9223372036854775807', 'MEDIUM', 'cluster-wide', {
    valid: '[0,...]',
    acts: true,
    doc: 'Bytes per second that throttled replicas are served at most.',
  }),
  'replica.alter.log.dirs.io.max.bytes.per.second': key('LONG', '9223372036854775807', 'MEDIUM', 'cluster-wide', {
    valid: '[0,...]',
    acts: true,
    doc: 'Bytes per second that are moved between log directories at most.',
  }),
} satisfies ConfigTable;
