/** The disk under a log failed; its directory is offline. Clients see KAFKA_STORAGE_ERROR. */
export class StorageError extends Error {
  override name = 'StorageError';
}

/** Said by the operating system, not about what stands in a file. */
export function isDiskError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

/**
 * The disk is full, or the process has no file handle left: nothing is broken, and it may pass. What failed is done again later;
 * the directory stays online.
 */
export function isShortage(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EMFILE' || code === 'ENFILE';
}

/** A checkpoint, snapshot or metadata file whose content cannot be. */
export class CorruptFileError extends Error {
  override name = 'CorruptFileError';
}

/** An index that does not fit its segment; it is rebuilt from the segment. */
export class CorruptIndexError extends Error {
  override name = 'CorruptIndexError';
}

/** A log has what this release does not read. Nothing is wrong with it, so nothing of it is touched. */
export class UnsupportedFormatError extends Error {
  override name = 'UnsupportedFormatError';
}

/** Another process, or another broker in this one, uses the log directory. */
export class LogDirectoryLockedError extends Error {
  override name = 'LogDirectoryLockedError';
}
