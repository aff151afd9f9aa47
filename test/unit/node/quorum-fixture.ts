// A metadata quorum of one node in a directory of a memory file system.
import { silentLogger } from '../../../src/base/logger.ts';
import type { Random } from '../../../src/base/random.ts';
import { systemClock, systemTimer } from '../../../src/base/system.ts';
import { randomUuid } from '../../../src/base/uuid.ts';
import type { FileSystem } from '../../../src/io/file-system.ts';
import type { LogDirectory } from '../../../src/log/log-directory.ts';
import { supportedFeatures } from '../../../src/metadata/features.ts';
import { BrokerLifecycle } from '../../../src/node/broker-lifecycle.ts';
import { formatStorage, readFormattedDirectories } from '../../../src/node/format.ts';
import { MetadataQuorum, type MetadataQuorumOptions } from '../../../src/node/metadata-quorum.ts';
import { metadataLogConfig } from '../../../src/node/quorum-storage.ts';
import { openLogDirectory, seededRandom, VirtualTime } from '../../support/logs.ts';
import { controllerSettings, permissiveRules } from '../controller/fixture.ts';

export const listeners = [{ name: 'PLAINTEXT', host: 'localhost', port: 9092, securityProtocol: 0 }];
export const controllerListeners = [{ name: 'CONTROLLER', host: 'localhost', port: 9093, securityProtocol: 0 }];

export function format(fileSystem: FileSystem, random: Random = seededRandom(7)): void {
  formatStorage({
    fileSystem,
    nodeId: 1,
    directories: ['/data'],
    quorum: { kind: 'standalone', endpoints: [{ name: 'CONTROLLER', host: 'localhost', port: 9093 }] },
    random,
    nowMs: 1,
  });
}

export interface RunningQuorum {
  readonly quorum: MetadataQuorum;
  readonly broker: BrokerLifecycle;
  readonly logDirectory: LogDirectory;
  readonly directoryId: string;
  readonly time: VirtualTime;
  /** As a clean shutdown does. */
  close(): Promise<void>;
  /** As `kill -9` does. */
  kill(): void;
}

export async function openQuorum(
  fileSystem: FileSystem,
  options: Partial<MetadataQuorumOptions> & { readonly seed?: number } = {},
): Promise<RunningQuorum> {
  const time = new VirtualTime();
  const random = seededRandom(options.seed ?? 42);
  const logDirectory = openLogDirectory(fileSystem, { time, timer: systemTimer });
  const [formatted] = readFormattedDirectories(fileSystem, ['/data'], { nodeId: 1 }, random);
  const { directoryId, clusterId } = formatted!;
  const metadataLog = await logDirectory.openMetadataLog(
    metadataLogConfig({ segmentBytes: 1 << 30, segmentMs: 604_800_000 }),
  );
  const quorum = await MetadataQuorum.open({
    nodeId: 1,
    clusterId,
    directoryId,
    fileSystem,
    directory: '/data',
    metadataLog,
    staticVoters: null,
    isController: true,
    controllerListeners,
    controllerListenerName: 'CONTROLLER',
    bootstrapServers: [],
    autoJoin: false,
    fetchMaxBytes: 1_048_576,
    fetchSnapshotMaxBytes: 1_048_576,
    requestTimeoutMs: 2000,
    clients: () => {
      throw new Error('a lone voter asks nobody');
    },
    timeouts: { electionTimeoutMs: 1000, fetchTimeoutMs: 2000, electionBackoffMaxMs: 1000, retryBackoffMs: 20 },
    snapshots: {
      maxBytesBetween: 20_971_520,
      maxIntervalMs: 3_600_000,
      retention: { maxBytes: 104_857_600, maxMs: 604_800_000 },
    },
    brokerSessionTimeoutMs: 9000,
    rules: permissiveRules,
    policies: {},
    settings: () => controllerSettings,
    clock: time,
    timer: time,
    random,
    logger: silentLogger,
    onFatal: (error) => {
      throw error;
    },
    ...options,
  });
  const broker = new BrokerLifecycle({
    channel: quorum.controller,
    registration: {
      brokerId: 1,
      clusterId: quorum.clusterId,
      incarnationId: randomUuid(random),
      listeners,
      supportedFeatures,
      rack: null,
      logDirs: [directoryId],
      previousBrokerEpoch: logDirectory.cleanShutdownBrokerEpoch ?? -1,
    },
    metadataOffset: () => quorum.image.highestOffset,
    heartbeatIntervalMs: 2000,
    registrationTime: { timeoutMs: 1000, untilMs: systemClock.monotonicMs() + 1000 },
    clock: systemClock,
    timer: systemTimer,
    logger: silentLogger,
  });
  return {
    quorum,
    broker,
    logDirectory,
    directoryId,
    time,
    close: async () => {
      const { brokerEpoch } = broker;
      if (brokerEpoch >= 0) await broker.shutDown();
      await quorum.stop();
      await logDirectory.loadLogs(() => null);
      await logDirectory.close({ brokerEpoch });
    },
    kill: () => {
      broker.close();
      void quorum.stop();
      logDirectory.abandon();
    },
  };
}

export async function startBroker({ quorum, broker }: RunningQuorum): Promise<void> {
  await Promise.all([quorum.registerController(), broker.register()]);
  await broker.ready([]);
}
