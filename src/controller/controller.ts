/**
 * The controller as the rest of the node sees it: commands whose promise resolves when their records are committed *and*
 * the image with them has been published, so that the caller sees the effect of its own command.
 *
 *     standby  --activate(leaderEpoch)-->  active  --deactivate-->  standby
 *
 * Standby: committed batches come in by `replayCommitted`. Active: a command is handled, its records are replayed and
 * appended in one go, with nothing awaited in between; commands therefore see each other's effect before it is committed,
 * and many may wait for one fsync. When the log refuses an append, the state goes back to the last batch that it took.
 */
import { assert } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import type { BrokerEpoch, LeaderEpoch, Offset } from '../base/flavor.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import { randomUuid, type Uuid } from '../base/uuid.ts';
import type { CommittedBatch, MetadataSnapshot } from '../metadata/metadata-loader.ts';
import { KafkaError } from '../wire/errors.ts';
import type { BrokerRegistration, ControllerRegistration } from './broker-control.ts';
import { BrokerSessions } from './broker-sessions.ts';
import type {
  AlterConfigsResult,
  BrokerHeartbeatReply,
  BrokerOfEpoch,
  CommandKind,
  CommandOf,
  CommandTable,
  ResponseOf,
} from './commands.ts';
import type { ConfigRules, ControllerSettings } from './config-rules.ts';
import { type ControlFailure, type ControlRecord, RECORDS_PER_BATCH_MAX } from './control-record.ts';
import { ControllerMachine, OperationTooLargeError } from './controller-machine.ts';
import type { MetadataLog } from './metadata-log.ts';
import type { MutationQuota } from './mutation-quota.ts';
import type { Policies } from './policies.ts';
import type { ProducerIdBlock } from './producer-id-control.ts';
import type { AlterClientQuotasResult, ClientQuotaAlteration } from './quota-control.ts';
import type { CreatableTopic, CreatableTopicResult, CreatePartitionsTopic } from './topic-control.ts';

export interface ControllerOptions {
  readonly nodeId: number;
  readonly clusterId: string;
  readonly log: MetadataLog;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** `broker.session.timeout.ms` */
  readonly brokerSessionTimeoutMs: number;
  readonly rules: ConfigRules;
  readonly policies: Policies;
  readonly settings: () => ControllerSettings;
  /** What goes into an empty log first: encoded metadata records of `bootstrap.checkpoint`. */
  readonly bootstrapRecords: readonly Buffer[];
}

/** Of what the broker itself does. */
const noQuota: MutationQuota = { take: () => true };

interface Waiting {
  readonly lastOffset: Offset;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class Controller {
  readonly #options: ControllerOptions;
  readonly #sessions: BrokerSessions;
  #machine: ControllerMachine;
  /** Null: standby. */
  #leaderEpoch: LeaderEpoch | null = null;
  /** Inclusive; what the image shows. */
  #publishedOffset: Offset = -1;
  /** In order of `lastOffset`. */
  #waiting: Waiting[] = [];

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#sessions = new BrokerSessions(options.brokerSessionTimeoutMs);
    this.#machine = this.#newMachine();
  }

  get active(): boolean {
    return this.#leaderEpoch !== null;
  }

  /** For tests and for status pages; read only. */
  get machine(): ControllerMachine {
    return this.#machine;
  }

  // ---- the quorum's side

  /** A committed batch of another leader, or of the log at start. The active controller knows its own batches already. */
  replayCommitted(batch: CommittedBatch): void {
    if (this.active) {
      this.#machine.forgetBelow(batch.lastOffset + 1);
      return;
    }
    let offset = batch.baseOffset;
    for (const record of batch.records) {
      this.#machine.replay(record, offset);
      offset++;
    }
    this.#machine.forgetBelow(batch.lastOffset + 1);
  }

  loadSnapshot(snapshot: MetadataSnapshot): void {
    assert(!this.active, 'the active controller has no use for a snapshot');
    this.#machine = this.#newMachine();
    for (const record of snapshot.records) this.#machine.replay(record, snapshot.lastContainedOffset);
  }

