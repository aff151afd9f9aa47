// What the broker does not do yet. The tests of it are written and run against Apache Kafka with OTTLA_COMPAT_SELFTEST=apache; the
// change that adds a feature sets its line to true, and its tests run from then on. They are left out, not skipped: a skipped test is one
// that a machine cannot run.

export const scope = {
  /** Groups under the KIP-848 protocol. */
  consumerGroupProtocol: true,
  transactions: true,
  describeLogDirs: true,
} as const;

/** The group protocols to run a test for. */
export const groupProtocols = scope.consumerGroupProtocol ? (['classic', 'consumer'] as const) : (['classic'] as const);
