import { expect, test } from 'vitest';
import type { ClientQuotaAlteration } from '../../../src/controller/quota-control.ts';
import { TestController } from './fixture.ts';

type Ops = Readonly<Record<string, number | null>>;

const user = (entityName: string | null) => [{ entityType: 'user', entityName }];
const ip = (entityName: string | null) => [{ entityType: 'ip', entityName }];

function entry(entity: ClientQuotaAlteration['entity'], ops: Ops): ClientQuotaAlteration {
  return {
    entity,
    ops: Object.entries(ops).map(([key, value]) => ({ key, value: value ?? 0, remove: value === null })),
  };
}

function alter(controller: TestController, ...entries: ClientQuotaAlteration[]) {
  return controller.run('alterClientQuotas', { entries, unknownHosts: new Set(['nowhere']), validateOnly: false });
}

test('each key of an entity is a record of its own, and one that stays the same is none', () => {
  const controller = TestController.withBroker();
  const both = [...user('u'), { entityType: 'client-id', entityName: null }];
  const entity = [{ entityType: 'client-id', entityName: null }, ...user('u')];
  expect(alter(controller, entry(both, { producer_byte_rate: 1000, request_percentage: 0.5 }))).toEqual({
    response: [{ entity, error: 'NONE', message: null }],
    records: [
      ['ClientQuotaRecord', 0, { entity, key: 'producer_byte_rate', value: 1000, remove: false }],
      ['ClientQuotaRecord', 0, { entity, key: 'request_percentage', value: 0.5, remove: false }],
    ],
  });
  expect(alter(controller, entry(both, { producer_byte_rate: 1000, request_percentage: 1 })).records).toEqual([
    ['ClientQuotaRecord', 0, { entity, key: 'request_percentage', value: 1, remove: false }],
  ]);
  expect(alter(controller, entry(both, { producer_byte_rate: null, consumer_byte_rate: null })).records).toEqual([
    ['ClientQuotaRecord', 0, { entity, key: 'producer_byte_rate', value: 0, remove: true }],
  ]);
  expect([...controller.machine.quotas.values(entity)]).toEqual([['request_percentage', 1]]);
});

test('an entity is changed whole or not at all, and the others do not mind', () => {
  const { records, response } = alter(
    TestController.withBroker(),
    entry(user('bad'), { consumer_byte_rate: 1, producer_byte_rate: 1.5 }),
    entry(user('good'), { consumer_byte_rate: 1 }),
    entry(ip('nowhere'), { connection_creation_rate: 1 }),
  );
  expect(response.map(({ message }) => message)).toEqual([
    'producer_byte_rate cannot be a fractional value.',
    null,
    'nowhere is not a valid IP or resolvable host.',
  ]);
  expect(records).toEqual([
    ['ClientQuotaRecord', 0, { entity: user('good'), key: 'consumer_byte_rate', value: 1, remove: false }],
  ]);
});

test('an entity that is named twice is changed as it was named first, and told an error', () => {
  const controller = TestController.withBroker();
  const { response } = alter(
    controller,
    entry(user(null), { producer_byte_rate: 5 }),
    entry(user(null), { producer_byte_rate: 6 }),
  );
  const message = 'Ignoring duplicate entity ClientQuotaEntity(entries={user=null})';
  expect(response).toEqual([{ entity: user(null), error: 'INVALID_REQUEST', message }]);
  expect([...controller.machine.quotas.values(user(null))]).toEqual([['producer_byte_rate', 5]]);
});

test('what is only to be checked makes no records', () => {
  const controller = TestController.withBroker();
  const entries = [entry(user('u'), { producer_byte_rate: 5 })];
  const { records, response } = controller.run('alterClientQuotas', {
    entries,
    unknownHosts: new Set(),
    validateOnly: true,
  });
  expect([records, response[0]!.error]).toEqual([[], 'NONE']);
});

test('a change that is taken back leaves what was there', () => {
  const controller = TestController.withBroker();
  alter(controller, entry(user('u'), { producer_byte_rate: 5 }));
  const { endOffset } = controller;
  controller.machine.takeSnapshot(endOffset);
  alter(controller, entry(user('u'), { producer_byte_rate: null }));
  expect(controller.machine.quotas.values(user('u')).size).toBe(0);
  controller.machine.revertTo(endOffset);
  expect([...controller.machine.quotas.values(user('u'))]).toEqual([['producer_byte_rate', 5]]);
});
