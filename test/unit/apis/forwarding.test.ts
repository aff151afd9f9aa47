import { expect, test } from 'vitest';
import { createTopicsHandler } from '../../../src/apis/create-topics.ts';
import { type Forwarding, forwarded } from '../../../src/apis/forwarding.ts';
import type { TopicController } from '../../../src/apis/topic-controller.ts';
import { contextOf, noQuotas } from './api-fakes.ts';

test('who is throttled by a controller elsewhere waits at the broker', async () => {
  const forwarding: Forwarding = {
    isLocal: false,
    // The answer is that of the handler's own API.
    forward: (async () => ({ topics: [], throttleTimeMs: 70 })) as Forwarding['forward'],
  };
  const topicController: Pick<TopicController, 'createTopics'> = { createTopics: async () => [] };
  const handler = createTopicsHandler({ topicController: topicController as TopicController, quotas: noQuotas });
  const context = contextOf(7);
  await forwarded(handler, forwarding).handle({ topics: [], timeoutMs: 1, validateOnly: false }, context);
  expect(context.usage.throttleTimeMs).toBe(70);
});
