/** What the active controller can be told to do, and what it answers. Time, new ids and chance come with the command. */
import type { BrokerEpoch, Offset } from '../base/flavor.ts';
import type { Uuid } from '../base/uuid.ts';
import type { AlterPartitionRequest } from '../wire/schema/alter-partition.ts';
import type { AlterPartitionReassignmentsRequest } from '../wire/schema/alter-partition-reassignments.ts';
import type { AssignReplicasToDirsRequest } from '../wire/schema/assign-replicas-to-dirs.ts';
import type { ElectLeadersRequest } from '../wire/schema/elect-leaders.ts';
import type { ListPartitionReassignmentsRequest } from '../wire/schema/list-partition-reassignments.ts';
import type { BrokerRegistration, ControllerRegistration } from './broker-control.ts';
import type { ConfigChange, ConfigResource } from './config-control.ts';
import type { ControlFailure } from './control-record.ts';
import type { DirectoryControl } from './directory-control.ts';
import type { FeatureUpdate } from './feature-control.ts';
import type { IsrControl } from './isr-control.ts';
import type { ElectionKind, ElectionResults } from './leader-control.ts';
import type { ProducerIdBlock } from './producer-id-control.ts';
import type { AlterClientQuotasResult, ClientQuotaAlteration } from './quota-control.ts';
import type { OngoingReassignments, ReassignmentResults } from './reassignment-control.ts';
import type {
  CreatableTopicResult,
  CreatePartitionsCommand,
  CreateTopicsCommand,
  DeleteTopicsCommand,
} from './topic-control.ts';

export interface AlterConfigsResult extends ConfigResource, ControlFailure {}

export interface BrokerOfEpoch {
  readonly brokerId: number;
  readonly brokerEpoch: BrokerEpoch;
}

/** Each kind of command with its parameters and its answer. */
export interface CommandTable {
  createTopics: {
    readonly command: CreateTopicsCommand;
    readonly response: readonly CreatableTopicResult[];
  };
  deleteTopics: {
    readonly command: DeleteTopicsCommand;
    readonly response: ReadonlyMap<Uuid, ControlFailure>;
  };
  createPartitions: {
    readonly command: CreatePartitionsCommand;
    readonly response: ReadonlyMap<string, ControlFailure>;
  };
  incrementalAlterConfigs: {
    readonly command: {
      readonly resources: readonly (ConfigResource & { readonly configs: readonly ConfigChange[] })[];
      readonly validateOnly: boolean;
    };
    readonly response: readonly AlterConfigsResult[];
  };
  alterConfigs: {
    readonly command: {
      readonly resources: readonly (ConfigResource & {
        readonly configs: readonly { readonly name: string; readonly value: string | null }[];
      })[];
      readonly validateOnly: boolean;
    };
    readonly response: readonly AlterConfigsResult[];
  };
  /** `unknownHosts`: names of ip entities that stand for no address. */
  alterClientQuotas: {
    readonly command: {
      readonly entries: readonly ClientQuotaAlteration[];
      readonly unknownHosts: ReadonlySet<string>;
      readonly validateOnly: boolean;
    };
    readonly response: readonly AlterClientQuotasResult[];
  };
  allocateProducerIds: { readonly command: BrokerOfEpoch; readonly response: ProducerIdBlock | ControlFailure };
  /** `newBrokerEpoch`: the offset that the next record gets. */
  registerBroker: {
    readonly command: {
      readonly registration: BrokerRegistration;
      readonly newBrokerEpoch: BrokerEpoch;
      /** The previous run of this broker was heard of within its session. */
      readonly hasValidSession: boolean;
    };
    readonly response: { readonly brokerEpoch: BrokerEpoch } | ControlFailure;
  };
  registerController: {
    readonly command: { readonly registration: ControllerRegistration };
    readonly response: ControlFailure;
  };
  /** The broker is ready: it may lead. */
  unfenceBroker: {
    readonly command: BrokerOfEpoch & { readonly cordonedLogDirs: readonly Uuid[] };
    readonly response: ControlFailure;
  };
  /** The broker wants to stop: its partitions go to others, or stay without a leader. */
  controlledShutdown: { readonly command: BrokerOfEpoch; readonly response: ControlFailure };
  fenceBroker: { readonly command: BrokerOfEpoch; readonly response: ControlFailure };
  brokerHeartbeat: {
    readonly command: BrokerOfEpoch & {
      /** Of the broker's image, inclusive. */
      readonly currentMetadataOffset: Offset;
      readonly wantFence: boolean;
      readonly wantShutDown: boolean;
      readonly offlineLogDirs: readonly Uuid[];
      /** Null: not told. */
      readonly cordonedLogDirs: readonly Uuid[] | null;
      /** Every other active broker knows that this one's partitions have moved. */
      readonly othersKnowOfShutdown: boolean;
    };
    readonly response: BrokerHeartbeatReply | ControlFailure;
  };
  unregisterBroker: { readonly command: { readonly brokerId: number }; readonly response: ControlFailure };
  alterPartition: {
    readonly command: BrokerOfEpoch & Pick<AlterPartitionRequest, 'topics'>;
    readonly response: ReturnType<IsrControl['alterPartitions']>['response'] | ControlFailure;
  };
  electLeaders: {
    readonly command: {
      readonly election: ElectionKind;
      /** Null: every partition. */
      readonly topicPartitions: ElectLeadersRequest['topicPartitions'];
    };
    readonly response: readonly ElectionResults[];
  };
  /** True: there may be more to do. */
  balanceLeaders: { readonly command: object; readonly response: boolean };
  electUncleanLeaders: { readonly command: object; readonly response: boolean };
  alterPartitionReassignments: {
    readonly command: Pick<AlterPartitionReassignmentsRequest, 'topics' | 'allowReplicationFactorChange'>;
    readonly response: readonly ReassignmentResults[];
  };
  listPartitionReassignments: {
    readonly command: Pick<ListPartitionReassignmentsRequest, 'topics'>;
    readonly response: readonly OngoingReassignments[];
  };
  assignReplicasToDirs: {
    readonly command: BrokerOfEpoch & Pick<AssignReplicasToDirsRequest, 'directories'>;
    readonly response: ReturnType<DirectoryControl['assign']>['response'] | ControlFailure;
  };
  updateFeatures: {
    readonly command: {
      readonly updates: readonly FeatureUpdate[];
      readonly validateOnly: boolean;
      /** Of the quorum, which keeps its level in control records of its own. */
      readonly kraftVersion: number;
    };
    readonly response: ControlFailure;
  };
}

export interface BrokerHeartbeatReply {
  /** The broker has read its own registration. */
  readonly isCaughtUp: boolean;
  readonly isFenced: boolean;
  readonly shouldShutDown: boolean;
}

export type CommandKind = keyof CommandTable;
export type CommandOf<K extends CommandKind> = { readonly kind: K } & CommandTable[K]['command'];
export type ResponseOf<K extends CommandKind> = CommandTable[K]['response'];
export type ControllerCommand = { [K in CommandKind]: CommandOf<K> }[CommandKind];
