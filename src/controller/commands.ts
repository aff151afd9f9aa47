/** What the active controller can be told to do, and what it answers. Time, new ids and chance come with the command. */
import type { BrokerEpoch } from '../base/flavor.ts';
import type { Uuid } from '../base/uuid.ts';
import type { BrokerRegistration, ControllerRegistration } from './broker-control.ts';
import type { ConfigChange, ConfigResource } from './config-control.ts';
import type { ControlFailure } from './control-record.ts';
import type { ProducerIdBlock } from './producer-id-control.ts';
import type { Chances, CreatableTopic, CreatableTopicResult, CreatePartitionsTopic } from './topic-control.ts';

export interface AlterConfigsResult extends ConfigResource, ControlFailure {}

export interface BrokerOfEpoch {
  readonly brokerId: number;
  readonly brokerEpoch: BrokerEpoch;
}

/** Each kind of command with its parameters and its answer. */
export interface CommandTable {
  createTopics: {
    readonly command: {
      readonly topics: readonly CreatableTopic[];
      readonly validateOnly: boolean;
      readonly chances: Chances;
    };
    readonly response: readonly CreatableTopicResult[];
  };
  deleteTopics: {
    readonly command: { readonly topicIds: readonly Uuid[] };
    readonly response: ReadonlyMap<Uuid, ControlFailure>;
  };
  createPartitions: {
    readonly command: {
      readonly topics: readonly CreatePartitionsTopic[];
      readonly validateOnly: boolean;
      readonly placementStart: number;
    };
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
  allocateProducerIds: { readonly command: BrokerOfEpoch; readonly response: ProducerIdBlock | ControlFailure };
  /** `newBrokerEpoch`: the offset that the next record gets. */
  registerBroker: {
    readonly command: { readonly registration: BrokerRegistration; readonly newBrokerEpoch: BrokerEpoch };
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
}

export type CommandKind = keyof CommandTable;
export type CommandOf<K extends CommandKind> = { readonly kind: K } & CommandTable[K]['command'];
export type ResponseOf<K extends CommandKind> = CommandTable[K]['response'];
export type ControllerCommand = { [K in CommandKind]: CommandOf<K> }[CommandKind];