  /** This node leads the quorum, and everything committed before has been replayed. Resolves when the log is usable. */
  async activate(leaderEpoch: LeaderEpoch): Promise<void> {
    assert(!this.active, 'activated twice');
    this.#leaderEpoch = leaderEpoch;
    this.#machine.takeSnapshot(this.#options.log.endOffset);
    this.restartSessions();
    const records = this.#machine.activationRecords(this.#options.bootstrapRecords);
    if (records.length > 0) {
      this.#options.logger.info('the controller is active and writes its first records', { records: records.length });
      await this.#append(records, 'atomic');
    }
  }

  /**
   * Another node leads, or none: what is not committed may never be, and what is comes once more. `replayedEndOffset`: the end
   * of what `replayCommitted` was given.
   */
  deactivate(replayedEndOffset: Offset): void {
    if (!this.active) return;
    this.#leaderEpoch = null;
    this.#machine.revertTo(replayedEndOffset);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(notController());
  }

  /** The image up to `lastOffset` is published and its listeners have run. */
  published(lastOffset: Offset): void {
    this.#publishedOffset = lastOffset;
    let count = 0;
    while (count < this.#waiting.length && this.#waiting[count]!.lastOffset <= lastOffset) count++;
    for (const { resolve } of this.#waiting.splice(0, count)) resolve();
  }

  // ---- commands

  /** One result per topic, in the order of `topics`. */
  async createTopics(command: {
    readonly topics: readonly CreatableTopic[];
    readonly validateOnly: boolean;
    readonly mutationQuota?: MutationQuota;
  }): Promise<readonly CreatableTopicResult[]> {
    const { topics, validateOnly, mutationQuota = noQuota } = command;
    const chances = { topicIds: topics.map(() => randomUuid(this.#options.random)), placementStart: this.#chance() };
    return this.#run({ kind: 'createTopics', topics, validateOnly, chances, mutationQuota });
  }

  /** One result per topic id; NONE where the topic is deleted. */
  async deleteTopics(command: {
    readonly topicIds: readonly Uuid[];
    readonly mutationQuota?: MutationQuota;
  }): Promise<ReadonlyMap<Uuid, ControlFailure>> {
    const { topicIds, mutationQuota = noQuota } = command;
    return this.#run({ kind: 'deleteTopics', topicIds, mutationQuota });
  }

  /** One result per topic name. */
  async createPartitions(command: {
    readonly topics: readonly CreatePartitionsTopic[];
    readonly validateOnly: boolean;
    readonly mutationQuota?: MutationQuota;
  }): Promise<ReadonlyMap<string, ControlFailure>> {
    const { topics, validateOnly, mutationQuota = noQuota } = command;
    return this.#run({
      kind: 'createPartitions',
      topics,
      validateOnly,
      placementStart: this.#chance(),
      mutationQuota,
    });
  }

  /** One result per resource, in order. */
  async incrementalAlterConfigs(
    resources: CommandTable['incrementalAlterConfigs']['command']['resources'],
    options: { readonly validateOnly: boolean },
  ): Promise<readonly AlterConfigsResult[]> {
    return this.#run({ kind: 'incrementalAlterConfigs', resources, validateOnly: options.validateOnly });
  }

  /** One result per resource, in order. */
  async alterConfigs(
    resources: CommandTable['alterConfigs']['command']['resources'],
    options: { readonly validateOnly: boolean },
  ): Promise<readonly AlterConfigsResult[]> {
    return this.#run({ kind: 'alterConfigs', resources, validateOnly: options.validateOnly });
  }

  /** One result per entity. */
  async alterClientQuotas(
    entries: readonly ClientQuotaAlteration[],
    options: { readonly unknownHosts: ReadonlySet<string>; readonly validateOnly: boolean },
  ): Promise<readonly AlterClientQuotasResult[]> {
    if (entries.length === 0) return [];
    return this.#run({ kind: 'alterClientQuotas', entries, ...options });
  }

  async allocateProducerIds(broker: BrokerOfEpoch): Promise<ProducerIdBlock | ControlFailure> {
    return this.#run({ kind: 'allocateProducerIds', ...broker });
  }

  /**
   * `replaces`: the caller knows that the previous run of this broker is over, as when it is of the same process.
   * Otherwise its session must have ended.
   */
  async registerBroker(
    registration: BrokerRegistration,
    options: { readonly replaces: boolean },
  ): Promise<{ readonly brokerEpoch: BrokerEpoch } | ControlFailure> {
    const { brokerId } = registration;
    const hasValidSession = !options.replaces && this.#sessions.isValid(brokerId, this.#nowMs());
    // A broker's epoch is the offset of its registration.
    const newBrokerEpoch: number = this.#options.log.endOffset;
    const registered = this.#run({ kind: 'registerBroker', registration, newBrokerEpoch, hasValidSession });
    const response = await registered;
    if ('brokerEpoch' in response) this.#sessions.touch({ brokerId, ...response }, this.#nowMs());
    return response;
  }

  async registerController(registration: ControllerRegistration): Promise<ControlFailure> {
    return this.#run({ kind: 'registerController', registration });
  }

  /** The broker is ready; it becomes leader of what it can lead. */
  async unfenceBroker(broker: BrokerOfEpoch & { readonly cordonedLogDirs: readonly Uuid[] }): Promise<ControlFailure> {
    return this.#run({ kind: 'unfenceBroker', ...broker });
  }

  /** Moves leadership away from a broker that wants to stop; `fenceBroker` follows when it has stopped serving. */
  async controlledShutdown(broker: BrokerOfEpoch): Promise<ControlFailure> {
    return this.#run({ kind: 'controlledShutdown', ...broker });
  }

  async fenceBroker(broker: BrokerOfEpoch): Promise<ControlFailure> {
    return this.#run({ kind: 'fenceBroker', ...broker });
  }

  /** Keeps the broker's session, and takes it where it wants to go. */
  async brokerHeartbeat(
    heartbeat: Omit<CommandTable['brokerHeartbeat']['command'], 'othersKnowOfShutdown'>,
  ): Promise<BrokerHeartbeatReply | ControlFailure> {
    const { brokerId, brokerEpoch, currentMetadataOffset } = heartbeat;
    if (!this.active) throw notController();
    const { brokers } = this.#machine;
    if (brokers.epochProblem(brokerId, brokerEpoch) === null) {
      this.#sessions.touch({ brokerId, brokerEpoch }, this.#nowMs(), currentMetadataOffset);
    }
    const othersKnowOfShutdown = this.#sessions.othersKnowOfShutdown(brokerId, (other) => brokers.isActive(other));
    const answered = this.#run({ kind: 'brokerHeartbeat', ...heartbeat, othersKnowOfShutdown });
    if (brokers.broker(brokerId)?.inControlledShutdown === true) {
      this.#sessions.shutsDown(brokerId, this.#options.log.endOffset - 1);
    }
    const reply = await answered;
    // Its next run need not wait until this one's session has passed.
    if ('shouldShutDown' in reply && reply.shouldShutDown) this.#sessions.endRun({ brokerId, brokerEpoch });
    return reply;
  }

  async unregisterBroker(brokerId: number): Promise<ControlFailure> {
    const answer = await this.#run({ kind: 'unregisterBroker', brokerId });
    if (answer.error === 'NONE') this.#sessions.end(brokerId);
    return answer;
  }

  async alterPartition(
    request: CommandTable['alterPartition']['command'],
  ): Promise<CommandTable['alterPartition']['response']> {
    return this.#run({ kind: 'alterPartition', ...request });
  }

  async electLeaders(
    request: CommandTable['electLeaders']['command'],
  ): Promise<CommandTable['electLeaders']['response']> {
    return this.#run({ kind: 'electLeaders', ...request });
  }

  async alterPartitionReassignments(
    request: CommandTable['alterPartitionReassignments']['command'],
  ): Promise<CommandTable['alterPartitionReassignments']['response']> {
    return this.#run({ kind: 'alterPartitionReassignments', ...request });
  }

  async listPartitionReassignments(
    request: CommandTable['listPartitionReassignments']['command'],
  ): Promise<CommandTable['listPartitionReassignments']['response']> {
    return this.#run({ kind: 'listPartitionReassignments', ...request });
  }

  async assignReplicasToDirs(
    request: CommandTable['assignReplicasToDirs']['command'],
  ): Promise<CommandTable['assignReplicasToDirs']['response']> {
    return this.#run({ kind: 'assignReplicasToDirs', ...request });
  }

  async updateFeatures(request: CommandTable['updateFeatures']['command']): Promise<ControlFailure> {
    return this.#run({ kind: 'updateFeatures', ...request });
  }

  // ---- what time brings; `ControllerDuties` calls

  /** This process was itself away for a while, or has just become active: nobody can be blamed for silence. */
  restartSessions(): void {
    this.#sessions.restart(this.#machine.brokers.brokers(), this.#nowMs());
  }

  /** Fences a broker that was not heard of within its session. */
  async fenceStaleBrokers(): Promise<void> {
    const nowMs = this.#nowMs();
    for (const broker of this.#machine.brokers.brokers()) {
      const { brokerId, brokerEpoch, fenced } = broker;
      if (fenced || this.#sessions.isValid(brokerId, nowMs)) continue;
      this.#options.logger.warn('fencing a broker whose session has timed out', { brokerId, brokerEpoch });
      this.#sessions.end(brokerId);
      await this.#run({ kind: 'fenceBroker', brokerId, brokerEpoch });
      return;
    }
  }

  /** True: there may be more to do. */
  async balanceLeaders(): Promise<boolean> {
    return this.#run({ kind: 'balanceLeaders' });
  }

  /** True: there may be more to do. */
  async electUncleanLeaders(): Promise<boolean> {
    return this.#run({ kind: 'electUncleanLeaders' });
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }

  #chance(): number {
    return this.#options.random.nextInt(1 << 30);
  }

  #newMachine(): ControllerMachine {
    const { nodeId, clusterId, rules, policies, settings } = this.#options;
    return new ControllerMachine({ nodeId, clusterId, rules, policies, settings });
  }

  async #run<K extends CommandKind>(command: CommandOf<K>): Promise<ResponseOf<K>> {
    if (!this.active) throw notController();
    const { records, response, append } = this.#handle(command);
    // Without records the answer still rests on what earlier commands may not have committed yet.
    if (records.length > 0) await this.#append(records, append);
    else await this.#untilPublished(this.#options.log.endOffset - 1);
    return response;
  }

  #handle<K extends CommandKind>(command: CommandOf<K>) {
    try {
      return this.#machine.handle(command);
    } catch (error) {
      if (error instanceof OperationTooLargeError) throw new KafkaError('POLICY_VIOLATION', error.message);
      throw error;
    }
  }

