/** The partition of an internal topic that owns a key (group id, transactional id): Java's String.hashCode, as Kafka does. */
export function partitionForKey(key: string, partitionCount: number): number {
  let hash = 0;
  for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 31) + key.charCodeAt(i)) | 0;
  // Kafka's absolute value: Integer.MIN_VALUE, which has none, counts as 0.
  const absolute = hash === -(2 ** 31) ? 0 : Math.abs(hash);
  return absolute % partitionCount;
}
