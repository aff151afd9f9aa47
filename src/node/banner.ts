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
  const rows: [string, string][] = [
    ['bootstrap', node.bootstrapServers],
    ['listens on', node.boundAddresses.join(', ')],
    ['node id', String(node.nodeId)],
    ['cluster id', node.clusterId],
    ['data', node.ephemeral ? 'in memory only (ephemeral)' : node.dataDirectories.join(', ')],
  ];
  return bannerOf(rows);
}

export interface ClusterBannerFacts {
  /** Of all brokers. */
  readonly bootstrapServers: string;
  readonly clusterId: string;
  /** Null: in memory only. */
  readonly data: string | null;
  /** By node id. */
  readonly processIds: ReadonlyMap<number, number>;
}

export function clusterBanner({ bootstrapServers, clusterId, data, processIds }: ClusterBannerFacts): string {
  return bannerOf([
    ['bootstrap', bootstrapServers],
    ['brokers', [...processIds].map(([nodeId, processId]) => `${nodeId} (process ${processId})`).join(', ')],
    ['cluster id', clusterId],
    ['data', data ?? 'in memory only (ephemeral)'],
  ]);
}

function bannerOf(rows: readonly (readonly [string, string])[]): string {
  const lines = rows.map(([name, value]) => `    ${name.padEnd(12)}${value}`);
  return ['', `  Ottla ${version}, speaking Apache Kafka ${KAFKA_RELEASE}`, '', ...lines, ''].join('\n');
}
