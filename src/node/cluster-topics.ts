/** Creates the topics that are wanted at the start of a cluster, as any client would. */
import { silentLogger } from '../base/logger.ts';
import { systemClock, systemRandom, systemTimer } from '../base/system.ts';
import { openNodeSocket } from '../net/node-socket.ts';
import { createTopicsRequest, createTopicsResponse } from '../wire/schema/create-topics.ts';
import type { NodeAddress } from './controller-channel.ts';
import { nodeClients } from './node-clients.ts';
import { createWantedTopics } from './topic-service.ts';
import type { TopicSpec } from './topic-spec.ts';

const TIMEOUT_MS = 30_000;
const RECONNECT_BACKOFF_MS = 50;

/** Unless they exist. Rejects with WantedTopicError. */
export async function createTopicsAt({ host, port }: NodeAddress, topics: readonly TopicSpec[]): Promise<void> {
  if (topics.length === 0) return;
  const client = nodeClients(
    {
      openSocket: openNodeSocket,
      clock: systemClock,
      timer: systemTimer,
      random: systemRandom,
      logger: silentLogger,
    },
    {
      clientId: 'ottla',
      requestTimeoutMs: TIMEOUT_MS,
      reconnectBackoffMs: RECONNECT_BACKOFF_MS,
      reconnectBackoffMaxMs: RECONNECT_BACKOFF_MS,
      requestsInFlightMax: 1,
    },
  )({ host, port });
  try {
    await createWantedTopics(
      {
        createTopics: async ({ topics: wanted, validateOnly }) => {
          const exchange = { request: createTopicsRequest, response: createTopicsResponse };
          const { body } = await client.send(exchange, {
            body: { topics: wanted, timeoutMs: TIMEOUT_MS, validateOnly },
          });
          return body.topics;
        },
      },
      topics,
    );
  } finally {
    client.close();
  }
}
