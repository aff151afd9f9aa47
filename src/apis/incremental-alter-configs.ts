/**
 * IncrementalAlterConfigs, key 44, versions 0-1: sets, deletes, appends and subtracts single configs (KIP-339), and log
 * levels (KIP-412).
 *
 * v1 flexible. Errors: INVALID_REQUEST, INVALID_CONFIG, UNKNOWN_TOPIC_OR_PARTITION, POLICY_VIOLATION, each per resource.
 */
import { configResourceType } from '../config/config-resource.ts';
import type { DynamicBrokerConfig } from '../config/dynamic-broker-config.ts';
import { applyBrokerChanges, configOperation } from '../config/incremental-configs.ts';
import {
  type IncrementalAlterConfigsRequest,
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from '../wire/schema/incremental-alter-configs.ts';
import {
  type AlterConfigsResult,
  allFailed,
  assemble,
  brokerConfigsProblem,
  brokerNameProblem,
  configsProblem,
  invalidRequest,
  isStoredResourceType,
  loggerNameProblem,
  repeatedResourceProblem,
  repeatedResources,
} from './alter-configs-preprocess.ts';
import type { Handler } from './handler.ts';
import { alterLoggerLevels, type LoggerLevels, type Problem } from './logger-levels.ts';

type Resource = IncrementalAlterConfigsRequest['resources'][number];

export interface IncrementalAlterConfigsController {
  /** Changes the configs of each resource; resolves when the records are committed. One result per resource. */
  incrementalAlterConfigs(
    resources: readonly Resource[],
    options: { readonly validateOnly: boolean },
  ): Promise<readonly AlterConfigsResult[]>;
}

export interface IncrementalAlterConfigsServices {
  readonly controller: IncrementalAlterConfigsController;
  readonly brokerConfig: DynamicBrokerConfig;
  readonly loggers: LoggerLevels;
}

export function incrementalAlterConfigsHandler(
  services: IncrementalAlterConfigsServices,
): Handler<typeof incrementalAlterConfigsRequest, typeof incrementalAlterConfigsResponse> {
  return {
    request: incrementalAlterConfigsRequest,
    response: incrementalAlterConfigsResponse,
    async handle(request) {
      const { resources, validateOnly } = request;
      const repeated = repeatedResources(resources);
      // Null: done here, successfully, and nothing for the controller.
      const answered = new Map<Resource, Problem | null>();
      for (const resource of resources) {
        const isLogger = resource.resourceType === configResourceType.BROKER_LOGGER;
        const problem = repeated.has(resource)
          ? repeatedResourceProblem
          : resourceProblem(services, resource, validateOnly);
        if (problem !== null || isLogger) answered.set(resource, problem);
      }
      const remaining = resources.filter((resource) => !answered.has(resource));
      const results =
        remaining.length === 0 ? [] : await services.controller.incrementalAlterConfigs(remaining, { validateOnly });
      return assemble(resources, answered, results);
    },
    failed: (request, error, message) => allFailed(request, error, message),
  };
}

/** Judges one resource; carries out a change of log levels. */
function resourceProblem(
  { brokerConfig, loggers }: IncrementalAlterConfigsServices,
  resource: Resource,
  validateOnly: boolean,
): Problem | null {
  const { resourceType, resourceName, configs } = resource;
  const problem = configsProblem(configs, (config) => config.configOperation !== configOperation.DELETE);
  if (problem !== null) return problem;
  switch (resourceType) {
    case configResourceType.BROKER_LOGGER:
      return loggerNameProblem(brokerConfig, resourceName) ?? alterLoggerLevels(loggers, configs, validateOnly);
    case configResourceType.BROKER:
      return brokerNameProblem(brokerConfig, resourceName) ?? brokerChangesProblem(brokerConfig, resource);
    default: {
      if (!isStoredResourceType(resourceType)) return invalidRequest(`Unknown resource type ${resourceType}`);
      const unknown = configs.find((config) => config.configOperation < 0 || config.configOperation > 3);
      return unknown === undefined ? null : invalidRequest(`Unknown operations type ${unknown.configOperation}`);
    }
  }
}

function brokerChangesProblem(brokerConfig: DynamicBrokerConfig, resource: Resource): Problem | null {
  const { dynamic } = brokerConfig;
  const present = resource.resourceName === '' ? dynamic.clusterDefault : dynamic.broker;
  const result = applyBrokerChanges(
    present,
    resource.configs.map(({ name, configOperation: operation, value }) => ({ name, operation, value })),
  );
  if (result.kind === 'refused') return result;
  return brokerConfigsProblem(brokerConfig, resource.resourceName, result.configs);
}
