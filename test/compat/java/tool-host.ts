// Runs Kafka's official tools: quickly inside the tool host's JVM, or as a user does through the wrappers in bin/.

import { join } from 'node:path';
import { type RunningProcess, repositoryPath, run, startProcess } from '../../support/processes.ts';
import { type JavaToolchain, javaArguments } from '../../support/toolchain.ts';

/** The official scripts and the main classes they start. The wrappers in bin/ say the same. */
export const toolClasses = {
  /** Not a script either: calls of the Admin client, in programs/. */
  'admin-client': 'AdminCalls',
  'kafka-broker-api-versions': 'org.apache.kafka.tools.BrokerApiVersionsCommand',
  'kafka-client-metrics': 'org.apache.kafka.tools.ClientMetricsCommand',
  'kafka-cluster': 'org.apache.kafka.tools.ClusterTool',
  'kafka-configs': 'kafka.admin.ConfigCommand',
  'kafka-console-consumer': 'org.apache.kafka.tools.consumer.ConsoleConsumer',
  'kafka-console-producer': 'org.apache.kafka.tools.ConsoleProducer',
  'kafka-consumer-groups': 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand',
  'kafka-consumer-perf-test': 'org.apache.kafka.tools.ConsumerPerformance',
  'kafka-delete-records': 'org.apache.kafka.tools.DeleteRecordsCommand',
  'kafka-dump-log': 'org.apache.kafka.tools.DumpLogSegments',
  'kafka-e2e-latency': 'org.apache.kafka.tools.EndToEndLatency',
  'kafka-features': 'org.apache.kafka.tools.FeatureCommand',
  'kafka-get-offsets': 'org.apache.kafka.tools.GetOffsetShell',
  'kafka-groups': 'org.apache.kafka.tools.GroupsCommand',
  'kafka-leader-election': 'org.apache.kafka.tools.LeaderElectionCommand',
  'kafka-log-dirs': 'org.apache.kafka.tools.LogDirsCommand',
  'kafka-metadata-quorum': 'org.apache.kafka.tools.MetadataQuorumCommand',
  'kafka-metadata-shell': 'org.apache.kafka.shell.MetadataShell',
  'kafka-producer-perf-test': 'org.apache.kafka.tools.ProducerPerformance',
  'kafka-reassign-partitions': 'org.apache.kafka.tools.reassign.ReassignPartitionsCommand',
  'kafka-replica-verification': 'org.apache.kafka.tools.ReplicaVerificationTool',
  'kafka-storage': 'kafka.tools.StorageTool',
  'kafka-streams-application-reset': 'org.apache.kafka.tools.StreamsResetter',
  'kafka-topics': 'org.apache.kafka.tools.TopicCommand',
  'kafka-transactions': 'org.apache.kafka.tools.TransactionsCommand',
  'kafka-verifiable-consumer': 'org.apache.kafka.tools.VerifiableConsumer',
  'kafka-verifiable-producer': 'org.apache.kafka.tools.VerifiableProducer',
  /** Has no script of its own: Kafka's system tests start it by its class. */
  'transactional-message-copier': 'org.apache.kafka.tools.TransactionalMessageCopier',
} as const;

export type ToolName = keyof typeof toolClasses;

export interface ToolResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
}

export interface ToolOptions {
  readonly stdin?: string;
  /** When a tool that would run for ever gets its SIGTERM; for the others a safety net. */
  readonly timeoutMs?: number;
}

const wrapperPath = (tool: ToolName): string => join(repositoryPath, 'test', 'compat', 'java', 'bin', `${tool}.sh`);

const wrapperEnvironment = (java: JavaToolchain): NodeJS.ProcessEnv => ({
  ...process.env,
  OTTLA_KAFKA_CLASSPATH: java.classPath,
});

/** Starts the wrapper and leaves it running. */
export function startWrapper(java: JavaToolchain, tool: ToolName, args: readonly string[]): RunningProcess {
  return startProcess(wrapperPath(tool), args, { env: wrapperEnvironment(java) });
}

/** Runs the wrapper to its end, as a user does: a process of its own. */
export async function runWrapper(
  java: JavaToolchain,
  tool: ToolName,
  args: readonly string[],
  options: ToolOptions = {},
): Promise<ToolResult> {
  const timeoutMs = options.timeoutMs ?? 60_000;
  const result = await run(wrapperPath(tool), args, {
    env: wrapperEnvironment(java),
    timeoutMs,
    ...(options.stdin === undefined ? {} : { input: options.stdin }),
  });
  return {
    exitCode: result.exitCode ?? 128,
    stdout: result.stdout,
    stderr: result.stderr,
    timedOut: result.stderr.includes(`(stopped after ${timeoutMs} ms)`),
  };
}

interface HostAnswer extends ToolResult {
  /** The tool did not end even after its shutdown hooks had run: this JVM is of no more use. */
  readonly stuck: boolean;
}

/** One JVM that runs one tool at a time, in the order of the calls. */
export class ToolHost {
  readonly java: JavaToolchain;
  #process: RunningProcess | null = null;
  #answered: ((line: string) => void) | null = null;
  #previous: Promise<unknown> = Promise.resolve();

  constructor(java: JavaToolchain) {
    this.java = java;
  }

  run(tool: ToolName, args: readonly string[], options: ToolOptions = {}): Promise<ToolResult> {
    const result = this.#previous.then(() => this.#run(tool, args, options));
    this.#previous = result.catch(() => undefined);
    return result;
  }

  async stop(): Promise<void> {
    await this.#process?.stop('SIGKILL');
    this.#process = null;
  }

  async #run(tool: ToolName, args: readonly string[], options: ToolOptions): Promise<ToolResult> {
    const timeoutMs = options.timeoutMs ?? 90_000;
    const host = this.#process ?? this.#start();
    const request = { main: toolClasses[tool], args, stdin: options.stdin ?? '', timeoutMs };
    const line = await new Promise<string>((resolve, reject) => {
      const net = setTimeout(() => reject(new Error(`the tool host is silent:\n${host.output()}`)), timeoutMs + 20_000);
      this.#answered = (answer) => {
        clearTimeout(net);
        resolve(answer);
      };
      void host.exited.then(() => {
        clearTimeout(net);
        reject(new Error(`the tool host ended:\n${host.output()}`));
      });
      host.child.stdin?.write(`${JSON.stringify(request)}\n`);
    }).catch(async (error) => {
      await this.stop();
      throw error;
    });
    const answer = JSON.parse(line) as HostAnswer;
    if (answer.stuck) await this.stop();
    return answer;
  }

  #start(): RunningProcess {
    const args = javaArguments(
      this.java,
      '384m',
      'ToolHost',
      [],
      `${this.java.hostClassPath}:${this.java.programClassPath}:`,
    );
    args.unshift('--add-opens', 'java.base/java.lang=ALL-UNNAMED', '-Djava.security.manager=allow');
    this.#process = startProcess('java', args, { stdin: true, onStdoutLine: (line) => this.#answered?.(line) });
    return this.#process;
  }
}