  /** Replays and appends; resolves when all of it is published. */
  #append(records: readonly ControlRecord[], append: 'atomic' | 'batches'): Promise<void> {
    const leaderEpoch = this.#leaderEpoch;
    assert(leaderEpoch !== null, 'only the active controller appends');
    const size = append === 'atomic' ? records.length : RECORDS_PER_BATCH_MAX;
    let lastOffset: Offset = -1;
    for (let start = 0; start < records.length; start += size) {
      lastOffset = this.#appendBatch(records.slice(start, start + size), leaderEpoch);
    }
    return this.#untilPublished(lastOffset);
  }

  #appendBatch(records: readonly ControlRecord[], leaderEpoch: LeaderEpoch): Offset {
    const { log } = this.#options;
    const baseOffset = log.endOffset;
    this.#machine.takeSnapshot(baseOffset);
    try {
      for (const [index, { record }] of records.entries()) this.#machine.replay(record, baseOffset + index);
      const appended = log.append(
        records.map(({ bytes }) => bytes),
        leaderEpoch,
      );
      assert(appended.baseOffset === baseOffset, `appended at ${appended.baseOffset}, replayed at ${baseOffset}`);
      // The quorum deactivates this controller when an append is lost; commands then fail through #waiting.
      appended.committed.catch((error: unknown) => {
        this.#options.logger.error('records were not committed', { baseOffset, error: String(error) });
      });
      return appended.lastOffset;
    } catch (error) {
      this.#machine.revertTo(baseOffset);
      throw error;
    }
  }

  #untilPublished(lastOffset: Offset): Promise<void> {
    if (lastOffset <= this.#publishedOffset) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ lastOffset, resolve, reject });
    });
  }
}

function notController(): KafkaError {
  return new KafkaError('NOT_CONTROLLER', 'No controller appears to be active.');
}
