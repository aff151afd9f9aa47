import { expect, test } from 'vitest';
import { ZERO_UUID } from '../../../src/base/uuid.ts';
import { OwnVoterUpkeep } from '../../../src/raft/own-voter.ts';
import type { RaftCore } from '../../../src/raft/raft-core.ts';
import type { RaftResponse } from '../../../src/raft/raft-message.ts';

/** What is said to a replica that does not vote, when it hears that the leader of epoch 3 has its own id. */
function said(state: RaftCore['state'], epoch: number): string[] {
  const messages: string[] = [];
  const logger = { error: (message: string) => messages.push(message) };
  const upkeep = new OwnVoterUpkeep(
    {
      self: { replicaId: 1, directoryId: ZERO_UUID },
      endpoints: [],
      autoJoin: false,
      requestTimeoutMs: 1000,
      transport: null,
      timer: { schedule: () => ({ cancel: () => undefined }) },
      // It says nothing else.
      logger: logger as never,
    },
    {
      core: () => ({ isVoter: false, state, epoch }) as RaftCore,
      quorum: () => {
        throw new Error('not asked');
      },
      leaderAddress: () => null,
    },
  );
  upkeep.sayIfDouble({ leaderId: 1, epoch: 3 } as RaftResponse);
  return messages;
}

test('a replica is told once that another one with its id leads', () => {
  expect(said('unattached', 0)).toEqual([
    expect.stringContaining('a controller with node.id 1 leads the quorum already'),
  ]);
  expect(said('unattached', 3)).toHaveLength(1);
});

test('a leader that removed itself from the voters does not take its own time for another replica', () => {
  expect(said('resigned', 3)).toEqual([]);
  expect(said('unattached', 4)).toEqual([]);
});
