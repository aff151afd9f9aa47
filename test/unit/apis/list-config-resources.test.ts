import { expect, test } from 'vitest';
import { listConfigResourcesHandler } from '../../../src/apis/list-config-resources.ts';
import { ConfigsImage, configResourceType, resourceKey } from '../../../src/metadata/metadata-image.ts';
import { PersistentMap } from '../../../src/metadata/persistent-map.ts';
import { broker, contextOf, image, topic, topicIdA, view } from './api-fakes.ts';

const configs = new ConfigsImage(
  PersistentMap.empty<string, ReadonlyMap<string, string>>()
    .set(resourceKey(configResourceType.group, 'g'), new Map([['a', 'b']]))
    .set(resourceKey(configResourceType.clientMetrics, 'm'), new Map([['a', 'b']])),
);
const metadata = view([], [], { image: { ...image([broker(1)], [topic('t', topicIdA)]), configs } });
const handler = listConfigResourcesHandler({ metadata });

test('version 0 lists client metrics alone', () => {
  expect(handler.handle({ resourceTypes: [] }, contextOf(0))).toEqual({
    configResources: [{ resourceName: 'm', resourceType: 16 }],
  });
});

test('version 1 lists the types asked for, or all', () => {
  expect(handler.handle({ resourceTypes: [32, 32] }, contextOf(1))).toEqual({
    configResources: [{ resourceName: 'g', resourceType: 32 }],
  });
  expect(handler.handle({ resourceTypes: [] }, contextOf(1))).toEqual({
    configResources: [
      { resourceName: 't', resourceType: 2 },
      { resourceName: '1', resourceType: 4 },
      { resourceName: '1', resourceType: 8 },
      { resourceName: 'm', resourceType: 16 },
      { resourceName: 'g', resourceType: 32 },
    ],
  });
});

test('a type that cannot be listed is UNSUPPORTED_VERSION', () => {
  expect(handler.handle({ resourceTypes: [99] }, contextOf(1))).toEqual({ errorCode: 35 });
});
