import { expect, test } from 'vitest';
import type { FeatureUpdate } from '../../../src/controller/feature-control.ts';
import { supportedFeatures } from '../../../src/metadata/features.ts';
import { TestController } from './fixture.ts';

function update(controller: TestController, ...updates: FeatureUpdate[]) {
  return controller.run('updateFeatures', { updates, validateOnly: false, kraftVersion: 1 });
}

test('a feature is lowered and raised again, each with a record', () => {
  const controller = TestController.withBroker();
  const lower = { name: 'streams.version', level: 0, upgradeType: 'safe downgrade' } as const;
  expect(update(controller, lower)).toEqual({
    response: { error: 'NONE', message: null },
    records: [['FeatureLevelRecord', 0, { name: 'streams.version', featureLevel: 0 }]],
  });
  expect(controller.machine.features.level('streams.version')).toBe(0);
  update(controller, { name: 'streams.version', level: 1, upgradeType: 'upgrade' });
  expect(controller.machine.features.level('streams.version')).toBe(1);
});

test('of several updates all succeed or none', () => {
  const controller = TestController.withBroker();
  const { records, response } = update(
    controller,
    { name: 'streams.version', level: 0, upgradeType: 'safe downgrade' },
    { name: 'share.version', level: 9, upgradeType: 'upgrade' },
  );
  expect(response).toEqual({
    error: 'INVALID_UPDATE_VERSION',
    message: 'Invalid update version 9 for feature share.version. Local controller 1 only supports versions 0-1',
  });
  expect(records).toEqual([]);
});

test('a feature that nobody knows cannot be switched off', () => {
  const controller = TestController.withBroker();
  expect(update(controller, { name: 'nonsense', level: 0, upgradeType: 'safe downgrade' }).response).toMatchObject({
    error: 'INVALID_UPDATE_VERSION',
    message: 'Invalid update version 0 for feature nonsense. Feature nonsense not found.',
  });
});

test('a level that some broker does not know is refused', () => {
  const controller = TestController.withBroker();
  update(controller, { name: 'share.version', level: 0, upgradeType: 'safe downgrade' });
  const { 'share.version': _, ...withoutShareVersion } = supportedFeatures;
  controller.addBroker(2, { supportedFeatures: withoutShareVersion });
  expect(update(controller, { name: 'share.version', level: 1, upgradeType: 'upgrade' }).response.message).toBe(
    'Invalid update version 1 for feature share.version. Broker 2 does not support this feature.',
  );
});

test('a metadata.version that would lose what is written is refused', () => {
  const controller = TestController.withBroker();
  expect(update(controller, { name: 'metadata.version', level: 29, upgradeType: 'safe downgrade' }).response).toEqual({
    error: 'INVALID_UPDATE_VERSION',
    message:
      'Unsupported metadata.version downgrade from 30 to 29. Refusing to perform the requested downgrade because it ' +
      'might delete metadata information.',
  });
});

test('turning ELR on moves min.insync.replicas into the log, the same for all brokers (KIP-966)', () => {
  const controller = TestController.withBroker();
  const elr = 'eligible.leader.replicas.version';
  update(controller, { name: elr, level: 0, upgradeType: 'safe downgrade' });
  const config = (resourceName: string, configOperation: number, value: string | null) =>
    controller.run('incrementalAlterConfigs', {
      resources: [
        { resourceType: 4, resourceName, configs: [{ name: 'min.insync.replicas', configOperation, value }] },
      ],
      validateOnly: false,
    });
  config('', 1, null);
  config('1', 0, '2');
  expect(update(controller, { name: elr, level: 1, upgradeType: 'upgrade' }).records).toEqual([
    ['ConfigRecord', 0, { resourceType: 4, resourceName: '', name: 'min.insync.replicas', value: '1' }],
    ['ConfigRecord', 0, { resourceType: 4, resourceName: '1', name: 'min.insync.replicas' }],
    ['FeatureLevelRecord', 0, { name: elr, featureLevel: 1 }],
  ]);
});
