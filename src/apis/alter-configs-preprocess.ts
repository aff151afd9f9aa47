/**
 * What AlterConfigs and IncrementalAlterConfigs have in common: the broker judges a request before the controller sees
 * it, because only the broker knows its own static configuration; what is left goes to the controller, and the answers
 * come back in the order of the request.
 */
import { ConfigError } from '../config/config-key.ts';
import { configResourceType } from '../config/config-resource.ts';
import type { DynamicBrokerConfig } from '../config/dynamic-broker-config.ts';
import { type ErrorName, errorCode } from '../wire/errors.ts';
import { type Problem, parseNodeId } from './logger-levels.ts';

export interface ResourceName {
  readonly resourceType: number;
  readonly resourceName: string;
}

/** The controller's verdict on one resource. */
export interface AlterConfigsResult extends ResourceName {
  readonly error: ErrorName;
  readonly message: string | null;
}

export interface AlterConfigsResponses {
  responses: { errorCode: number; errorMessage: string | null; resourceType: number; resourceName: string }[];
}

interface NamedValue {
  readonly name: string;
  readonly value: string | null;
}

export function invalidRequest(message: string): Problem {
  return { error: 'INVALID_REQUEST', message };
}

/** Resources that come twice are refused both. */
export function repeatedResources(resources: readonly ResourceName[]): ReadonlySet<ResourceName> {
  const seen = new Map<string, ResourceName>();
  const repeated = new Set<ResourceName>();
  for (const resource of resources) {
    const id = `${resource.resourceType}:${resource.resourceName}`;
    const earlier = seen.get(id);
    if (earlier !== undefined) repeated.add(earlier).add(resource);
    seen.set(id, resource);
  }
  return repeated;
}

export const repeatedResourceProblem: Problem = invalidRequest('Each resource must appear at most once.');

/** `needsValue`: whether a null value is wrong for this change. */
export function configsProblem<T extends NamedValue>(
  configs: readonly T[],
  needsValue: (config: T) => boolean,
): Problem | null {
  if (new Set(configs.map((config) => config.name)).size !== configs.length) {
    return invalidRequest('Error due to duplicate config keys');
  }
  const absent = configs.filter((config) => config.value === null && needsValue(config));
  if (absent.length === 0) return null;
  return invalidRequest(`Null value not supported for : ${absent.map((config) => config.name).join(', ')}`);
}

/** A broker judges changes of its own configs and of the cluster default, not those of other brokers. */
export function brokerNameProblem(brokerConfig: DynamicBrokerConfig, name: string): Problem | null {
  if (name === '') return null;
  const nodeId = parseNodeId(name);
  if (nodeId === null) return invalidRequest(`Node id must be an integer, but it is: ${name}`);
  if (nodeId === brokerConfig.node.nodeId) return null;
  return invalidRequest(`Unexpected broker id, expected ${brokerConfig.node.nodeId}, but received ${name}`);
}

/** Here a node must be named, and Kafka says the same in other words. */
export function loggerNameProblem(brokerConfig: DynamicBrokerConfig, name: string): Problem | null {
  const nodeId = parseNodeId(name);
  if (nodeId === null) return invalidRequest(`Node id must be an integer, but it is: ${name}`);
  if (nodeId === brokerConfig.node.nodeId) return null;
  return invalidRequest(`Unexpected node id. Expected ${brokerConfig.node.nodeId}, but received ${nodeId}`);
}

export function brokerConfigsProblem(
  brokerConfig: DynamicBrokerConfig,
  name: string,
  configs: ReadonlyMap<string, string>,
): Problem | null {
  try {
    brokerConfig.validate(configs, name === '' ? 'clusterDefault' : 'broker');
    return null;
  } catch (error) {
    // INVALID_CONFIG would fit better, but Kafka's tools have met INVALID_REQUEST here since KIP-226 (KAFKA-13609).
    if (error instanceof ConfigError) return invalidRequest(error.message);
    throw error;
  }
}

export function isStoredResourceType(resourceType: number): boolean {
  return (
    resourceType === configResourceType.TOPIC ||
    resourceType === configResourceType.CLIENT_METRICS ||
    resourceType === configResourceType.GROUP
  );
}

/** Answers in the order of the request: what was refused here, then what the controller said. */
export function assemble<R extends ResourceName>(
  resources: readonly R[],
  refused: ReadonlyMap<R, Problem | null>,
  results: readonly AlterConfigsResult[],
): AlterConfigsResponses {
  const byName = new Map(results.map((result) => [`${result.resourceType}:${result.resourceName}`, result]));
  return {
    responses: resources.map((resource) => {
      const { resourceType, resourceName } = resource;
      const verdict = refused.has(resource) ? refused.get(resource) : byName.get(`${resourceType}:${resourceName}`);
      if (verdict === undefined) {
        return { errorCode: errorCode('UNKNOWN_SERVER_ERROR'), errorMessage: null, resourceType, resourceName };
      }
      return {
        errorCode: errorCode(verdict?.error ?? 'NONE'),
        errorMessage: verdict?.message ?? null,
        resourceType,
        resourceName,
      };
    }),
  };
}

export function allFailed(
  request: { readonly resources: readonly ResourceName[] },
  error: ErrorName,
  errorMessage: string | null,
): AlterConfigsResponses {
  return {
    responses: request.resources.map(({ resourceType, resourceName }) => ({
      errorCode: errorCode(error),
      errorMessage,
      resourceType,
      resourceName,
    })),
  };
}
