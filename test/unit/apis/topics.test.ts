import { describe, expect, it } from 'vitest';
import { createPartitionsHandler } from '../../../src/apis/create-partitions.ts';
import { createTopicsHandler } from '../../../src/apis/create-topics.ts';
import { deleteTopicsHandler } from '../../../src/apis/delete-topics.ts';
import type { TopicController, TopicError } from '../../../src/apis/topic-controller.ts';
import { ZERO_UUID } from '../../../src/base/uuid.ts';
import { errorName } from '../../../src/wire/errors.ts';
import type { DeleteTopicsRequest } from '../../../src/wire/schema/delete-topics.ts';
import { broker, contextOf, noQuotas, topic, topicIdA, topicIdB, view } from './api-fakes.ts';

const done: TopicError = { error: 'NONE', message: null };

/** A command without what is not data in it. */
function shown<C extends object>(command: C): Omit<C, 'mutationQuota'> {
  return Object.fromEntries(Object.entries(command).filter(([key]) => key !== 'mutationQuota')) as C;
}

/** Does what it is told and writes it down. */
function recordingController(): { topicController: TopicController; commands: unknown[] } {
  const commands: unknown[] = [];
  return {
    commands,
    topicController: {
      async createTopics(command) {
        commands.push({ ...shown(command), topics: command.topics.map(({ name }) => name) });
        return command.topics.map(({ name }) => ({ name, errorCode: 0, errorMessage: null }));
      },
      async deleteTopics(command) {
        commands.push(shown(command));
        return new Map(command.topicIds.map((topicId) => [topicId, done]));
      },
      async createPartitions(command) {
        commands.push({ ...shown(command), topics: command.topics.map(({ name }) => name) });
        return new Map(command.topics.map(({ name }) => [name, done]));
      },
    },
  };
}

function creatable(name: string) {
  return { name, numPartitions: -1, replicationFactor: -1, assignments: [], configs: [] };
}

describe('CreateTopics', () => {
  it('passes topics on and refuses those named twice and the metadata log', async () => {
    const { topicController, commands } = recordingController();
    const response = await createTopicsHandler({ topicController, quotas: noQuotas }).handle(
      {
        topics: ['a', 'twice', 'b', 'twice', 'twice', '__cluster_metadata'].map(creatable),
        timeoutMs: 5000,
        validateOnly: true,
      },
      contextOf(7),
    );
    expect(commands).toEqual([{ topics: ['a', 'b'], timeoutMs: 5000, validateOnly: true }]);
    expect(response!.topics!.map((each) => [each.name, errorName(each.errorCode!), each.errorMessage])).toEqual([
      ['a', 'NONE', null],
      ['b', 'NONE', null],
      ['twice', 'INVALID_REQUEST', 'Duplicate topic name.'],
      ['__cluster_metadata', 'INVALID_REQUEST', 'Creation of internal topic __cluster_metadata is prohibited.'],
    ]);
  });

  it('asks nobody when nothing is left to create', async () => {
    const { topicController, commands } = recordingController();
    const handler = createTopicsHandler({ topicController, quotas: noQuotas });
    expect(await handler.handle({ topics: [], timeoutMs: 1, validateOnly: false }, contextOf(7))).toEqual({
      topics: [],
    });
    expect(commands).toEqual([]);
  });

  it('gives every topic the error when the whole request failed', () => {
    const handler = createTopicsHandler({ ...recordingController(), quotas: noQuotas });
    const asked = { topics: [creatable('a'), creatable('b')], timeoutMs: 1, validateOnly: false };
    expect(handler.failed(asked, 'REQUEST_TIMED_OUT', 'too late', contextOf(7))!.topics).toEqual([
      { name: 'a', errorCode: 7, errorMessage: 'too late' },
      { name: 'b', errorCode: 7, errorMessage: 'too late' },
    ]);
  });
});

describe('CreatePartitions', () => {
  it('refuses topics named twice and passes the rest on', async () => {
    const { topicController, commands } = recordingController();
    const grown = (name: string) => ({ name, count: 3, assignments: null });
    const response = await createPartitionsHandler({ topicController, quotas: noQuotas }).handle(
      { topics: ['a', 'twice', 'twice'].map(grown), timeoutMs: 5000, validateOnly: false },
      contextOf(3),
    );
    expect(commands).toEqual([{ topics: ['a'], timeoutMs: 5000, validateOnly: false }]);
    expect(response!.results!.map((each) => [each.name, errorName(each.errorCode!), each.errorMessage])).toEqual([
      ['twice', 'INVALID_REQUEST', 'Duplicate topic name.'],
      ['a', 'NONE', null],
    ]);
  });
});

