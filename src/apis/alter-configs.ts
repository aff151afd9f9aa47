/**
 * AlterConfigs, key 33, versions 0-2: replaces all configs of a resource (deprecated, KIP-339).
 *
 * v2 flexible. Errors: INVALID_REQUEST, INVALID_CONFIG, UNKNOWN_TOPIC_OR_PARTITION, POLICY_VIOLATION, each per resource.
 */
import { configResourceType } from '../config/config-resource.ts';
import type { DynamicBrokerConfig } from '../config/dynamic-broker-config.ts';
import { type AlterConfigsRequest, alterConfigsRequest, alterConfigsResponse } from '../wire/schema/alter-configs.ts';
import {
  type AlterConfigsResult,
  allFailed,
  assemble,
  brokerConfigsProblem,
  brokerNameProblem,
  configsProblem,
  invalidRequest,
  isStoredResourceType,
  repeatedResourceProblem,
  repeatedResources,
} from './alter-configs-preprocess.ts';
import type { Handler } from './handler.ts';
import type { Problem } from './logger-levels.ts';

type Resource = AlterConfigsRequest['resources'][number];

export interface AlterConfigsController {
  /** Replaces the configs of each resource; resolves when the records are committed. One result per resource. */
  alterConfigs(
    resources: readonly Resource[],
    options: { readonly validateOnly: boolean },
  ): Promise<readonly AlterConfigsResult[]>;
}

export interface AlterConfigsServices {
  readonly controller: AlterConfigsController;
  readonly brokerConfig: DynamicBrokerConfig;
}

export function alterConfigsHandler(
  services: AlterConfigsServices,
): Handler<typeof alterConfigsRequest, typeof alterConfigsResponse> {
  return {
    request: alterConfigsRequest,
    response: alterConfigsResponse,
    async handle(request) {
      const { resources, validateOnly } = request;
      const repeated = repeatedResources(resources);
      const refused = new Map<Resource, Problem>();
      for (const resource of resources) {
        const problem = repeated.has(resource) ? repeatedResourceProblem : resourceProblem(services, resource);
        if (problem !== null) refused.set(resource, problem);
      }
      const remaining = resources.filter((resource) => !refused.has(resource));
      const results = remaining.length === 0 ? [] : await services.controller.alterConfigs(remaining, { validateOnly });
      return assemble(resources, refused, results);
    },
    failed: (request, error, message) => allFailed(request, error, message),
  };
}

function resourceProblem({ brokerConfig }: AlterConfigsServices, resource: Resource): Problem | null {
  const problem = configsProblem(resource.configs, () => true);
  if (problem !== null) return problem;
  if (isStoredResourceType(resource.resourceType)) return null;
  if (resource.resourceType !== configResourceType.BROKER) {
    return invalidRequest(`Unknown resource type ${resource.resourceType}`);
  }
  const configs = new Map(resource.configs.map((config) => [config.name, config.value ?? '']));
  return (
    brokerNameProblem(brokerConfig, resource.resourceName) ??
    brokerConfigsProblem(brokerConfig, resource.resourceName, configs)
  );
}
