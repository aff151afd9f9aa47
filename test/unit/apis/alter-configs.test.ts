import { expect, test } from 'vitest';
import { alterConfigsHandler } from '../../../src/apis/alter-configs.ts';
import type { RequestContext } from '../../../src/apis/handler.ts';
import { incrementalAlterConfigsHandler } from '../../../src/apis/incremental-alter-configs.ts';
import { decode, encode } from '../../../src/wire/codec.ts';
import { errorName } from '../../../src/wire/errors.ts';
import { alterConfigsRequest, alterConfigsResponse } from '../../../src/wire/schema/alter-configs.ts';
import {
  type IncrementalAlterConfigsRequest,
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from '../../../src/wire/schema/incremental-alter-configs.ts';
import { testBrokerConfig } from '../config/fixture.ts';

const context = {} as RequestContext; // the handlers read nothing of it

const [TOPIC, BROKER, BROKER_LOGGER] = [2, 4, 8] as const;
const [SET, DELETE, APPEND] = [0, 1, 2] as const;

/** A controller that commits everything it is given and remembers it. */
class RecordingController {
  readonly seen: string[] = [];

  async alterConfigs(resources: readonly { resourceType: number; resourceName: string }[]) {
    return this.#commit(resources);
  }

  async incrementalAlterConfigs(resources: readonly { resourceType: number; resourceName: string }[]) {
    return this.#commit(resources);
  }

  #commit(resources: readonly { resourceType: number; resourceName: string }[]) {
    return resources.map(({ resourceType, resourceName }) => {
      this.seen.push(`${resourceType}:${resourceName}`);
      return resourceName === 'missing'
        ? ({ resourceType, resourceName, error: 'UNKNOWN_TOPIC_OR_PARTITION', message: 'no such topic' } as const)
        : ({ resourceType, resourceName, error: 'NONE', message: null } as const);
    });
  }
}

class Levels {
  readonly byLogger = new Map([
    ['root', 'INFO'],
    ['raft', 'INFO'],
  ]);
  levels = () => this.byLogger;
  setLevel = (logger: string, level: string) => void this.byLogger.set(logger, level);
  unsetLevel = (logger: string) => void this.byLogger.set(logger, 'INFO');
}

type IncrementalResource = IncrementalAlterConfigsRequest['resources'][number];

async function incremental(resources: readonly IncrementalResource[], validateOnly = false) {
  const controller = new RecordingController();
  const loggers = new Levels();
  const handler = incrementalAlterConfigsHandler({ controller, loggers, brokerConfig: testBrokerConfig() });
  const request = decode(
    incrementalAlterConfigsRequest,
    1,
    encode(incrementalAlterConfigsRequest, 1, { resources: [...resources], validateOnly }),
  );
  const response = await handler.handle(request, context);
  const { responses } = decode(
    incrementalAlterConfigsResponse,
    1,
    encode(incrementalAlterConfigsResponse, 1, response!),
  );
  return {
    answers: responses.map((answer) => [errorName(answer.errorCode), answer.errorMessage]),
    controller,
    loggers,
  };
}

function resource(
  resourceType: number,
  resourceName: string,
  ...configs: [name: string, operation: number, value: string | null][]
): IncrementalResource {
  return {
    resourceType,
    resourceName,
    configs: configs.map(([name, configOperation, value]) => ({ name, configOperation, value })),
  };
}

test('what the broker does not refuse goes to the controller, and answers keep the order of the request', async () => {
  const { answers, controller } = await incremental([
    resource(TOPIC, 'a', ['retention.ms', SET, '1']),
    resource(BROKER, '2', ['message.max.bytes', SET, '1']),
    resource(TOPIC, 'missing', ['retention.ms', DELETE, null]),
    resource(BROKER, '', ['message.max.bytes', SET, '1']),
  ]);
  expect(controller.seen).toEqual(['2:a', '2:missing', '4:']);
  expect(answers).toEqual([
    ['NONE', null],
    ['INVALID_REQUEST', 'Unexpected broker id, expected 1, but received 2'],
    ['UNKNOWN_TOPIC_OR_PARTITION', 'no such topic'],
    ['NONE', null],
  ]);
});

