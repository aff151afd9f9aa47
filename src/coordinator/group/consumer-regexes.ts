/**
 * Regular-expression subscriptions of KIP-848 groups. The broker alone knows which topics an expression matches: it is
 * resolved by a command of its own, right after the heartbeat that needs it, and what it gave is a record of the group.
 *
 * Resolved again: when a member brings a new expression, when topics were created, and after
 * `group.consumer.regex.refresh.interval.ms`; not more often than every ten seconds, since all topics are gone through.
 */
import { KafkaError } from '../../wire/errors.ts';
import type { Turn } from './commands.ts';
import type { ConsumerGroup, ConsumerMember } from './consumer-group.ts';
import type { ConsumerGroupConfig } from './consumer-group-config.ts';
import { groupMetadataHash } from './metadata-hash.ts';

/** Kafka's constant. */
const REFRESH_INTERVAL_MS_MIN = 10_000;

/** 'resolved': the members' topics are known now, so the group epoch changes with it; 'updated': not yet. */
export type RegexUpdate = 'unchanged' | 'updated' | 'resolved';

const regexKey = (groupId: string) => `consumer regex ${groupId}`;

export class ConsumerRegexes {
  readonly #config: ConsumerGroupConfig;
  /** Offset of the newest image that created topics. */
  #newestTopicsVersion = -1;

  constructor(config: ConsumerGroupConfig) {
    this.#config = config;
  }

  topicsCreated(version: number): void {
    this.#newestTopicsVersion = version;
  }

  update(group: ConsumerGroup, before: ConsumerMember, updated: ConsumerMember, turn: Turn): RegexUpdate {
    const { groupId } = group;
    const oldRegex = before.subscribedTopicRegex;
    const newRegex = updated.subscribedTopicRegex;
    const regexes = group.regexes();
    let status: RegexUpdate = 'unchanged';
    let isNew = false;
    if (oldRegex !== newRegex) {
      status = 'updated';
      if (oldRegex !== '' && group.regexSubscriberCount(oldRegex) === 1 && regexes.has(oldRegex)) {
        turn.records.push({ kind: 'consumerRegex', groupId, regularExpression: oldRegex, value: null });
      }
      if (newRegex === '') status = 'resolved';
      else if (group.regexSubscriberCount(newRegex) === 0) {
        this.#checkSyntax(newRegex);
        isNew = true;
      } else if (regexes.has(newRegex)) status = 'resolved';
    }
    const subscribed = subscribedRegexes(group, updated);
    if (!isNew && subscribed.size === 0) return status;
    let resolvedAtMs = Number.NEGATIVE_INFINITY;
    let version = -1;
    for (const regex of regexes.values()) {
      resolvedAtMs = Math.max(resolvedAtMs, regex.timestampMs);
      version = Math.max(version, regex.version);
    }
    if (turn.nowMs <= resolvedAtMs + REFRESH_INTERVAL_MS_MIN) return status;
    const required =
      isNew ||
      subscribed.size !== regexes.size ||
      version < this.#newestTopicsVersion ||
      turn.nowMs > resolvedAtMs + this.#config.regexRefreshIntervalMs;
    if (required && subscribed.size > 0) {
      turn.schedule(regexKey(groupId), 0, { kind: 'resolveConsumerRegexes', groupId });
    }
    return status;
  }

  /** Writes what the expressions match now; the new group epoch where that is something else than before. */
  resolve(group: ConsumerGroup, turn: Turn): number | null {
    const { groupId } = group;
    const image = this.#config.image();
    const regexes = new Map(group.regexes());
    let changed = false;
    for (const regularExpression of subscribedRegexes(group, null)) {
      let topics: string[] = [];
      try {
        const matches = this.#config.compileRegex(regularExpression);
        topics = [...image.topicsByName.keys()].filter(matches).sort();
      } catch {
        // Accepted by another release with other syntax: it matches nothing.
      }
      const before = regexes.get(regularExpression)?.topics;
      // A new expression that matches nothing changes nothing, unless there is something to take from who brought it.
      if (before === undefined && topics.length === 0) changed ||= isAnythingAssignedTo(group, regularExpression);
      else if (before?.size !== topics.length || topics.some((topic) => !before.has(topic))) changed = true;
      const value = { topics, version: image.highestOffset, timestamp: turn.nowMs };
      turn.records.push({ kind: 'consumerRegex', groupId, regularExpression, value });
      regexes.set(regularExpression, {
        topics: new Set(topics),
        version: value.version,
        timestampMs: value.timestamp,
      });
    }
    if (!changed) return null;
    const names = new Set<string>();
    for (const member of group.members()) {
      for (const name of member.subscribedTopicNames) names.add(name);
      for (const name of regexes.get(member.subscribedTopicRegex)?.topics ?? []) names.add(name);
    }
    const epoch = group.epochs().groupEpoch + 1;
    turn.records.push({
      kind: 'consumerEpoch',
      groupId,
      value: { epoch, metadataHash: groupMetadataHash(names, image) },
    });
    return epoch;
  }

  #checkSyntax(expression: string): void {
    try {
      this.#config.compileRegex(expression);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new KafkaError(
        'INVALID_REGULAR_EXPRESSION',
        `SubscribedTopicRegex \`${expression}\` is not a valid regular expression: ${reason}.`,
      );
    }
  }
}

function isAnythingAssignedTo(group: ConsumerGroup, regex: string): boolean {
  for (const member of group.members()) {
    if (member.subscribedTopicRegex === regex && group.target(member.memberId).size > 0) return true;
  }
  return false;
}

/** Of all members, once `updated` is among them. */
function subscribedRegexes(group: ConsumerGroup, updated: ConsumerMember | null): Set<string> {
  const regexes = new Set(group.subscribedRegexes());
  const before = updated === null ? '' : (group.member(updated.memberId)?.subscribedTopicRegex ?? '');
  const after = updated?.subscribedTopicRegex ?? before;
  if (before === after) return regexes;
  if (before !== '' && group.regexSubscriberCount(before) === 1) regexes.delete(before);
  if (after !== '') regexes.add(after);
  return regexes;
}
