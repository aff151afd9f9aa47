import { expect, test } from 'vitest';
import { type ProducerIdBlock, ProducerIds } from '../../../src/replication/producer-ids.ts';
import type { ErrorName } from '../../../src/wire/errors.ts';

class FakeController {
  asked = 0;
  failure: ErrorName | Error | null = null;
  readonly allocate = async (): Promise<ProducerIdBlock | { error: ErrorName }> => {
    const block = this.asked++;
    if (this.failure instanceof Error) throw this.failure;
    return this.failure !== null ? { error: this.failure } : { firstProducerId: block * 10, count: 10 };
  };
}

test('ids rise through the blocks and none is given twice', async () => {
  const ids = new ProducerIds(new FakeController().allocate);
  const given = [];
  for (let count = 0; count < 25; count++) given.push(await ids.next());
  expect(given).toEqual(Array.from({ length: 25 }, (_, index) => index));
});

test('requests side by side share an allocation', async () => {
  const controller = new FakeController();
  const ids = new ProducerIds(controller.allocate);
  const given = await Promise.all(Array.from({ length: 12 }, () => ids.next()));
  expect(new Set(given).size).toBe(12);
  expect(controller.asked).toBe(2);
});

test('the next block is asked for before the last is used up', async () => {
  const controller = new FakeController();
  const ids = new ProducerIds(controller.allocate);
  for (let count = 0; count < 8; count++) await ids.next();
  expect(controller.asked).toBe(1);
  await ids.next();
  expect(controller.asked).toBe(2);
});

test('a controller that is away is an error that clients retry, and the next request asks again', async () => {
  const controller = new FakeController();
  const ids = new ProducerIds(controller.allocate);
  controller.failure = new Error('no leader');
  expect(await ids.next()).toBe('COORDINATOR_LOAD_IN_PROGRESS');
  controller.failure = 'NOT_CONTROLLER';
  expect(await ids.next()).toBe('COORDINATOR_LOAD_IN_PROGRESS');
  controller.failure = null;
  expect(await ids.next()).toBe(20);
});
