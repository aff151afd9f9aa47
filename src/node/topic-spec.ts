/** A topic that is wanted at start: `--topic name:partitions[:rf[:k=v,…]]`. */
export interface TopicSpec {
  readonly name: string;
  /** -1: `num.partitions`. */
  readonly partitions: number;
  /** -1: `default.replication.factor`. */
  readonly replicationFactor: number;
  readonly configs: ReadonlyMap<string, string>;
}

/** Throws an Error with a sentence. Whether the name and the configs are allowed is the controller's to say. */
export function parseTopicSpec(text: string): TopicSpec {
  const [name, partitions, replicationFactor, ...rest] = text.split(':');
  if (name === undefined || name === '') throw new Error(`"${text}" names no topic.`);
  const configs = new Map<string, string>();
  // A value may hold colons of its own, so what follows the third one belongs to the configs.
  for (const entry of rest.join(':').split(/,(?=[a-z.]+=)/)) {
    if (entry === '') continue;
    const equals = entry.indexOf('=');
    if (equals <= 0) throw new Error(`"${entry}" in "${text}" is not of the form name=value.`);
    configs.set(entry.slice(0, equals), entry.slice(equals + 1));
  }
  return {
    name,
    partitions: parseCount(partitions, 'partitions', text),
    replicationFactor: parseCount(replicationFactor, 'replicas', text),
    configs,
  };
}

function parseCount(value: string | undefined, what: string, text: string): number {
  if (value === undefined || value === '') return -1;
  if (!/^\d+$/.test(value) || Number(value) === 0) throw new Error(`"${value}" in "${text}" is no number of ${what}.`);
  return Number(value);
}
