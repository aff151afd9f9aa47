/** The quorum's network over connections to other nodes: two for each, so that a fetch that waits holds up no vote. */
import { KRAFT_VERSION } from '../metadata/features.ts';
import type { RaftRequest, ReplicaKey } from '../raft/raft-message.ts';
import type { Address, OwnVoter, RaftAnswer, RaftTransport } from '../raft/raft-transport.ts';
import { askOver, type RaftSender } from '../raft/raft-wire.ts';
import { errorName } from '../wire/errors.ts';
import type { NodeClient, NodeClients } from '../wire/node-client.ts';
import { addRaftVoterRequest, addRaftVoterResponse } from '../wire/schema/add-raft-voter.ts';
import { removeRaftVoterRequest, removeRaftVoterResponse } from '../wire/schema/remove-raft-voter.ts';
import { updateRaftVoterRequest, updateRaftVoterResponse } from '../wire/schema/update-raft-voter.ts';

const NO_VERSIONS = { min: 0, max: 0 };

export class NodeRaftTransport implements RaftTransport {
  readonly #clients: NodeClients;
  readonly #sender: RaftSender;
  readonly #timeoutMs: number;
  /** By purpose and address. */
  readonly #open = new Map<string, NodeClient>();

  constructor(options: {
    readonly clients: NodeClients;
    readonly sender: RaftSender;
    readonly requestTimeoutMs: number;
  }) {
    this.#clients = options.clients;
    this.#sender = options.sender;
    this.#timeoutMs = options.requestTimeoutMs;
  }

  ask(address: Address, request: RaftRequest): Promise<RaftAnswer> {
    const isFetch = request.kind === 'fetch' || request.kind === 'fetchSnapshot';
    return askOver(this.#client(isFetch ? 'fetch' : 'ask', address), request, this.#sender);
  }

  async updateVoter(address: Address, voter: OwnVoter, leaderEpoch: number): Promise<void> {
    const exchange = { request: updateRaftVoterRequest, response: updateRaftVoterResponse };
    const { body } = await this.#client('ask', address).send(exchange, {
      body: {
        clusterId: this.#sender.clusterId,
        currentLeaderEpoch: leaderEpoch,
        voterId: voter.voterId,
        voterDirectoryId: voter.directoryId,
        listeners: voter.endpoints,
        kRaftVersionFeature: {
          minSupportedVersion: voter.kraftVersions.min,
          maxSupportedVersion: voter.kraftVersions.max,
        },
      },
    });
    if (body.errorCode !== 0) throw new Error(`UpdateRaftVoter: ${errorName(body.errorCode)}`);
  }

  async addVoter(address: Address, voter: OwnVoter): Promise<void> {
    const exchange = { request: addRaftVoterRequest, response: addRaftVoterResponse };
    const { body } = await this.#client('ask', address).send(exchange, {
      body: (apiVersion) => ({
        clusterId: this.#sender.clusterId,
        timeoutMs: this.#timeoutMs,
        voterId: voter.voterId,
        voterDirectoryId: voter.directoryId,
        listeners: voter.endpoints,
        // Its own vote is needed to commit it, and it learns of the change by the log.
        ...(apiVersion >= 1 ? { ackWhenCommitted: false } : {}),
      }),
    });
    if (body.errorCode !== 0) throw new Error(`AddRaftVoter: ${errorName(body.errorCode)} ${body.errorMessage ?? ''}`);
  }

  async removeVoter(address: Address, { replicaId, directoryId }: ReplicaKey): Promise<void> {
    const exchange = { request: removeRaftVoterRequest, response: removeRaftVoterResponse };
    const { body } = await this.#client('ask', address).send(exchange, {
      body: { clusterId: this.#sender.clusterId, voterId: replicaId, voterDirectoryId: directoryId },
    });
    const { errorCode, errorMessage } = body;
    if (errorCode !== 0) throw new Error(`RemoveRaftVoter: ${errorName(errorCode)} ${errorMessage ?? ''}`);
  }

  async kraftVersions(address: Address): Promise<{ readonly min: number; readonly max: number }> {
    const { supportedFeatures } = await this.#client('ask', address).versions();
    return supportedFeatures.get(KRAFT_VERSION) ?? NO_VERSIONS;
  }

  close(): void {
    for (const client of this.#open.values()) client.close();
    this.#open.clear();
  }

  #client(purpose: 'fetch' | 'ask', { host, port }: Address): NodeClient {
    const key = `${purpose} ${host}:${port}`;
    let client = this.#open.get(key);
    if (client === undefined) {
      client = this.#clients({ host, port });
      this.#open.set(key, client);
    }
    return client;
  }
}
