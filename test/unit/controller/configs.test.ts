import { expect, test } from 'vitest';
import type { ConfigChange } from '../../../src/controller/config-control.ts';
import { TestController } from './fixture.ts';

const SET = 0;
const DELETE = 1;
const APPEND = 2;
const SUBTRACT = 3;

function alter(controller: TestController, resourceType: number, resourceName: string, ...configs: ConfigChange[]) {
  const resources = [{ resourceType, resourceName, configs }];
  const { records, response } = controller.run('incrementalAlterConfigs', { resources, validateOnly: false });
  const { error, message } = response[0]!;
  return { records, error, message };
}

const change = (name: string, configOperation: number, value: string | null): ConfigChange => ({
  name,
  configOperation,
  value,
});

test('lists grow and shrink from their default', () => {
  const controller = TestController.withBroker();
  controller.createTopic('t');
  const value = () => controller.machine.configs.resource(2, 't').get('cleanup.policy');
  alter(controller, 2, 't', change('cleanup.policy', APPEND, 'compact'));
  expect(value()).toBe('delete,compact');
  alter(controller, 2, 't', change('cleanup.policy', SUBTRACT, 'delete'));
  expect(value()).toBe('compact');
  expect(alter(controller, 2, 't', change('retention.ms', APPEND, '1'))).toMatchObject({
    error: 'INVALID_CONFIG',
    message: "Can't APPEND to key retention.ms because its type is not LIST.",
  });
});

test('a value that stays the same makes a record for brokers alone, which load it again', () => {
  const controller = TestController.withBroker();
  controller.createTopic('t');
  alter(controller, 2, 't', change('retention.ms', SET, '1'));
  expect(alter(controller, 2, 't', change('retention.ms', SET, '1')).records).toEqual([]);
  alter(controller, 4, '1', change('ssl.keystore.location', SET, 'a'));
  expect(alter(controller, 4, '1', change('ssl.keystore.location', SET, 'a')).records).toEqual([
    ['ConfigRecord', 0, { resourceType: 4, resourceName: '1', name: 'ssl.keystore.location', value: 'a' }],
  ]);
});

test('a resource is changed whole or not at all, and the others in the request do not mind', () => {
  const controller = TestController.withBroker();
  controller.createTopic('t');
  const resources = [
    { resourceType: 2, resourceName: 't', configs: [change('a', SET, '1'), change('b', SET, 'bad')] },
    { resourceType: 2, resourceName: 'nowhere', configs: [change('a', SET, '1')] },
    { resourceType: 32, resourceName: 'g', configs: [change('a', SET, '1')] },
  ];
  const { records, response } = controller.run('incrementalAlterConfigs', { resources, validateOnly: false });
  expect(response.map(({ error, message }) => [error, message])).toEqual([
    ['INVALID_CONFIG', 'bad is bad'],
    ['UNKNOWN_TOPIC_OR_PARTITION', "The topic 'nowhere' does not exist."],
    ['NONE', null],
  ]);
  expect(records).toEqual([['ConfigRecord', 0, { resourceType: 32, resourceName: 'g', name: 'a', value: '1' }]]);
});

test('with ELR the minimum of in-sync replicas stays in one place (KIP-966)', () => {
  const controller = TestController.withBroker();
  const name = 'min.insync.replicas';
  expect(alter(controller, 4, '', change(name, DELETE, null))).toMatchObject({
    error: 'INVALID_CONFIG',
    message: 'Cluster-level min.insync.replicas cannot be removed while ELR is enabled.',
  });
  expect(alter(controller, 4, '1', change(name, SET, '2')).message).toBe(
    'Broker-level min.insync.replicas cannot be altered while ELR is enabled.',
  );
  expect(alter(controller, 4, '', change(name, SET, '2')).records).toEqual([
    ['ConfigRecord', 0, { resourceType: 4, resourceName: '', name, value: '2' }],
    ['ClearElrRecord', 0, { topicName: '' }],
  ]);
});

test('the old AlterConfigs replaces everything', () => {
  const controller = TestController.withBroker();
  controller.createTopic('t', {
    configs: [
      { name: 'a', value: '1' },
      { name: 'b', value: '2' },
    ],
  });
  const resources = [{ resourceType: 2, resourceName: 't', configs: [{ name: 'b', value: '3' }] }];
  const { records } = controller.run('alterConfigs', { resources, validateOnly: false });
  expect(records).toEqual([
    ['ConfigRecord', 0, { resourceType: 2, resourceName: 't', name: 'b', value: '3' }],
    ['ConfigRecord', 0, { resourceType: 2, resourceName: 't', name: 'a' }],
  ]);
  expect(Object.fromEntries(controller.machine.configs.resource(2, 't'))).toEqual({ b: '3' });
});
