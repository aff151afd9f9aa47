// What a cluster of real processes refuses, with a sentence that says what to do: ports that are taken, a directory in use, of another
// node or of another cluster, a node id that somebody has already, a cluster id that is wrong.

import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ottlaMainPath } from '../../support/brokers.ts';
import { ProcessCluster, refusalOf, until } from '../../support/process-cluster.ts';
import { freePort, startProcess, temporaryFolder } from '../../support/processes.ts';

const OTHER_CLUSTER_ID = 'AAAAAAAAQ4CAAAAAAAAAAg';
const folder = temporaryFolder('refusals');
const dataDir = join(folder.path, 'data');
let cluster: ProcessCluster;

interface KeptCluster {
  readonly clusterId: string;
  readonly controllers: readonly { readonly port: number }[];
}

function keptCluster(): KeptCluster {
  return JSON.parse(readFileSync(join(dataDir, 'cluster.json'), 'utf8')) as KeptCluster;
}

/** A broker by itself that would join, by a properties file. */
async function propertiesOf(nodeId: number, registrationTimeoutMs: number): Promise<string> {
  const path = join(folder.path, `broker-${nodeId}.properties`);
  writeFileSync(
    path,
    `process.roles=broker
node.id=${nodeId}
listeners=PLAINTEXT://127.0.0.1:${await freePort()}
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=${keptCluster()
      .controllers.map(({ port }) => `127.0.0.1:${port}`)
      .join(',')}
initial.broker.registration.timeout.ms=${registrationTimeoutMs}
log.dirs=${join(folder.path, `broker-${nodeId}`)}
`,
  );
  return path;
}

describe('ottla --brokers 3 says what is wrong', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    cluster = await ProcessCluster.start(dataDir, 3);
  }, 120_000);

  afterAll(async () => {
    await cluster?.stop('SIGTERM');
    folder.remove();
  });

  const refused = (from: string, to: string) =>
    refusalOf(cluster.commandLine.map((argument) => (argument === from ? to : argument)));

  test('with a port that is taken, and with a directory in use', async () => {
    const other = await refused(dataDir, join(folder.path, 'elsewhere'));
    expect(other).toMatchObject({ exitCode: 1 });
    expect(other.output).toMatch(/Broker \d did not start: Cannot listen on port \d+ .*already in use/);
    expect((await refusalOf(cluster.commandLine)).output).toMatch(
      /The cluster in .* is running already\. Stop it first/,
    );
    expect((await refusalOf(['--port', '0', '--data-dir', dataDir])).output).toContain('holds a cluster');
  });

  test('with a node id that another broker has', async () => {
    // The active controller's own id would be noticed in the quorum already.
    const nodeId = ((await cluster.controllerId()) % 3) + 1;
    const env = { ...process.env, CLUSTER_ID: keptCluster().clusterId };
    const twin = startProcess(process.execPath, [ottlaMainPath(), await propertiesOf(nodeId, 600_000)], { env });
    await until(() => /each (broker a node\.id|node needs an id) of its own/.test(twin.output()));
    await twin.stop('SIGTERM');
    expect(twin.output()).not.toContain('"msg":"serving"');
  });

  test('with the id of another cluster', async () => {
    const env = { ...process.env, CLUSTER_ID: OTHER_CLUSTER_ID };
    const stranger = await refusalOf([await propertiesOf(4, 5000)], env);
    expect(stranger.exitCode).toBe(1);
    expect(stranger.output).toMatch(
      /could not be registered within 5000 ms: the controller at \S+ belongs to another cluster: .* wrong cluster id/,
    );
  });

  test('with arguments that do not go together', async () => {
    expect(await cluster.stop()).toBe(0);
    const start = cluster.commandLine;
    expect((await refused('3', '2')).output).toContain('holds a cluster of 3 brokers, not of 2');
    expect((await refusalOf([...start, join(folder.path, 'broker-4.properties')])).output).toContain(
      'describes one broker, --brokers starts several',
    );
    expect((await refusalOf([...start, '--override', 'node.id=4'])).output).toContain('node.id cannot be set');
    expect((await refusalOf([...start, '--no-format'])).output).toContain('--no-format cannot be used with --brokers');
  });

  test('with the directory of another node, and of another cluster', async () => {
    await cluster.stop();
    const [own, kept] = [join(dataDir, 'broker-1'), join(dataDir, 'kept')];
    renameSync(own, kept);
    cpSync(join(dataDir, 'broker-2'), own, { recursive: true });
    expect((await refusalOf(cluster.commandLine)).output).toMatch(
      /Broker 1 did not start: .*belongs to node 2, but node\.id is 1\. If the data was moved, correct node\.id/,
    );
    rmSync(own, { recursive: true });
    renameSync(kept, own);
    const meta = join(own, 'meta.properties');
    writeFileSync(meta, readFileSync(meta, 'utf8').replace(/cluster\.id=.*/, `cluster.id=${OTHER_CLUSTER_ID}`));
    expect((await refusalOf(cluster.commandLine)).output).toMatch(
      /Broker 1 did not start: .*belongs to cluster .* is expected\. If the data was moved, correct the cluster id/,
    );
    writeFileSync(join(dataDir, 'cluster.json'), '{');
    expect((await refusalOf(cluster.commandLine)).output).toContain('cluster.json cannot be understood');
  });
});
