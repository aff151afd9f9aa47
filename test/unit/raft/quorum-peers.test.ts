import { expect, test } from 'vitest';
import { ZERO_UUID } from '../../../src/base/uuid.ts';
import { QuorumPeers } from '../../../src/raft/quorum-peers.ts';
import type { Address } from '../../../src/raft/raft-transport.ts';
import { VoterSet } from '../../../src/raft/voter-set.ts';

const addressOf = (nodeId: number): Address => ({ host: 'localhost', port: 9090 + nodeId });
const votersOf = (...ids: readonly number[]): VoterSet =>
  new VoterSet(
    ids.map((voterId) => ({
      voterId,
      directoryId: ZERO_UUID,
      endpoints: [{ name: 'CONTROLLER', ...addressOf(voterId) }],
      kraftVersions: { min: 0, max: 1 },
    })),
  );

function peersOf(bootstrapServers: readonly number[]): QuorumPeers {
  return new QuorumPeers({
    self: { replicaId: 1, directoryId: ZERO_UUID },
    listenerName: 'CONTROLLER',
    endpoints: [addressOf(1)],
    bootstrapServers: bootstrapServers.map(addressOf),
    random: { nextInt: () => 0 } as never,
  });
}

function asked(peers: QuorumPeers, voters: VoterSet, times: number): (number | null)[] {
  return Array.from({ length: times }, () => {
    const address = peers.nextToAsk(voters);
    return address === null ? null : address.port - 9090;
  });
}

test('who leads is asked of the bootstrap servers and of the other voters, each in its turn', () => {
  expect(asked(peersOf([2]), votersOf(1, 2, 3), 4)).toEqual([2, 3, 2, 3]);
});

test('a replica whose only bootstrap server is itself asks the voters that took its place (KIP-853)', () => {
  expect(asked(peersOf([1]), votersOf(2), 2)).toEqual([2, 2]);
});

test('a replica that knows nobody but itself asks nobody', () => {
  expect(asked(peersOf([1]), votersOf(1), 1)).toEqual([null]);
});
