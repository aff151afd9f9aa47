import { expect, test } from 'vitest';
import { initProducerIdHandler } from '../../../src/apis/init-producer-id.ts';
import { errorCode } from '../../../src/wire/errors.ts';
import { contextOf } from './api-fakes.ts';

/** No test of the coordinator itself: the id says what was asked. */
const handler = initProducerIdHandler({
  transactions: {
    initProducerId: async ({ transactionalId }) =>
      transactionalId === null
        ? { error: 'NONE', producerId: 41, producerEpoch: 0 }
        : { error: transactionalId === '' ? 'INVALID_REQUEST' : 'PRODUCER_FENCED', producerId: -1, producerEpoch: -1 },
  },
});
const asked = {
  transactionalId: null,
  transactionTimeoutMs: 60_000,
  producerId: -1,
  producerEpoch: -1,
  enable2Pc: false,
  keepPreparedTxn: false,
};

test('an idempotent producer gets a new id with epoch 0, whatever it had before', async () => {
  expect(await handler.handle(asked, contextOf(5))).toEqual({ errorCode: 0, producerId: 41, producerEpoch: 0 });
  const again = { ...asked, producerId: 3, producerEpoch: 2 };
  expect(await handler.handle(again, contextOf(5))).toMatchObject({ producerId: 41, producerEpoch: 0 });
});

test('an id without an epoch, and an empty transactional id, are INVALID_REQUEST', async () => {
  for (const change of [{ producerId: 3 }, { producerEpoch: 3 }, { transactionalId: '' }]) {
    const response = await handler.handle({ ...asked, ...change }, contextOf(5));
    expect(response).toMatchObject({ errorCode: errorCode('INVALID_REQUEST'), producerId: -1 });
  }
});

test('a fenced producer is told so from v4 on, and that its epoch is old before (KIP-588)', async () => {
  const fenced = { ...asked, transactionalId: 'x' };
  expect(await handler.handle(fenced, contextOf(4))).toMatchObject({ errorCode: errorCode('PRODUCER_FENCED') });
  expect(await handler.handle(fenced, contextOf(3))).toMatchObject({ errorCode: errorCode('INVALID_PRODUCER_EPOCH') });
});

test('two-phase commit is not offered', () => expect(handler.versions).toEqual({ min: 0, max: 5 }));
