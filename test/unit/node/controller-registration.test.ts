import { expect, test } from 'vitest';
import { silentLogger } from '../../../src/base/logger.ts';
import { succeeded } from '../../../src/controller/control-record.ts';
import { emptyImage, type MetadataImage } from '../../../src/metadata/metadata-image.ts';
import { newControllerImage } from '../../../src/metadata/registration-records.ts';
import { ControllerRegistrations } from '../../../src/node/controller-registration.ts';
import { VirtualTime } from '../../support/logs.ts';

const registration = { controllerId: 3, incarnationId: 'hloYyovRSj-Y0Z7LtQuJ3A', listeners: [], supportedFeatures: {} };

function imageWith(incarnationId: string | null): MetadataImage {
  if (incarnationId === null) return emptyImage;
  const record = { controllerId: 3, incarnationId, zkMigrationReady: false, endPoints: [], features: [] };
  return { ...emptyImage, controllers: new Map([[3, newControllerImage(record)]]) };
}

function start(answers: (() => Promise<typeof succeeded>)[]) {
  const time = new VirtualTime();
  const state = { image: imageWith(null), sent: 0, errors: [] as string[] };
  const registrations = new ControllerRegistrations({
    registration,
    image: () => state.image,
    send: () => answers[Math.min(state.sent++, answers.length - 1)]!(),
    timer: time,
    logger: { ...silentLogger, error: (message) => void state.errors.push(message) },
  });
  registrations.start();
  return { registrations, state, time };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('a controller is registered again and again until the image shows it', async () => {
  const { state, time, registrations } = start([
    () => Promise.reject(new Error('nobody leads')),
    async () => succeeded,
  ]);
  await settled();
  expect(state.sent).toBe(1);
  time.advance(100);
  await settled();
  expect(state.sent).toBe(2);
  state.image = imageWith(registration.incarnationId);
  registrations.check();
  time.advance(1000);
  await settled();
  expect(state.sent).toBe(2);
  expect(time.scheduledCount).toBe(0);
});

test('an earlier run of it is replaced; one that comes later is another node with the same id', async () => {
  const { state, time, registrations } = start([async () => succeeded]);
  state.image = imageWith('J8aAPcfLQt2bqs1JT_rMgQ');
  await settled();
  expect(state.sent).toBe(1);
  state.image = imageWith(registration.incarnationId);
  registrations.check();
  time.advance(100);
  state.image = imageWith('XAu5Std5QOyXTW_ObmDuyw');
  registrations.check();
  await settled();
  expect(state.errors.join()).toContain('another controller has registered with node.id 3');
  time.advance(1000);
  expect(state.sent).toBe(1);
});

test('an old metadata.version knows no registrations', async () => {
  const { state, time } = start([async () => ({ error: 'UNSUPPORTED_VERSION', message: null })]);
  await settled();
  time.advance(1000);
  expect(state.sent).toBe(1);
});
