/**
 * AlterConfigs, key 33, versions 0-2, and IncrementalAlterConfigs, key 44, versions 0-1, as the controller answers them on its
 * own listener. The broker that a client asked has judged what only it can judge, such as its own settings.
 *
 * Errors: NOT_CONTROLLER; per resource INVALID_REQUEST (named twice, an unknown type) and those of the controller.
 */
import { configResourceType } from '../config/config-resource.ts';
import { alterConfigsRequest, alterConfigsResponse } from '../wire/schema/alter-configs.ts';
import {
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from '../wire/schema/incremental-alter-configs.ts';
import type { AlterConfigsController } from './alter-configs.ts';
import {
  type AlterConfigsResult,
  allFailed,
  assemble,
  invalidRequest,
  isStoredResourceType,
  type ResourceName,
  repeatedResourceProblem,
  repeatedResources,
} from './alter-configs-preprocess.ts';
import type { Handler } from './handler.ts';
import type { IncrementalAlterConfigsController } from './incremental-alter-configs.ts';
import type { Problem } from './logger-levels.ts';

export function controllerAlterConfigsHandler(services: {
  readonly controller: AlterConfigsController;
}): Handler<typeof alterConfigsRequest, typeof alterConfigsResponse> {
  return {
    request: alterConfigsRequest,
    response: alterConfigsResponse,
    handle: ({ resources, validateOnly }) =>
      alter(resources, (remaining) => services.controller.alterConfigs(remaining, { validateOnly })),
    failed: (request, error, message) => allFailed(request, error, message),
  };
}

export function controllerIncrementalAlterConfigsHandler(services: {
  readonly controller: IncrementalAlterConfigsController;
}): Handler<typeof incrementalAlterConfigsRequest, typeof incrementalAlterConfigsResponse> {
  return {
    request: incrementalAlterConfigsRequest,
    response: incrementalAlterConfigsResponse,
    handle: ({ resources, validateOnly }) =>
      alter(resources, (remaining) => services.controller.incrementalAlterConfigs(remaining, { validateOnly })),
    failed: (request, error, message) => allFailed(request, error, message),
  };
}

async function alter<R extends ResourceName>(
  resources: readonly R[],
  alterRemaining: (resources: readonly R[]) => Promise<readonly AlterConfigsResult[]>,
) {
  const repeated = repeatedResources(resources);
  const refused = new Map<R, Problem>();
  for (const resource of resources) {
    const { resourceType } = resource;
    if (repeated.has(resource)) refused.set(resource, repeatedResourceProblem);
    else if (resourceType !== configResourceType.BROKER && !isStoredResourceType(resourceType)) {
      refused.set(resource, invalidRequest(`Unexpected resource type ${resourceType}`));
    }
  }
  const remaining = resources.filter((resource) => !refused.has(resource));
  return assemble(resources, refused, remaining.length === 0 ? [] : await alterRemaining(remaining));
}
