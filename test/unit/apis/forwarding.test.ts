import { expect, test } from 'vitest';
import { createdTopicsShown, createTopicsHandler } from '../../../src/apis/create-topics.ts';
import { type Forwarding, forwarded } from '../../../src/apis/forwarding.ts';
import type { TopicController } from '../../../src/apis/topic-controller.ts';
import { errorCode } from '../../../src/wire/errors.ts';
import type { CreateTopicsRequest } from '../../../src/wire/schema/create-topics.ts';
import { contextOf, noQuotas } from './api-fakes.ts';

const topicController: Pick<TopicController, 'createTopics'> = { createTopics: async () => [] };
const createTopics = createTopicsHandler({ topicController: topicController as TopicController, quotas: noQuotas });

function controllerElsewhere(answer: unknown): Forwarding {
  // The answer is that of the handler's own API.
  return { isLocal: false, forward: (async () => answer) as Forwarding['forward'] };
}

test('who is throttled by a controller elsewhere waits at the broker', async () => {
  const forwarding = controllerElsewhere({ topics: [], throttleTimeMs: 70 });
  const context = contextOf(7);
  await forwarded(createTopics, forwarding).handle({ topics: [], timeoutMs: 1, validateOnly: false }, context);
  expect(context.usage.throttleTimeMs).toBe(70);
});

test('topics that a controller elsewhere has created are known to the broker before it answers', async () => {
  const answer = { topics: [{ name: 'new' }, { name: 'old', errorCode: errorCode('TOPIC_ALREADY_EXISTS') }] };
  const awaited: (readonly string[])[] = [];
  const shown = createdTopicsShown({
    untilShown: async (names) => {
      awaited.push(names);
    },
  });
  const handler = forwarded(createTopics, controllerElsewhere(answer), shown);
  const request: CreateTopicsRequest = { topics: [], timeoutMs: 1, validateOnly: false };
  expect(await handler.handle(request, contextOf(7))).toBe(answer);
  expect(awaited).toEqual([['new']]);
  await handler.handle({ ...request, validateOnly: true }, contextOf(7));
  expect(awaited).toHaveLength(1);
});
