// pino behind our Logger interface: readable lines on a terminal, JSON lines otherwise.
import { createRequire } from 'node:module';
import { type Level, type Logger as PinoLogger, pino } from 'pino';
import type pinoPretty from 'pino-pretty';
import type { Logger } from '../base/logger.ts';

export interface LoggerOptions {
  /** Readable lines instead of JSON. */
  readonly pretty: boolean;
  /** On each JSON line. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** Lets every level through: `leveled-logger.ts` decides. Writes to standard output, synchronously. */
export function createLogger(options: LoggerOptions): Logger {
  const settings = {
    level: 'trace',
    base: options.fields ?? null,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (!options.pretty)
    return wrap(pino({ ...settings, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ sync: true })));
  // Loaded only where it is used: it would make every start slower.
  const pretty = createRequire(import.meta.url)('pino-pretty') as typeof pinoPretty;
  const stream = pretty({
    sync: true,
    ignore: ['name', ...Object.keys(options.fields ?? {})].join(','),
    messageFormat: '{if name}{name}: {end}{msg}',
    translateTime: 'SYS:HH:MM:ss.l',
  });
  return wrap(pino(settings, stream));
}

function wrap(sink: PinoLogger): Logger {
  const at =
    (level: Level) =>
    (message: string, fields?: object): void =>
      fields === undefined ? sink[level](message) : sink[level](fields, message);
  return {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (name, fields) => wrap(sink.child({ name, ...fields })),
  };
}