describe('DeleteTopics', () => {
  const metadata = view([broker(1)], [topic('a', topicIdA), topic('b', topicIdB)]);

  async function ask(asked: Partial<DeleteTopicsRequest>, apiVersion = 6) {
    const { topicController, commands } = recordingController();
    const handler = deleteTopicsHandler({
      metadata,
      topicController,
      quotas: noQuotas,
      topicDeletion: { enabled: true },
    });
    const response = await handler.handle(
      { topics: [], topicNames: [], timeoutMs: 5000, ...asked },
      contextOf(apiVersion),
    );
    const results = response!.responses!.map((each) => [
      each.name,
      each.topicId,
      errorName(each.errorCode!),
      each.errorMessage,
    ]);
    return { results, commands };
  }

  it('takes names in version 5 and names or ids in version 6', async () => {
    expect(await ask({ topicNames: ['a', 'b'] }, 5)).toEqual({
      commands: [{ topicIds: [topicIdA, topicIdB], timeoutMs: 5000 }],
      results: [
        ['a', topicIdA, 'NONE', null],
        ['b', topicIdB, 'NONE', null],
      ],
    });
    const byBoth = await ask({
      topics: [
        { name: null, topicId: topicIdA },
        { name: 'b', topicId: ZERO_UUID },
      ],
    });
    expect(byBoth.results).toEqual([
      ['a', topicIdA, 'NONE', null],
      ['b', topicIdB, 'NONE', null],
    ]);
  });

  it('refuses what is unclear, unknown or named twice, and deletes the rest', async () => {
    const unknown = 'unknownunknownunknowng';
    const { results, commands } = await ask({
      topics: [
        { name: null, topicId: ZERO_UUID },
        { name: 'a', topicId: topicIdA },
        { name: null, topicId: unknown },
        { name: 'missing', topicId: ZERO_UUID },
        { name: 'twice', topicId: ZERO_UUID },
        { name: 'twice', topicId: ZERO_UUID },
        { name: null, topicId: topicIdB },
        { name: null, topicId: topicIdB },
        { name: 'a', topicId: ZERO_UUID },
      ],
    });
    expect(commands).toEqual([{ topicIds: [topicIdA], timeoutMs: 5000 }]);
    expect(results).toEqual([
      [null, ZERO_UUID, 'INVALID_REQUEST', 'Neither topic name nor id were specified.'],
      ['a', topicIdA, 'INVALID_REQUEST', 'You may not specify both topic name and topic id.'],
      ['twice', ZERO_UUID, 'INVALID_REQUEST', 'Duplicate topic name.'],
      [null, topicIdB, 'INVALID_REQUEST', 'Duplicate topic id.'],
      [null, unknown, 'UNKNOWN_TOPIC_ID', 'This server does not host this topic ID.'],
      ['missing', ZERO_UUID, 'UNKNOWN_TOPIC_OR_PARTITION', 'This server does not host this topic-partition.'],
      ['a', topicIdA, 'NONE', null],
    ]);
  });

  it('refuses a name and an id that are the same topic', async () => {
    const { results, commands } = await ask({
      topics: [
        { name: null, topicId: topicIdA },
        { name: 'a', topicId: ZERO_UUID },
      ],
    });
    expect(commands).toEqual([]);
    expect(results).toEqual([
      ['a', topicIdA, 'INVALID_REQUEST', 'The provided topic name maps to an ID that was already supplied.'],
    ]);
  });

  it('says when delete.topic.enable is off', async () => {
    const { topicController } = recordingController();
    const handler = deleteTopicsHandler({
      metadata,
      topicController,
      quotas: noQuotas,
      topicDeletion: { enabled: false },
    });
    const asked: DeleteTopicsRequest = { topics: [], topicNames: ['a'], timeoutMs: 1 };
    await expect(handler.handle(asked, contextOf(2))).rejects.toMatchObject({
      error: 'INVALID_REQUEST',
      message: 'Topic deletion is disabled.',
    });
    await expect(handler.handle(asked, contextOf(3))).rejects.toMatchObject({ error: 'TOPIC_DELETION_DISABLED' });
    expect(handler.failed(asked, 'TOPIC_DELETION_DISABLED', null, contextOf(3))!.responses).toEqual([
      { name: 'a', topicId: ZERO_UUID, errorCode: 73, errorMessage: null },
    ]);
  });
});
