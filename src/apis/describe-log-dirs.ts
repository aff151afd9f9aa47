/**
 * DescribeLogDirs, key 35, versions 1 to 5: this broker's log directories and what lies in them.
 *
 * Version 2 is flexible (KIP-482), 3 has an error of the whole answer, 4 the volume's size (KIP-827), 5 whether the directory
 * is cordoned (KIP-1066).
 *
 * Errors of a directory: KAFKA_STORAGE_ERROR.
 */
import type { DescribedLog, ReplicaMoves } from '../replication/replica-moves.ts';
import { errorCode } from '../wire/errors.ts';
import {
  type DescribeLogDirsRequest,
  describeLogDirsRequest,
  describeLogDirsResponse,
} from '../wire/schema/describe-log-dirs.ts';
import type { Handler } from './handler.ts';

export interface DescribeLogDirsServices {
  readonly logDirs: Pick<ReplicaMoves, 'describe'>;
}

export function describeLogDirsHandler(
  services: DescribeLogDirsServices,
): Handler<typeof describeLogDirsRequest, typeof describeLogDirsResponse> {
  return {
    request: describeLogDirsRequest,
    response: describeLogDirsResponse,

    handle: ({ topics }) => ({
      results: services.logDirs.describe(topics === null ? null : oneOf(topics)).map((directory) =>
        directory.error === null
          ? {
              logDir: directory.path,
              topics: byTopic(directory.logs),
              totalBytes: directory.totalBytes,
              usableBytes: directory.usableBytes,
              isCordoned: directory.isCordoned,
            }
          : { logDir: directory.path, errorCode: errorCode(directory.error) },
      ),
    }),

    failed: (_, error) => ({ errorCode: errorCode(error) }),
  };
}

function oneOf(topics: NonNullable<DescribeLogDirsRequest['topics']>) {
  const wanted = new Map<string, Set<number>>();
  for (const { topic, partitions } of topics) {
    wanted.set(topic, new Set([...(wanted.get(topic) ?? []), ...partitions]));
  }
  return (topic: string, partition: number): boolean => wanted.get(topic)?.has(partition) === true;
}

function byTopic(logs: readonly DescribedLog[]) {
  const topics = new Map<string, DescribedLog[]>();
  for (const log of logs) {
    const known = topics.get(log.topic);
    if (known === undefined) topics.set(log.topic, [log]);
    else known.push(log);
  }
  return [...topics].map(([name, partitions]) => ({
    name,
    partitions: partitions.map(({ partition, sizeInBytes, offsetLag, isFuture }) => ({
      partitionIndex: partition,
      partitionSize: sizeInBytes,
      offsetLag,
      isFutureKey: isFuture,
    })),
  }));
}
