/**
 * Class-valued settings. A Java class cannot run here, so a setting may only name a class that Kafka ships and whose
 * behaviour Ottla has built in; any other name is refused with a sentence, never ignored.
 */
import { ConfigError } from './config-key.ts';

const principalBuilder = 'org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder';
const oauth = 'org.apache.kafka.common.security.oauthbearer';

/** Keys of type CLASS, and keys of other types whose value is a class name all the same. */
const knownClasses: Readonly<Record<string, readonly string[]>> = {
  'principal.builder.class': [principalBuilder],
  'sasl.oauthbearer.jwt.retriever.class': [`${oauth}.DefaultJwtRetriever`],
  'sasl.oauthbearer.jwt.validator.class': [`${oauth}.DefaultJwtValidator`],
  'metric.reporters': ['org.apache.kafka.common.metrics.JmxReporter'],
  'kafka.metrics.reporters': [],
  'replica.selector.class': ['org.apache.kafka.common.replica.RackAwareReplicaSelector'],
  'group.share.persister.class.name': [
    'org.apache.kafka.server.share.persister.DefaultStatePersister',
    'org.apache.kafka.server.share.persister.NoOpStatePersister',
  ],
  'group.consumer.assignors': [
    'uniform',
    'range',
    'org.apache.kafka.coordinator.group.assignor.UniformAssignor',
    'org.apache.kafka.coordinator.group.assignor.RangeAssignor',
  ],
  'group.share.assignors': ['simple', 'org.apache.kafka.coordinator.group.assignor.SimpleAssignor'],
};

/** Names that are not of type CLASS but are checked when the node starts. */
export const classValuedNames: readonly string[] = Object.keys(knownClasses);

const insteadOf: Readonly<Record<string, string>> = {
  'create.topic.policy.class.name': 'A policy is a function of the embedded API.',
  'alter.config.policy.class.name': 'A policy is a function of the embedded API.',
  'metric.reporters': 'Metrics are served over HTTP.',
  'kafka.metrics.reporters': 'Metrics are served over HTTP.',
};

export function assertKnownClass(name: string, className: string): void {
  const known = Object.hasOwn(knownClasses, name) ? knownClasses[name]! : [];
  if (known.includes(className)) return;
  const instead = Object.hasOwn(insteadOf, name) ? ` ${insteadOf[name]}` : '';
  const choice = known.length === 0 ? 'there is none it has built in' : `it has built in ${known.join(', ')}`;
  throw ConfigError.invalid(
    name,
    className,
    `Class ${className} could not be found. Ottla runs no Java classes; for this setting ${choice}.${instead}`,
  );
}
