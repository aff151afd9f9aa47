/**
 * DescribeConfigs, key 32, versions 1-4.
 *
 * v1 synonyms and sources (KIP-226) · v3 type and documentation (KIP-569) · v4 flexible.
 * Errors: UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC_EXCEPTION, INVALID_REQUEST (a name of another broker, an empty name, an
 * unknown type). Messages are `""`, never null, where there is no error: clients print them.
 */
import {
  brokerEntries,
  type ConfigEntry,
  clientMetricsEntries,
  clusterDefaultEntries,
  groupEntries,
  topicEntries,
} from '../config/config-entries.ts';
import type { ConfigType } from '../config/config-key.ts';
import { configResourceType, configSource } from '../config/config-resource.ts';
import type { DynamicBrokerConfig } from '../config/dynamic-broker-config.ts';
import { topicNameProblem } from '../config/topic-name.ts';
import { type ErrorName, errorCode } from '../wire/errors.ts';
import {
  type DescribeConfigsRequest,
  type DescribeConfigsResponse,
  describeConfigsRequest,
  describeConfigsResponse,
} from '../wire/schema/describe-configs.ts';
import type { Handler } from './handler.ts';
import { type LoggerLevels, parseNodeId } from './logger-levels.ts';

/** The configs that the metadata holds, as committed. */
export interface ConfigsView {
  topicExists(name: string): boolean;
  topicConfigs(name: string): ReadonlyMap<string, string>;
  groupConfigs(name: string): ReadonlyMap<string, string>;
  clientMetricsConfigs(name: string): ReadonlyMap<string, string>;
}

export interface DescribeConfigsServices {
  readonly brokerConfig: DynamicBrokerConfig;
  readonly configs: ConfigsView;
  readonly loggers: LoggerLevels;
}

type Resource = DescribeConfigsRequest['resources'][number];
type Result = DescribeConfigsResponse['results'][number];

const typeNumber: Readonly<Record<ConfigType, number>> = {
  BOOLEAN: 1,
  STRING: 2,
  INT: 3,
  SHORT: 4,
  LONG: 5,
  DOUBLE: 6,
  LIST: 7,
  CLASS: 8,
  PASSWORD: 9,
};

const knownResourceTypes: readonly number[] = Object.values(configResourceType);

/** Kafka's text for INVALID_REQUEST without a reason; an unknown resource type fails the whole request with it. */
const malformedRequest =
  'This most likely occurs because of a request being malformed by the client library or the message was sent to an ' +
  'incompatible broker. See the broker logs for more details.';

export function describeConfigsHandler(
  services: DescribeConfigsServices,
): Handler<typeof describeConfigsRequest, typeof describeConfigsResponse> {
  return {
    request: describeConfigsRequest,
    response: describeConfigsResponse,
    handle(request) {
      if (request.resources.some((resource) => !knownResourceTypes.includes(resource.resourceType))) {
        return allFailed(request, 'INVALID_REQUEST', malformedRequest);
      }
      return { results: request.resources.map((resource) => describe(services, resource, request)) };
    },
    failed: (request, error, message) => allFailed(request, error, message),
  };
}

function allFailed(request: DescribeConfigsRequest, error: ErrorName, message: string | null): { results: Result[] } {
  return { results: request.resources.map((resource) => failure(resource, error, message ?? '')) };
}

function failure(resource: Resource, error: ErrorName, errorMessage: string): Result {
  return {
    errorCode: errorCode(error),
    errorMessage,
    resourceType: resource.resourceType,
    resourceName: resource.resourceName,
    configs: [],
  };
}

function describe(services: DescribeConfigsServices, resource: Resource, request: DescribeConfigsRequest): Result {
  const { brokerConfig, configs } = services;
  const name = resource.resourceName;
  switch (resource.resourceType) {
    case configResourceType.TOPIC: {
      const problem = topicNameProblem(name);
      if (problem !== null) return failure(resource, problem.error, problem.message);
      if (!configs.topicExists(name)) return failure(resource, 'UNKNOWN_TOPIC_OR_PARTITION', '');
      return success(resource, request, topicEntries(brokerConfig, configs.topicConfigs(name)));
    }
    case configResourceType.BROKER: {
      if (name === '') return success(resource, request, clusterDefaultEntries(brokerConfig));
      const problem = otherBrokerProblem(services, name, ' or empty string,');
      if (problem !== null) return failure(resource, 'INVALID_REQUEST', problem);
      return success(resource, request, brokerEntries(brokerConfig));
    }
    case configResourceType.BROKER_LOGGER: {
      if (name === '') return failure(resource, 'INVALID_REQUEST', 'Broker id must not be empty');
      const problem = otherBrokerProblem(services, name, '');
      if (problem !== null) return failure(resource, 'INVALID_REQUEST', problem);
      return loggers(resource, services.loggers);
    }
    case configResourceType.CLIENT_METRICS:
      if (name === '') {
        return failure(resource, 'INVALID_REQUEST', 'Client metrics subscription name must not be empty');
      }
      return success(resource, request, clientMetricsEntries(configs.clientMetricsConfigs(name)));
    default:
      if (name === '') return failure(resource, 'INVALID_REQUEST', 'Group name must not be empty');
      return success(resource, request, groupEntries(brokerConfig, configs.groupConfigs(name)));
  }
}

function otherBrokerProblem(services: DescribeConfigsServices, name: string, alternative: string): string | null {
  const nodeId = parseNodeId(name);
  if (nodeId === null) return `Broker id must be an integer, but it is: ${name}`;
  const expected = services.brokerConfig.node.nodeId;
  return nodeId === expected ? null : `Unexpected broker id, expected ${expected}${alternative} but received ${name}`;
}

function success(resource: Resource, request: DescribeConfigsRequest, entries: readonly ConfigEntry[]): Result {
  return {
    errorCode: errorCode('NONE'),
    errorMessage: '',
    resourceType: resource.resourceType,
    resourceName: resource.resourceName,
    configs: entries
      .filter((entry) => isAskedFor(resource, entry.name))
      .map((entry) => ({
        name: entry.name,
        value: entry.value,
        readOnly: entry.readOnly,
        configSource: entry.source,
        isSensitive: entry.sensitive,
        synonyms: request.includeSynonyms ? [...entry.synonyms] : [],
        configType: entry.type === undefined ? 0 : typeNumber[entry.type],
        documentation: request.includeDocumentation ? entry.documentation : null,
      })),
  };
}

/** No keys means all keys. */
function isAskedFor(resource: Resource, name: string): boolean {
  const { configurationKeys } = resource;
  return configurationKeys === null || configurationKeys.length === 0 || configurationKeys.includes(name);
}

function loggers(resource: Resource, levels: LoggerLevels): Result {
  return {
    errorCode: errorCode('NONE'),
    errorMessage: '',
    resourceType: resource.resourceType,
    resourceName: resource.resourceName,
    configs: [...levels.levels()]
      .filter(([name]) => isAskedFor(resource, name))
      .map(([name, level]) => ({
        name,
        value: level,
        readOnly: false,
        configSource: configSource.DYNAMIC_BROKER_LOGGER,
        isSensitive: false,
        synonyms: [],
        configType: 0,
        documentation: '',
      })),
  };
}
