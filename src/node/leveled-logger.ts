/**
 * Puts levels that change while the broker runs (the BROKER_LOGGER config resource) in front of any Logger.
 *
 * Logger names are our folders, `root`, and `request`, which writes one line for each request that is done. A logger without a
 * level of its own follows `root`; `request` starts with WARN, as Kafka's request log does in the configuration that Kafka ships.
 */
import type { Logger } from '../base/logger.ts';

const METHODS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
type Method = (typeof METHODS)[number];

/** Kafka's words, least first. Nothing of ours is logged at FATAL, so that level keeps a logger quiet. */
const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'] as const;

export const loggerNames: readonly string[] = [
  'root',
  'apis',
  'config',
  'controller',
  'coordinator',
  'http',
  'log',
  'metadata',
  'net',
  'node',
  'raft',
  'replication',
  'request',
];

export class LoggerLevelTable {
  #root = 'INFO';
  readonly #own = new Map([['request', 'WARN']]);

  /** Each logger with the level that it obeys now. */
  levels(): ReadonlyMap<string, string> {
    return new Map(loggerNames.map((name) => [name, this.#levelOf(name)]));
  }

  setLevel(logger: string, level: string): void {
    if (logger === 'root') this.#root = level;
    else this.#own.set(logger, level);
  }

  unsetLevel(logger: string): void {
    this.#own.delete(logger);
  }

  isOn(logger: string, method: Method): boolean {
    const needed = METHODS.indexOf(method);
    return needed >= LEVELS.indexOf(this.#levelOf(logger) as (typeof LEVELS)[number]); // only known levels are stored
  }

  #levelOf(logger: string): string {
    return this.#own.get(logger) ?? this.#root;
  }
}

/** `sink` must let everything through; `table` decides. */
export function leveledLogger(sink: Logger, table: LoggerLevelTable, name = 'root'): Logger {
  const at =
    (method: Method) =>
    (message: string, fields?: object): void => {
      if (!table.isOn(name, method)) return;
      if (fields === undefined) sink[method](message);
      else sink[method](message, fields);
    };
  return {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (childName, fields) => leveledLogger(sink.child(childName, fields), table, childName),
  };
}
