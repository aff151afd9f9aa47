/**
 * Log levels while the broker runs (KIP-412): what the two IncrementalAlterConfigs and DescribeConfigs need to know of the
 * logger, and the rules for changing a level. Logger names are our folders and `root`.
 */
import { configOperation } from '../config/incremental-configs.ts';
import type { ErrorName } from '../wire/errors.ts';

export interface LoggerLevels {
  /** Each logger with its level in Kafka's words: TRACE, DEBUG, INFO, WARN, ERROR, FATAL. */
  levels(): ReadonlyMap<string, string>;
  setLevel(logger: string, level: string): void;
  /** The logger follows `root` again. */
  unsetLevel(logger: string): void;
}

export interface LoggerChange {
  readonly name: string;
  readonly configOperation: number;
  readonly value: string | null;
}

export interface Problem {
  readonly error: ErrorName;
  readonly message: string;
}

const rootLogger = 'root';
const validLevels: readonly string[] = ['DEBUG', 'ERROR', 'FATAL', 'INFO', 'TRACE', 'WARN'];

/** Judges all changes, then makes them, or none. */
export function alterLoggerLevels(
  loggers: LoggerLevels,
  changes: readonly LoggerChange[],
  validateOnly: boolean,
): Problem | null {
  for (const change of changes) {
    const problem = changeProblem(loggers, change);
    if (problem !== null) return problem;
  }
  if (validateOnly) return null;
  for (const { name, configOperation: operation, value } of changes) {
    if (operation === configOperation.SET && value !== null) loggers.setLevel(name, value);
    else loggers.unsetLevel(name);
  }
  return null;
}

function changeProblem(loggers: LoggerLevels, change: LoggerChange): Problem | null {
  const { name, configOperation: operation, value } = change;
  switch (operation) {
    case configOperation.APPEND:
    case configOperation.SUBTRACT: {
      const word = operation === configOperation.APPEND ? 'APPEND' : 'SUBTRACT';
      return invalidRequest(`${word} operation is not allowed for the BROKER_LOGGER resource`);
    }
    case configOperation.SET:
    case configOperation.DELETE:
      break;
    default:
      return invalidRequest(`Unknown operation type ${operation} is not allowed for the BROKER_LOGGER resource`);
  }
  if (!loggers.levels().has(name)) {
    return { error: 'INVALID_CONFIG', message: `Logger ${name} does not exist!` };
  }
  if (operation === configOperation.SET && (value === null || !validLevels.includes(value))) {
    return {
      error: 'INVALID_CONFIG',
      message:
        `Cannot set the log level of ${name} to ${value} as it is not a supported log level. ` +
        `Valid log levels are ${validLevels.join(', ')}`,
    };
  }
  if (operation === configOperation.DELETE && name === rootLogger) {
    return invalidRequest(`Removing the log level of the ${rootLogger} logger is not allowed`);
  }
  return null;
}

function invalidRequest(message: string): Problem {
  return { error: 'INVALID_REQUEST', message };
}

/** The name of a broker resource as a number; null when it is none. */
export function parseNodeId(name: string): number | null {
  return /^[+-]?[0-9]{1,10}$/.test(name) && Math.abs(Number(name)) < 2 ** 31 ? Number(name) : null;
}
