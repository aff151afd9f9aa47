// A controller machine with one registered, unfenced broker, and shorthands for its records.
import type { BrokerRegistration } from '../../../src/controller/broker-control.ts';
import type { CommandKind, CommandOf, ResponseOf } from '../../../src/controller/commands.ts';
import type { ConfigRules, ControllerSettings } from '../../../src/controller/config-rules.ts';
import { type ControlRecord, newControlRecord } from '../../../src/controller/control-record.ts';
import { ControllerMachine } from '../../../src/controller/controller-machine.ts';
import type { Policies } from '../../../src/controller/policies.ts';
import { bootstrapFeatureLevels, LATEST_METADATA_VERSION, supportedFeatures } from '../../../src/metadata/features.ts';
import { featureLevelRecord } from '../../../src/wire/schema/feature-level-record.ts';

/** Knows `list.key` as a list and refuses the value 'bad'. */
export const permissiveRules: ConfigRules = {
  validate: (_kind, _name, configs) =>
    [...configs.values()].includes('bad') ? { error: 'INVALID_CONFIG', message: 'bad is bad' } : null,
  isList: (_kind, name) => name === 'list.key' || name === 'cleanup.policy',
  defaultText: (_kind, name) => (name === 'cleanup.policy' ? 'delete' : null),
  isSensitive: () => false,
  quotaType: (kind, key) => {
    if (kind === 'ip') return key === 'connection_creation_rate' ? 'INT' : null;
    if (key.endsWith('_byte_rate')) return 'LONG';
    return key === 'request_percentage' ? 'DOUBLE' : null;
  },
};

export const controllerSettings: ControllerSettings = {
  numPartitions: 1,
  defaultReplicationFactor: 1,
  minInsyncReplicas: 1,
  uncleanLeaderElectionEnable: false,
  effectiveTopicConfigs: () => [],
};

export const noQuota = { take: () => true };

export const CLUSTER_ID = 'SamsaGolden38f534a957A';
export const DIRECTORY_ID = 'NF1rp7FnSuiNsb-8Sfrd1A';
export const TOPIC_IDS = ['KCr-Tq-pSDeiAlpDBYHmQw', 'sIxiCmWPSWCZUpwbx8d0jg', 'BOjJXwtwR5eQsTt2c29dSg'];

export function registration(change: Partial<BrokerRegistration> = {}): BrokerRegistration {
  return {
    brokerId: 1,
    clusterId: CLUSTER_ID,
    incarnationId: 'Oh1qdNvkTxeNhbDxUXtOrQ',
    listeners: [{ name: 'PLAINTEXT', host: 'localhost', port: 9092, securityProtocol: 0 }],
    supportedFeatures,
    rack: null,
    logDirs: [DIRECTORY_ID],
    previousBrokerEpoch: -1,
    ...change,
  };
}

export class TestController {
  readonly machine: ControllerMachine;
  endOffset = 0;

  constructor(options: { settings?: Partial<ControllerSettings>; rules?: ConfigRules; policies?: Policies } = {}) {
    const settings = { ...controllerSettings, ...options.settings };
    const rules = options.rules ?? permissiveRules;
    this.machine = new ControllerMachine({
      nodeId: 1,
      clusterId: CLUSTER_ID,
      rules,
      policies: options.policies ?? {},
      settings: () => settings,
    });
  }

  /** With the features of this release and broker 1, unfenced. */
  static withBroker(options: ConstructorParameters<typeof TestController>[0] = {}): TestController {
    const controller = new TestController(options);
    controller.replay(controller.machine.activationRecords(bootstrapRecords()));
    controller.addBroker(1);
    return controller;
  }

  addBroker(brokerId: number, change: Partial<BrokerRegistration> = {}): number {
    const directory = `${DIRECTORY_ID.slice(0, -2)}${brokerId % 10}A`;
    const logDirs = brokerId === 1 ? [DIRECTORY_ID] : [directory];
    const { response } = this.run('registerBroker', {
      registration: registration({ brokerId, logDirs, ...change }),
      newBrokerEpoch: this.endOffset,
      hasValidSession: false,
    });
    if ('error' in response) throw new Error(response.message ?? response.error);
    this.run('unfenceBroker', { brokerId, brokerEpoch: response.brokerEpoch, cordonedLogDirs: [] });
    return response.brokerEpoch;
  }

  /** Handles a command and replays its records; they come back as [type, version, what is not default]. */
  run<K extends CommandKind>(
    kind: K,
    command: Omit<CommandOf<K>, 'kind'>,
  ): { response: ResponseOf<K>; records: unknown[] } {
    // The parts are those of the command of this kind.
    const { records, response } = this.machine.handle<K>({ kind, ...command } as unknown as CommandOf<K>);
    this.replay(records);
    return { response, records: records.map(shown) };
  }

  replay(records: readonly ControlRecord[]): void {
    for (const { record } of records) this.machine.replay(record, this.endOffset++);
  }

  createTopic(name: string, topic: Partial<CommandOf<'createTopics'>['topics'][number]> = {}, index = 0) {
    return this.run('createTopics', {
      topics: [{ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [], ...topic }],
      validateOnly: false,
      chances: { topicIds: [TOPIC_IDS[index]!], placementStart: 0 },
      mutationQuota: noQuota,
    });
  }
}

export function bootstrapRecords(): Buffer[] {
  const levels = new Map([
    ['metadata.version', LATEST_METADATA_VERSION],
    ...bootstrapFeatureLevels(LATEST_METADATA_VERSION),
  ]);
  levels.delete('kraft.version');
  return [...levels].map(
    ([name, featureLevel]) => newControlRecord(featureLevelRecord, 0, { name, featureLevel }).bytes,
  );
}

export function shown({ record }: ControlRecord): unknown {
  if (record.type === 'unknown') return record;
  const value = Object.fromEntries(
    Object.entries(record.value).filter(([, field]) => field !== null && field !== undefined),
  );
  return [record.type, record.version, value];
}
