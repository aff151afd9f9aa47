// Quorums of Apache Kafka 4.3.1 and Ottla together: they elect, replicate and fail over; and kafka-metadata-quorum, unmodified.

import { readdirSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { type ControllerProcess, ControllerQuorum } from '../../support/controllers.ts';
import { run } from '../../support/processes.ts';
import { javaArguments, prepareJava, suiteTitle, toolsOf } from '../../support/toolchain.ts';

const toolchain = await prepareJava();
const LEADER_CHANGES_MAX = 8;

describe.skipIf(toolchain.kind === 'missing')(suiteTitle('quorums with Apache Kafka 4.3.1', toolchain), () => {
  let quorum: ControllerQuorum | null = null;

  afterEach(async () => {
    await quorum?.remove();
    quorum = null;
  });

  async function metadataQuorum(controller: ControllerProcess, args: readonly string[]) {
    const tool = javaArguments(toolsOf(toolchain), '128m', 'org.apache.kafka.tools.MetadataQuorumCommand', [
      ...['--bootstrap-controller', controller.address, ...args],
    ]);
    return run('java', tool, { timeoutMs: 60_000 });
  }

  test('one Apache and two Ottla controllers elect, replicate and fail over', { timeout: 240_000 }, async () => {
    quorum = await ControllerQuorum.start(['apache', 'ottla', 'ottla'], toolsOf(toolchain));
    const all = quorum.agrees.bind(quorum);
    const led = new Set<string>();
    let { leader, quorum: state } = await quorum.until(all);
    for (let round = 0; round < LEADER_CHANGES_MAX && led.size < 2; round++) {
      led.add(leader.kind);
      const { leaderEpoch, highWatermark } = state;
      const killed = leader;
      await killed.stop('SIGKILL');
      ({ leader, quorum: state } = await quorum.until((seen) => seen.leaderEpoch > leaderEpoch));
      // Committed by the two that are left, whichever they are.
      ({ leader, quorum: state } = await quorum.until((seen) => seen.highWatermark > highWatermark));
      led.add(leader.kind);
      await killed.start();
      ({ leader, quorum: state } = await quorum.until(all));
    }
    expect([...led].sort()).toEqual(['apache', 'ottla']);
  });

  test('an Apache controller takes a snapshot of Ottla where the log is cut', { timeout: 120_000 }, async () => {
    const snapshots = { 'metadata.log.max.record.bytes.between.snapshots': '1', 'metadata.max.retention.bytes': '100' };
    quorum = await ControllerQuorum.start(['ottla'], null, snapshots);
    await quorum.until(({ highWatermark }) => highWatermark > 10);
    const newcomer = await quorum.join('apache', toolsOf(toolchain));
    await quorum.until(({ endOffsets, highWatermark }) => endOffsets.get(2) === highWatermark);
    const files = readdirSync(`${newcomer.dataPath}/__cluster_metadata-0`).filter((name) =>
      name.endsWith('.checkpoint'),
    );
    const [checkpoint] = files.sort();
    expect(checkpoint).toMatch(/^0{15}\d{5}-\d{10}\.checkpoint$/);
    expect(checkpoint).not.toMatch(/^0+-/);
    const [ottla] = quorum.controllers;
    await ottla!.stop('SIGTERM');
    const folder = `${ottla!.dataPath}/__cluster_metadata-0`;
    const own = readdirSync(folder).filter((name) => name.endsWith('.checkpoint'));
    const snapshot = `${folder}/${own.sort().at(-1)}`;
    const offline = async (tool: string, args: readonly string[]): Promise<string> => {
      const options = javaArguments(toolsOf(toolchain), '128m', tool, args);
      const result = await run('java', options, { timeoutMs: 60_000 });
      // The shell says on standard error that it passes over control records, whoever wrote them.
      expect(result.exitCode, result.stderr).toBe(0);
      expect(result.stderr).not.toContain('Exception');
      return result.stdout;
    };
    const decoder = ['--cluster-metadata-decoder', '--files', snapshot];
    expect(await offline('org.apache.kafka.tools.DumpLogSegments', decoder)).toMatch(
      /SnapshotHeader[\s\S]*KRaftVoters[\s\S]*FEATURE_LEVEL_RECORD[\s\S]*REGISTER_CONTROLLER_RECORD[\s\S]*SnapshotFooter/,
    );
    const shell = ['--snapshot', snapshot, 'find', '/image/cluster'];
    expect(await offline('org.apache.kafka.shell.MetadataShell', shell)).toContain('/image/cluster/controllers/1');
  });

  test('kafka-metadata-quorum describes, removes and adds controllers', { timeout: 240_000 }, async () => {
    quorum = await ControllerQuorum.start(['ottla', 'ottla', 'ottla']);
    const first = await quorum.until(quorum.agrees.bind(quorum));
    const [someone] = quorum.controllers;
    const status = await metadataQuorum(someone!, ['describe', '--status']);
    expect(status.stderr).toBe('');
    expect(status.stdout).toMatch(new RegExp(`LeaderId: +${first.leader.nodeId}\\n`));
    expect(status.stdout).toMatch(/HighWatermark: +\d+/);
    expect(status.stdout).toMatch(
      /CurrentVoters: +\[\{"id": 1, "directoryId": "[^"]+", "endpoints": \["CONTROLLER:\/\//,
    );
    const replication = await metadataQuorum(someone!, ['describe', '--replication']);
    expect(replication.stdout).toMatch(/^NodeId\s+DirectoryId\s+LogEndOffset\s+Lag/);
    expect(replication.stdout.match(/Leader|Follower/g)?.sort()).toEqual(['Follower', 'Follower', 'Leader']);

    const newcomer = await quorum.join('ottla');
    await quorum.until((seen) => seen.observerIds.includes(4) && seen.endOffsets.get(4) === seen.highWatermark);
    const added = await metadataQuorum(someone!, ['--command-config', newcomer.propertiesPath, 'add-controller']);
    expect(added.stderr).toBe('');
    expect(added.stdout).toContain('Added controller 4 with directory id');
    const four = await quorum.until(({ voterIds }) => voterIds.length === 4);
    expect(four.quorum.voterIds).toEqual([1, 2, 3, 4]);
    const twice = await metadataQuorum(someone!, ['--command-config', newcomer.propertiesPath, 'add-controller']);
    expect(twice.stdout + twice.stderr).toContain('already part of the set of voters');

    // The leader itself: another one takes over when the change is committed.
    const { leader } = four;
    const id = ['--controller-id', String(leader.nodeId), '--controller-directory-id', leader.directoryId];
    const removed = await metadataQuorum(someone!, ['remove-controller', ...id]);
    expect(removed.stderr).toBe('');
    expect(removed.stdout).toMatch(new RegExp(`Removed +KRaft controller ${leader.nodeId} with directory id`));
    const three = await quorum.until(({ voterIds, leaderId }) => voterIds.length === 3 && leaderId !== leader.nodeId);
    expect(three.quorum.voterIds).not.toContain(leader.nodeId);
    const again = await metadataQuorum(three.leader, ['remove-controller', ...id]);
    expect(again.stdout + again.stderr).toContain('Cannot remove voter');
  });
});
