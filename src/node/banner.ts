import { KAFKA_RELEASE, version } from './version.ts';

/** What a person wants to know of a broker that has just started. */
export interface BannerFacts {
  readonly bootstrapServers: string;
  readonly boundAddresses: readonly string[];
  readonly nodeId: number;
  readonly clusterId: string;
  readonly ephemeral: boolean;
  readonly dataDirectories: readonly string[];
}

export function banner(node: BannerFacts): string {
  const rows = [
    ['bootstrap', node.bootstrapServers],
    ['listens on', node.boundAddresses.join(', ')],
    ['node id', String(node.nodeId)],
    ['cluster id', node.clusterId],
    ['data', node.ephemeral ? 'in memory only (ephemeral)' : node.dataDirectories.join(', ')],
  ];
  const lines = rows.map(([name, value]) => `    ${name!.padEnd(12)}${value}`);
  return ['', `  Ottla ${version}, speaking Apache Kafka ${KAFKA_RELEASE}`, '', ...lines, ''].join('\n');
}
