import { expect, test } from 'vitest';
import type { ChangedConfigs, NewTopic, Policies } from '../../../src/controller/policies.ts';
import { TestController } from './fixture.ts';

/** Writes down what it is asked, and refuses what is called 'no' or set to 'no'. */
function recordingPolicies(): { policies: Policies; asked: (NewTopic | ChangedConfigs)[] } {
  const asked: (NewTopic | ChangedConfigs)[] = [];
  return {
    asked,
    policies: {
      createTopic(topic) {
        asked.push(topic);
        if (topic.name === 'no') throw new Error('not this one');
      },
      alterConfig(change) {
        asked.push(change);
        if ([...change.configs.values()].includes('no')) throw new Error('not so');
      },
    },
  };
}

test('a policy is asked about a topic as it would become, and its message is told', () => {
  const { policies, asked } = recordingPolicies();
  const controller = TestController.withBroker({ policies });
  controller.createTopic('t', { numPartitions: -1, replicationFactor: -1, configs: [{ name: 'a', value: '1' }] });
  expect(asked).toEqual([
    { resourceType: 'topic', resourceName: 't', configs: new Map([['a', '1']]) },
    { name: 't', partitions: 1, replicationFactor: 1, assignments: null, configs: new Map([['a', '1']]) },
  ]);
  const { response, records } = controller.createTopic('no', {}, 1);
  expect([response[0]!.errorCode, response[0]!.errorMessage, records]).toEqual([44, 'not this one', []]);
});

test('a policy sees the brokers that the client chose', () => {
  const { policies, asked } = recordingPolicies();
  const assignments = [{ partitionIndex: 0, brokerIds: [1] }];
  TestController.withBroker({ policies }).createTopic('t', { numPartitions: -1, replicationFactor: -1, assignments });
  expect(asked).toMatchObject([{ partitions: null, replicationFactor: null, assignments: new Map([[0, [1]]]) }]);
});

test('a policy is not asked about what is wrong anyway', () => {
  const { policies, asked } = recordingPolicies();
  TestController.withBroker({ policies }).createTopic('no', { replicationFactor: 3 });
  expect(asked).toEqual([]);
});

test('a policy is asked about what a client changes, not about what it leaves out (KAFKA-14195)', () => {
  const { policies, asked } = recordingPolicies();
  const controller = TestController.withBroker({ policies });
  controller.createTopic('t', { configs: [{ name: 'old', value: '1' }] });
  asked.length = 0;
  const change = (value: string) =>
    controller.run('alterConfigs', {
      resources: [{ resourceType: 2, resourceName: 't', configs: [{ name: 'new', value }] }],
      validateOnly: true,
    }).response[0];
  expect(change('yes')).toMatchObject({ error: 'NONE' });
  expect(change('no')).toMatchObject({ error: 'POLICY_VIOLATION', message: 'not so' });
  expect(asked.map(({ configs }) => [...configs])).toEqual([[['new', 'yes']], [['new', 'no']]]);
});

test('a policy cannot change its mind later', () => {
  const policies: Policies = { createTopic: async () => {} };
  expect(TestController.withBroker({ policies }).createTopic('t').response[0]).toMatchObject({
    errorMessage: 'The policy of this broker is asynchronous; it has to decide at once.',
  });
});
