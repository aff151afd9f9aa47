/** Records on their way into the metadata log. */
import type { ErrorName } from '../wire/errors.ts';
import { decodeMetadataRecord, encodeMetadataRecord, type MetadataRecord } from '../wire/record-framing.ts';
import type { InputOf, MessageSchema } from '../wire/schema.ts';

/**
 * `record` is what `bytes` decode to, so that replaying a record that was just made and replaying it from the log after
 * a restart are the same thing.
 */
export interface ControlRecord {
  readonly bytes: Buffer;
  readonly record: MetadataRecord;
}

export function newControlRecord<S extends MessageSchema>(
  schema: S,
  version: number,
  value: InputOf<S>,
): ControlRecord {
  return controlRecordOf(encodeMetadataRecord(schema, version, value));
}

/** A record that exists as bytes already, as in a bootstrap file. */
export function controlRecordOf(bytes: Buffer): ControlRecord {
  return { bytes, record: decodeMetadataRecord(bytes) };
}

export interface ControlResult<Response> {
  readonly records: readonly ControlRecord[];
  readonly response: Response;
  /**
   * `atomic`: all records become one batch, as what a user asked for must happen whole or not at all. `batches`: a
   * long list may be cut, and each part stands for itself.
   */
  readonly append: 'atomic' | 'batches';
}

export interface ControlFailure {
  readonly error: ErrorName;
  readonly message: string | null;
}

export const succeeded: ControlFailure = { error: 'NONE', message: null };

export function failure(error: ErrorName, message: string | null): ControlFailure {
  return { error, message };
}

/** Kafka's limits: records that one user operation may make, and records of one batch. */
export const RECORDS_PER_USER_OPERATION_MAX = 10_000;
export const RECORDS_PER_BATCH_MAX = 10_000;
