/**
 * What the program around an embedded broker says to new topics and changed configs (Kafka's CreateTopicPolicy, KIP-108, and
 * AlterConfigPolicy, KIP-133). A policy refuses by throwing: the client is told POLICY_VIOLATION and the error's message.
 */
import type { ConfigResourceKind } from './config-rules.ts';
import { type ControlFailure, failure } from './control-record.ts';

export interface NewTopic {
  readonly name: string;
  /** Null where the client says which brokers hold which partition. */
  readonly partitions: number | null;
  readonly replicationFactor: number | null;
  /** Brokers by partition; null where the controller places the replicas. */
  readonly assignments: ReadonlyMap<number, readonly number[]> | null;
  /** What the client set, without defaults. */
  readonly configs: ReadonlyMap<string, string>;
}

export interface ChangedConfigs {
  readonly resourceType: ConfigResourceKind;
  /** A topic's name; a broker's id, or '' for the default of all brokers. */
  readonly resourceName: string;
  /** What the client changes; null takes a setting back. */
  readonly configs: ReadonlyMap<string, string | null>;
}

/** Both decide at once; what they return is not looked at. Also asked for what is only validated, and for internal topics. */
export interface Policies {
  createTopic?(topic: NewTopic): void;
  alterConfig?(change: ChangedConfigs): void;
}

/** Null: there is no policy, or it agrees. */
export function refusal(policy: (() => unknown) | null): ControlFailure | null {
  if (policy === null) return null;
  try {
    // A promise may still be rejected, when it is too late.
    if (policy() instanceof Promise) {
      return failure('POLICY_VIOLATION', 'The policy of this broker is asynchronous; it has to decide at once.');
    }
    return null;
  } catch (error) {
    return failure('POLICY_VIOLATION', error instanceof Error ? error.message : String(error));
  }
}