test.each([
  [resource(BROKER, '1', ['num.partitions', SET, '2']), 'Cannot update these configs dynamically: [num.partitions]'],
  [resource(BROKER, 'x', ['message.max.bytes', SET, '2']), 'Node id must be an integer, but it is: x'],
  [resource(BROKER, '1', ['message.max.bytes', 7, '2']), 'Unknown operations type 7'],
  [resource(TOPIC, 't', ['retention.ms', 7, '2']), 'Unknown operations type 7'],
  [resource(TOPIC, 't', ['a', SET, null], ['b', APPEND, null]), 'Null value not supported for : a, b'],
  [resource(TOPIC, 't', ['a', SET, '1'], ['a', DELETE, null]), 'Error due to duplicate config keys'],
  [resource(99, 't', ['a', SET, '1']), 'Unknown resource type 99'],
] as const)('refused before the controller sees it: %j', async (refused, message) => {
  const { answers, controller } = await incremental([refused]);
  expect(answers).toEqual([['INVALID_REQUEST', message]]);
  expect(controller.seen).toEqual([]);
});

test('a resource that comes twice is refused both times', async () => {
  const { answers } = await incremental([resource(TOPIC, 't'), resource(TOPIC, 'u'), resource(TOPIC, 't')]);
  expect(answers).toEqual([
    ['INVALID_REQUEST', 'Each resource must appear at most once.'],
    ['NONE', null],
    ['INVALID_REQUEST', 'Each resource must appear at most once.'],
  ]);
});

test('log levels change at once, unless the request only asks', async () => {
  const change = resource(BROKER_LOGGER, '1', ['raft', SET, 'TRACE']);
  const asked = await incremental([change], true);
  expect(asked.loggers.byLogger.get('raft')).toBe('INFO');
  const { answers, loggers, controller } = await incremental([change]);
  expect(answers).toEqual([['NONE', null]]);
  expect(loggers.byLogger.get('raft')).toBe('TRACE');
  expect(controller.seen).toEqual([]);
});

test.each([
  [['raft', SET, 'LOUD'], 'INVALID_CONFIG', 'Valid log levels are DEBUG, ERROR, FATAL, INFO, TRACE, WARN'],
  [['nobody', SET, 'INFO'], 'INVALID_CONFIG', 'Logger nobody does not exist!'],
  [['root', DELETE, null], 'INVALID_REQUEST', 'Removing the log level of the root logger is not allowed'],
  [['raft', APPEND, 'INFO'], 'INVALID_REQUEST', 'APPEND operation is not allowed for the BROKER_LOGGER resource'],
] as const)('log level change %j is refused', async ([name, operation, value], error, message) => {
  const { answers } = await incremental([resource(BROKER_LOGGER, '1', [name, operation, value])]);
  expect(answers[0]![0]).toBe(error);
  expect(answers[0]![1]).toContain(message);
});

test('the older API replaces all configs, and knows no loggers', async () => {
  const controller = new RecordingController();
  const handler = alterConfigsHandler({ controller, brokerConfig: testBrokerConfig() });
  const request = decode(
    alterConfigsRequest,
    2,
    encode(alterConfigsRequest, 2, {
      resources: [
        { resourceType: TOPIC, resourceName: 't', configs: [{ name: 'retention.ms', value: '1' }] },
        { resourceType: BROKER, resourceName: '1', configs: [{ name: 'message.max.bytes', value: 'x' }] },
        { resourceType: BROKER_LOGGER, resourceName: '1', configs: [] },
        { resourceType: TOPIC, resourceName: 'u', configs: [{ name: 'retention.ms', value: null }] },
      ],
      validateOnly: false,
    }),
  );
  const response = await handler.handle(request, context);
  const { responses } = decode(alterConfigsResponse, 2, encode(alterConfigsResponse, 2, response!));
  expect(controller.seen).toEqual(['2:t']);
  expect(responses.map((answer) => [errorName(answer.errorCode), answer.errorMessage])).toEqual([
    ['NONE', null],
    ['INVALID_REQUEST', 'Invalid value x for configuration message.max.bytes: Not a number of type INT'],
    ['INVALID_REQUEST', 'Unknown resource type 8'],
    ['INVALID_REQUEST', 'Null value not supported for : retention.ms'],
  ]);
});
