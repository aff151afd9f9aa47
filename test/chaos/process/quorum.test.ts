// Three controllers as real processes, formatted by `ottla format`: one leads, is killed with kill -9, another takes over; the killed one
// comes back and catches up. A controller of another cluster, and a directory of another node, are refused with a sentence.

import { readdirSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { ControllerQuorum } from '../../support/controllers.ts';
import { freePort } from '../../support/processes.ts';

describe('a quorum of three controllers', () => {
  let quorum: ControllerQuorum | null = null;

  afterEach(async () => {
    await quorum?.remove();
    quorum = null;
  });

  test('goes on when the active one is killed, and takes it back', { timeout: 120_000 }, async () => {
    quorum = await ControllerQuorum.start(['ottla', 'ottla', 'ottla']);
    const { agrees } = quorum;
    const all = agrees.bind(quorum);
    let { leader, quorum: state } = await quorum.until(all);
    expect(state.voterIds).toEqual([1, 2, 3]);
    for (let round = 0; round < 2; round++) {
      const { leaderEpoch, highWatermark } = state;
      await leader.stop('SIGKILL');
      const killed = leader;
      ({ leader, quorum: state } = await quorum.until((seen) => seen.leaderEpoch > leaderEpoch));
      expect(leader).not.toBe(killed);
      // Its own LeaderChange record and more, committed by the two that are left.
      ({ leader, quorum: state } = await quorum.until((seen) => seen.highWatermark > highWatermark));
      await killed.start();
      ({ leader, quorum: state } = await quorum.until(all));
      expect(state.leaderId).not.toBe(killed.nodeId);
    }
  });

  test('a clean stop of the active one hands over at once', { timeout: 120_000 }, async () => {
    quorum = await ControllerQuorum.start(['ottla', 'ottla', 'ottla']);
    const first = await quorum.until(quorum.agrees.bind(quorum));
    await first.leader.stop('SIGTERM');
    const second = await quorum.until((seen) => seen.leaderEpoch > first.quorum.leaderEpoch);
    expect(second.leader).not.toBe(first.leader);
  });

  test('a controller joins by itself where it is told to, by a snapshot where the log is cut', {
    timeout: 120_000,
  }, async () => {
    const snapshots = { 'metadata.log.max.record.bytes.between.snapshots': '1', 'metadata.max.retention.bytes': '100' };
    quorum = await ControllerQuorum.start(['ottla'], null, snapshots);
    const [first] = quorum.controllers;
    await quorum.until(({ highWatermark }) => highWatermark > 10);
    expect(readdirSync(`${first!.dataPath}/__cluster_metadata-0`).join()).not.toContain('00000000000000000000-');
    await quorum.join('ottla', null, { 'controller.quorum.auto.join.enable': 'true' });
    const two = await quorum.until(({ voterIds }) => voterIds.length === 2);
    expect(two.quorum.voterIds).toEqual([1, 2]);
    await quorum.until(quorum.agrees.bind(quorum));
    expect(quorum.controllers[1]!.output()).toContain('a snapshot of the leader took the place of the log');
  });

  test('a controller that comes back on another port is found there', { timeout: 120_000 }, async () => {
    quorum = await ControllerQuorum.start(['ottla', 'ottla', 'ottla']);
    const { leader } = await quorum.until(quorum.agrees.bind(quorum));
    const mover = quorum.controllers.find((controller) => controller !== leader)!;
    await mover.stop('SIGTERM');
    await mover.moveTo(await freePort(), quorum.controllers);
    await mover.start();
    await quorum.until((seen) => seen.ports.get(mover.nodeId) === mover.port);
    await quorum.until(quorum.agrees.bind(quorum));
  });

  test('a controller of another cluster, and one with an id that is taken, are told what is wrong', {
    timeout: 120_000,
  }, async () => {
    quorum = await ControllerQuorum.start(['ottla']);
    await quorum.until();
    const [only] = quorum.controllers;
    const foreign = await quorum.join('ottla', null, {}, { clusterId: 'hloYyovRSj-Y0Z7LtQuJ3A' });
    await foreign.says(`the controller at ${only!.address} belongs to another cluster`);
    await foreign.stop('SIGTERM');
    const double = await quorum.join('ottla', null, {}, { nodeId: 1 });
    await double.says('a controller with node.id 1 leads the quorum already');
    await double.stop('SIGTERM');
    await quorum.until(({ voterIds }) => voterIds.length === 1);
  });

  test('who was formatted otherwise is told why it may not come in', { timeout: 120_000 }, async () => {
    quorum = await ControllerQuorum.start(['ottla']);
    await quorum.until();
    const [only] = quorum.controllers;
    await expect(only!.format(quorum.clusterId, ['--standalone'])).rejects.toThrow('is already formatted');
    expect(await only!.format(quorum.clusterId, ['--standalone', '--ignore-formatted'])).toContain('already formatted');
    await expect(only!.format('hloYyovRSj-Y0Z7LtQuJ3A', ['--standalone', '--ignore-formatted'])).rejects.toThrow(
      /belongs to cluster/,
    );
    await expect(only!.format(quorum.clusterId, [])).rejects.toThrow('you must specify one of the following');
  });
});
