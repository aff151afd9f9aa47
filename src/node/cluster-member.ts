/**
 * One broker of `ottla --brokers N`, in a process of its own. The supervisor that started it speaks with it over the channel
 * that Node opens between parent and child; when that closes, the supervisor is gone, and so the broker stops.
 *
 *     supervisor: start ──> leave ──> stop
 *     broker:              serving | failed   left             (exits)
 */
import { loadNodeConfig } from '../config/node-config.ts';
import { Node } from '../node.ts';
import type { FormatOptions } from './format.ts';
import { createLogger } from './logger.ts';

/** What a member is told to be; plain data. */
export interface MemberStart {
  readonly kind: 'start';
  readonly nodeId: number;
  readonly clusterSize: number;
  readonly clusterId: string;
  readonly quorum: FormatOptions['quorum'];
  /** Settings that make it a member, and those of the user. */
  readonly flags: readonly (readonly [string, string])[];
  readonly overrides: readonly (readonly [string, string])[];
  readonly ephemeral: boolean;
  /** Readable log lines; otherwise JSON, each with the id of the node. */
  readonly pretty: boolean;
}

/**
 * `leave`: the broker gives its partitions away and serves on; all have done so before one stops. `stop` follows, or comes without it.
 */
export type MemberCommand = MemberStart | { readonly kind: 'leave' } | { readonly kind: 'stop' };

export type MemberReport =
  | { readonly kind: 'serving'; readonly bootstrapServers: string }
  | { readonly kind: 'left' }
  /** The message is a sentence for the user. */
  | { readonly kind: 'failed'; readonly message: string };

/** Resolves never: the process ends by a command, a signal, or with its supervisor. */
export function runClusterMember(isForUser: (error: unknown) => error is Error): void {
  if (process.send === undefined) {
    console.error('ottla: this command is for the brokers that `ottla --brokers` starts');
    process.exitCode = 2;
    return;
  }
  let node: Node | null = null;
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    // One that is still starting has promised nothing to anyone: it recovers when it starts again.
    if (node === null) process.exit(0);
    node.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  // Ctrl-C reaches the whole group of processes; the supervisor decides what comes of it.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', stop);
  process.on('disconnect', stop);
  process.on('message', (command: MemberCommand) => {
    switch (command.kind) {
      case 'start':
        void start(command).then(
          (started) => {
            node = started;
            report({ kind: 'serving', bootstrapServers: started.bootstrapServers });
          },
          (error: unknown) => {
            // Anything else ends the process with its stack.
            if (!isForUser(error)) throw error;
            report({ kind: 'failed', message: error.message });
            process.disconnect?.();
            process.exitCode = 1;
          },
        );
        break;
      case 'leave':
        void (node?.leaveCluster() ?? Promise.resolve()).finally(() => report({ kind: 'left' }));
        break;
      case 'stop':
        stop();
        break;
      default:
        command satisfies never;
    }
  });
}

async function start(member: MemberStart): Promise<Node> {
  const { nodeId, clusterSize, clusterId, quorum, flags, overrides, ephemeral, pretty } = member;
  return Node.start({
    config: loadNodeConfig({
      environment: process.env,
      flags: new Map(flags),
      overrides: new Map(overrides),
      clusterSize,
    }),
    ephemeral,
    format: true,
    clusterId,
    quorum,
    topics: [],
    logger: createLogger({ pretty, fields: { node: nodeId } }),
    onFatal: () => process.exit(1),
  });
}

function report(message: MemberReport): void {
  // The supervisor may be gone; `disconnect` tells.
  if (process.connected) process.send?.(message);
}
