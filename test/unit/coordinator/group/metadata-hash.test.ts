import { expect, test } from 'vitest';
import { groupMetadataHash } from '../../../../src/coordinator/group/metadata-hash.ts';
import { xxh3 } from '../../../../src/coordinator/group/xxh3.ts';
import { imageOf } from './consumer-group-fixture.ts';

test('the hash of a group is the one that Apache Kafka 4.3.1 stored', () => {
  const image = imageOf({ name: 'segments', topicId: 'OHTiFoX5S-Wrqe5E-tMbVg', partitionCount: 2 });
  expect(groupMetadataHash(['segments', 'missing'], image)).toBe(4867598821147444268n);
});

test('two topics are hashed in the order of their names', () => {
  const image = imageOf(
    { name: 'codec-none', topicId: 'KCr-Tq-pSDeiAlpDBYHmQw', partitionCount: 2 },
    { name: 'codec-gzip', topicId: 'sIxiCmWPSWCZUpwbx8d0jg', partitionCount: 2 },
  );
  expect(groupMetadataHash(['codec-none', 'codec-gzip'], image)).toBe(8218305727125837247n);
});

test('no topic: 0', () => {
  expect(groupMetadataHash([], imageOf())).toBe(0n);
});

test('XXH3 of nothing is the published value', () => {
  expect(xxh3(Buffer.alloc(0))).toBe(BigInt.asIntN(64, 0x2d06800538d394c2n));
});
