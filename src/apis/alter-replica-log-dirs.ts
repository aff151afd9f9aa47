/**
 * AlterReplicaLogDirs, key 34, versions 1 to 2 (KIP-113): moves this broker's replicas to other log directories, or says where
 * they are to be created. NONE means that the replica is there or on its way; DescribeLogDirs tells how far.
 *
 * Version 2 is flexible (KIP-482).
 *
 * Errors of a partition: LOG_DIR_NOT_FOUND, KAFKA_STORAGE_ERROR, REPLICA_NOT_AVAILABLE, UNKNOWN_TOPIC_OR_PARTITION,
 * INVALID_TOPIC_EXCEPTION.
 */
import type { ReplicaMoves } from '../replication/replica-moves.ts';
import { type ErrorName, errorCode } from '../wire/errors.ts';
import {
  type AlterReplicaLogDirsRequest,
  alterReplicaLogDirsRequest,
  alterReplicaLogDirsResponse,
} from '../wire/schema/alter-replica-log-dirs.ts';
import type { Handler } from './handler.ts';

export interface AlterReplicaLogDirsServices {
  readonly logDirs: Pick<ReplicaMoves, 'alter'>;
}

export function alterReplicaLogDirsHandler(
  services: AlterReplicaLogDirsServices,
): Handler<typeof alterReplicaLogDirsRequest, typeof alterReplicaLogDirsResponse> {
  return {
    request: alterReplicaLogDirsRequest,
    response: alterReplicaLogDirsResponse,

    handle: ({ dirs }) => answered(dirs, (topic, partition, path) => services.logDirs.alter(topic, partition, path)),

    failed: ({ dirs }, error) => answered(dirs, () => error),
  };
}

/** A partition that is named twice is moved to where it is named last, as in Apache Kafka. */
function answered(
  dirs: AlterReplicaLogDirsRequest['dirs'],
  alter: (topic: string, partition: number, path: string) => ErrorName,
) {
  const wanted = new Map<string, Map<number, string>>();
  for (const { path, topics } of dirs) {
    for (const { name, partitions } of topics) {
      const paths = wanted.get(name) ?? new Map<number, string>();
      wanted.set(name, paths);
      for (const partition of partitions) paths.set(partition, path);
    }
  }
  return {
    results: [...wanted].map(([topicName, paths]) => ({
      topicName,
      partitions: [...paths].map(([partitionIndex, path]) => ({
        partitionIndex,
        errorCode: errorCode(alter(topicName, partitionIndex, path)),
      })),
    })),
  };
}
