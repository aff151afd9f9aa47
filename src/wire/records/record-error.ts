/** What is wrong with the bytes: each is one of the official exceptions, by its meaning. */
export type RecordErrorKind =
  /** The batch itself: length, magic, CRC (Kafka's CorruptRecordException). */
  | 'corrupt-batch'
  /** A record, or the count of them, does not fit the batch (Kafka's InvalidRecordException). */
  | 'invalid-record'
  /** The compressed bytes are broken (Kafka answers UNKNOWN_SERVER_ERROR). */
  | 'broken-compression'
  /** A compression id from 5 to 7 (Kafka answers UNKNOWN_SERVER_ERROR). */
  | 'unknown-compression'
  /** More bytes than a batch may have when decompressed. */
  | 'too-large';

/** The one error that reading record batches throws, however the bytes are broken. */
export class RecordError extends Error {
  override name = 'RecordError';
  readonly kind: RecordErrorKind;

  constructor(kind: RecordErrorKind, message: string) {
    super(message);
    this.kind = kind;
  }
}
