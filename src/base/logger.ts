/** What domain code may log with; `node.ts` plugs pino in, tests collect or drop the lines. */
export interface Logger {
  trace(message: string, fields?: object): void;
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
  /** A logger of the same sink under `name` (our folders: `log`, `raft`, …), carrying `fields` on each line. */
  child(name: string, fields?: object): Logger;
}

/** Drops everything. */
export const silentLogger: Logger = {
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};
