/**
 * A number that says what it counts. A plain number is accepted where a flavored one is wanted, but two different
 * flavors do not mix: an `Offset` is not a `FilePosition`. See docs/decisions/number-flavors.md.
 */
export type Flavor<Base, Name extends string> = Base & { readonly __flavor?: Name };

/** Number of a record in a partition. */
export type Offset = Flavor<number, 'Offset'>;
/** Byte in a file. */
export type FilePosition = Flavor<number, 'FilePosition'>;
export type LeaderEpoch = Flavor<number, 'LeaderEpoch'>;
export type PartitionEpoch = Flavor<number, 'PartitionEpoch'>;
export type BrokerEpoch = Flavor<number, 'BrokerEpoch'>;
export type ProducerEpoch = Flavor<number, 'ProducerEpoch'>;
