/**
 * The order in which Java's HashSet gives strings back. Kafka's subscription id is a checksum over such a set as text, and
 * brokers of one cluster must agree on it, or a client that changes brokers is told that its subscription is unknown.
 */
const CAPACITY_MIN = 16;
const LOAD_FACTOR = 0.75;

/** Distinct `values` as a HashSet holds them to which they were added one by one. */
export function inJavaHashSetOrder(values: readonly string[]): string[] {
  const distinct = [...new Set(values)];
  let capacity = CAPACITY_MIN;
  while (distinct.length > capacity * LOAD_FACTOR) capacity *= 2;
  // A bucket keeps the order of insertion, and sort is stable.
  return distinct.sort((a, b) => bucketOf(a, capacity) - bucketOf(b, capacity));
}

function bucketOf(text: string, capacity: number): number {
  let hash = 0;
  for (let index = 0; index < text.length; index++) hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
  return (hash ^ (hash >>> 16)) & (capacity - 1);
}
