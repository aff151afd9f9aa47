import { abortTransactionRecord } from './schema/abort-transaction-record.ts';
import { accessControlEntryRecord } from './schema/access-control-entry-record.ts';
import { beginTransactionRecord } from './schema/begin-transaction-record.ts';
import { brokerRegistrationChangeRecord } from './schema/broker-registration-change-record.ts';
import { clearElrRecord } from './schema/clear-elr-record.ts';
import { clientQuotaRecord } from './schema/client-quota-record.ts';
import { configRecord } from './schema/config-record.ts';
import { delegationTokenRecord } from './schema/delegation-token-record.ts';
import { endTransactionRecord } from './schema/end-transaction-record.ts';
import { featureLevelRecord } from './schema/feature-level-record.ts';
import { fenceBrokerRecord } from './schema/fence-broker-record.ts';
import { noOpRecord } from './schema/no-op-record.ts';
import { partitionChangeRecord } from './schema/partition-change-record.ts';
import { partitionRecord } from './schema/partition-record.ts';
import { producerIdsRecord } from './schema/producer-ids-record.ts';
import { registerBrokerRecord } from './schema/register-broker-record.ts';
import { registerControllerRecord } from './schema/register-controller-record.ts';
import { removeAccessControlEntryRecord } from './schema/remove-access-control-entry-record.ts';
import { removeDelegationTokenRecord } from './schema/remove-delegation-token-record.ts';
import { removeTopicRecord } from './schema/remove-topic-record.ts';
import { removeUserScramCredentialRecord } from './schema/remove-user-scram-credential-record.ts';
import { topicRecord } from './schema/topic-record.ts';
import { unfenceBrokerRecord } from './schema/unfence-broker-record.ts';
import { unregisterBrokerRecord } from './schema/unregister-broker-record.ts';
import { userScramCredentialRecord } from './schema/user-scram-credential-record.ts';
import { zkMigrationStateRecord } from './schema/zk-migration-state-record.ts';
import type { MessageSchema } from './schema.ts';

/** Every record type of `__cluster_metadata`, in order of its record type. */
export const metadataRecordSchemas = {
  RegisterBrokerRecord: registerBrokerRecord,
  UnregisterBrokerRecord: unregisterBrokerRecord,
  TopicRecord: topicRecord,
  PartitionRecord: partitionRecord,
  ConfigRecord: configRecord,
  PartitionChangeRecord: partitionChangeRecord,
  FenceBrokerRecord: fenceBrokerRecord,
  UnfenceBrokerRecord: unfenceBrokerRecord,
  RemoveTopicRecord: removeTopicRecord,
  DelegationTokenRecord: delegationTokenRecord,
  UserScramCredentialRecord: userScramCredentialRecord,
  FeatureLevelRecord: featureLevelRecord,
  ClientQuotaRecord: clientQuotaRecord,
  ProducerIdsRecord: producerIdsRecord,
  BrokerRegistrationChangeRecord: brokerRegistrationChangeRecord,
  AccessControlEntryRecord: accessControlEntryRecord,
  RemoveAccessControlEntryRecord: removeAccessControlEntryRecord,
  NoOpRecord: noOpRecord,
  ZkMigrationStateRecord: zkMigrationStateRecord,
  RemoveUserScramCredentialRecord: removeUserScramCredentialRecord,
  BeginTransactionRecord: beginTransactionRecord,
  EndTransactionRecord: endTransactionRecord,
  AbortTransactionRecord: abortTransactionRecord,
  RemoveDelegationTokenRecord: removeDelegationTokenRecord,
  RegisterControllerRecord: registerControllerRecord,
  ClearElrRecord: clearElrRecord,
} as const satisfies Record<string, MessageSchema>;
