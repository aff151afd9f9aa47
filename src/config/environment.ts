/**
 * `KAFKA_…` variables, as the official container image maps them to settings: `_` is a dot, `__` an underscore, `___` a
 * dash. `KAFKA_LOG_RETENTION_MS=1` is `log.retention.ms=1`.
 */
const prefix = 'KAFKA_';

/** Variables of the image's own scripts; they are no settings. */
const reserved: ReadonlySet<string> = new Set([
  'KAFKA_VERSION',
  'KAFKA_HEAP_OPTS',
  'KAFKA_LOG4J_OPTS',
  'KAFKA_OPTS',
  'KAFKA_JMX_OPTS',
  'KAFKA_JMX_PORT',
  'KAFKA_JMX_HOSTNAME',
  'KAFKA_JVM_PERFORMANCE_OPTS',
  'KAFKA_GC_LOG_OPTS',
  'KAFKA_LOG4J_ROOT_LOGLEVEL',
  'KAFKA_LOG4J_LOGGERS',
  'KAFKA_TOOLS_LOG4J_LOGLEVEL',
]);

export function settingsFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Map<string, string> {
  const settings = new Map<string, string>();
  for (const [variable, value] of Object.entries(environment)) {
    if (value === undefined || !variable.startsWith(prefix) || reserved.has(variable)) continue;
    const name = settingName(variable);
    if (name !== '') settings.set(name, value);
  }
  return settings;
}

export function settingName(variable: string): string {
  // The image's order of replacements, so that runs of four and more underscores come out as there.
  return variable.slice(prefix.length).toLowerCase().replaceAll('_', '.').replaceAll('...', '-').replaceAll('..', '_');
}
