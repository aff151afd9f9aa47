/**
 * ListConfigResources, key 74, versions 0-1.
 *
 * v0 lists client metrics alone (as ListClientMetricsResources, KIP-1000); v1 the types asked for, or all (KIP-1142).
 * Errors: UNSUPPORTED_VERSION (a type that cannot be listed).
 */
import { configResourceType } from '../config/config-resource.ts';
import { errorCode } from '../wire/errors.ts';
import { listConfigResourcesRequest, listConfigResourcesResponse } from '../wire/schema/list-config-resources.ts';
import type { Handler } from './handler.ts';
import type { MetadataView } from './metadata-view.ts';

/** In the order in which Apache Kafka lists them. */
const listableTypes: readonly number[] = [
  configResourceType.TOPIC,
  configResourceType.BROKER,
  configResourceType.BROKER_LOGGER,
  configResourceType.CLIENT_METRICS,
  configResourceType.GROUP,
];

export function listConfigResourcesHandler(services: {
  readonly metadata: MetadataView;
}): Handler<typeof listConfigResourcesRequest, typeof listConfigResourcesResponse> {
  const { metadata } = services;

  /** Topics and brokers are there with and without configs; groups and client metrics only through configs. */
  function namesOf(resourceType: number): readonly string[] {
    const { image } = metadata;
    switch (resourceType) {
      case configResourceType.TOPIC:
        return [...image.topicsByName.keys()];
      case configResourceType.BROKER:
      case configResourceType.BROKER_LOGGER:
        return [...image.brokers.keys()].map(String);
      default:
        return image.configs.namesOf(resourceType);
    }
  }

  return {
    request: listConfigResourcesRequest,
    response: listConfigResourcesResponse,
    handle({ resourceTypes }, { apiVersion }) {
      const asked = apiVersion === 0 ? [configResourceType.CLIENT_METRICS] : resourceTypes;
      if (asked.some((type) => !listableTypes.includes(type))) return { errorCode: errorCode('UNSUPPORTED_VERSION') };
      const types = asked.length === 0 ? listableTypes : [...new Set(asked)];
      return {
        configResources: types.flatMap((resourceType) =>
          namesOf(resourceType).map((resourceName) => ({ resourceName, resourceType })),
        ),
      };
    },
    failed: (_request, error) => ({ errorCode: errorCode(error) }),
  };
}
