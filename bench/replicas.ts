// Several brokers: three with replication factor 3 beside three of Apache Kafka's, and `--brokers N` for as many cores as there are.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { ottlaMainPath } from '../test/support/brokers.ts';
import { ProcessCluster } from '../test/support/process-cluster.ts';
import {
  freePort,
  type RunningProcess,
  runOrThrow,
  startProcess,
  temporaryFolder,
  waitUntilServing,
} from '../test/support/processes.ts';
import type { BenchOptions, BenchRow } from './bench.ts';
import { produceRecords } from './produce.ts';
import { profileArguments } from './profile.ts';
import { alternate, javaOfServer, ROUNDS_UNJUDGED, rowOf, type ServerKind, startServer } from './side-by-side.ts';
import { cpuSeconds, residentMegabytes } from './watch.ts';

const BROKERS = 3;
const CLUSTER_ID = '4L6g3nShT-eMCtK--X86sw';
const RECORD_BYTES = 1024;
const GIGABYTE = 1e9;
const workload = { recordBytes: RECORD_BYTES, acks: 'all', batchBytes: 16_384, compression: 'none' } as const;

interface Three {
  readonly bootstrap: string;
  readonly processIds: readonly number[];
  remove(): Promise<void>;
}

/** Three nodes, each broker and controller, with the same properties for both kinds. */
async function startThree(kind: ServerKind): Promise<Three> {
  const folder = temporaryFolder(`bench-${kind}`);
  const ports = await Promise.all(Array.from({ length: 2 * BROKERS }, () => freePort()));
  const [brokerPorts, controllerPorts] = [ports.slice(0, BROKERS), ports.slice(BROKERS)];
  const voters = controllerPorts.map((port, index) => `${index + 1}@127.0.0.1:${port}`).join(',');
  const processes: RunningProcess[] = [];
  const remove = async (): Promise<void> => {
    // One that is asked to end leaves its profile.
    await Promise.all(processes.map((each) => each.stop(profileArguments().length > 0 ? 'SIGTERM' : 'SIGKILL')));
    folder.remove();
  };
  try {
    for (let nodeId = 1; nodeId <= BROKERS; nodeId++) {
      const home = join(folder.path, String(nodeId));
      mkdirSync(home);
      const propertiesPath = join(home, 'server.properties');
      const properties = {
        'process.roles': 'broker,controller',
        'node.id': String(nodeId),
        'controller.quorum.voters': voters,
        listeners: `PLAINTEXT://127.0.0.1:${brokerPorts[nodeId - 1]},CONTROLLER://127.0.0.1:${controllerPorts[nodeId - 1]}`,
        'controller.listener.names': 'CONTROLLER',
        'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
        'log.dirs': join(home, 'data'),
        'num.partitions': '3',
        'default.replication.factor': '3',
        'min.insync.replicas': '2',
      };
      writeFileSync(
        propertiesPath,
        Object.entries(properties)
          .map((entry) => `${entry.join('=')}\n`)
          .join(''),
      );
      const format = ['format', '--cluster-id', CLUSTER_ID, '--config', propertiesPath];
      if (kind === 'ottla') {
        await runOrThrow(process.execPath, [ottlaMainPath(), ...format]);
        processes.push(
          startProcess(process.execPath, [...profileArguments(), ottlaMainPath(), 'start', propertiesPath]),
        );
      } else {
        await runOrThrow('java', await javaOfServer('kafka.tools.StorageTool', format));
        processes.push(startProcess('java', await javaOfServer('kafka.Kafka', [propertiesPath])));
      }
    }
    for (const [index, port] of brokerPorts.entries()) {
      await waitUntilServing(processes[index]!, { host: '127.0.0.1', port }, 120_000);
    }
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    bootstrap: brokerPorts.map((port) => `127.0.0.1:${port}`).join(','),
    processIds: processes.map(({ pid }) => pid),
    remove,
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export async function benchReplicas({ size }: BenchOptions): Promise<BenchRow[]> {
  const records = Math.round({ smoke: 1e6, quick: 1e8, full: 5e8 }[size] / RECORD_BYTES);
  const samples = await alternate(ROUNDS_UNJUDGED[size], async (kind) => {
    const cluster = await startThree(kind);
    try {
      await produceRecords(cluster.bootstrap, 'replicated', workload, { records });
      const before = sum(cluster.processIds.map(cpuSeconds));
      const rate = await produceRecords(cluster.bootstrap, 'replicated', workload, { records });
      const cpu = ((sum(cluster.processIds.map(cpuSeconds)) - before) * GIGABYTE) / (records * RECORD_BYTES);
      return { rate, cpu, memory: sum(cluster.processIds.map(residentMegabytes)) };
    } finally {
      await cluster.remove();
    }
  });
  const what = 'three brokers, replication factor 3, 1 KiB, acks=all';
  return [
    rowOf(samples, 'rate', { name: what, unit: 'records/s' }),
    rowOf(samples, 'cpu', { name: `${what}: CPU of all brokers`, unit: 's/GB' }),
    rowOf(samples, 'memory', { name: `${what}: resident, all brokers`, unit: 'MB' }),
  ];
}

interface Started {
  readonly bootstrap: string;
  stop(): Promise<unknown>;
}

async function startBrokers(count: number, dataPath: string): Promise<Started> {
  if (count > 1) return ProcessCluster.start(dataPath, count, '--topic', 'spread:12:1');
  const broker = await startServer('ottla', { 'num.partitions': '12' });
  return { bootstrap: broker.bootstrap, stop: () => broker.remove() };
}

/** What more brokers bring on this machine, whose cores the clients use, too. */
export async function benchBrokers({ size }: BenchOptions): Promise<BenchRow[]> {
  const records = Math.round({ smoke: 1e6, quick: 1e8, full: 1e9 }[size] / RECORD_BYTES);
  const rows: BenchRow[] = [];
  for (const count of new Set([1, Math.max(2, cpus().length)])) {
    const folder = temporaryFolder('bench-brokers');
    const brokers = await startBrokers(count, folder.path);
    try {
      await produceRecords(brokers.bootstrap, 'spread', workload, { records });
      const rate = await produceRecords(brokers.bootstrap, 'spread', workload, { records });
      rows.push({ name: `--brokers ${count}, 12 partitions, 1 KiB, acks=all`, value: rate, unit: 'records/s' });
    } finally {
      await brokers.stop();
      folder.remove();
    }
  }
  return rows;
}
