/**
 * Puts a cleaned segment in the place of those that it replaces, so that a crash at any moment leaves either all of the old
 * ones or what recovery makes the new one of (log-loader.ts):
 *
 *     x.log.cleaned                    written and synced; a crash: it is removed, the old segments are whole
 *     x.log.swap                       renamed, the directory synced; a crash: the swap is finished
 *     old.log.deleted ...              the old segments make way
 *     x.log                            in its place
 *
 * The log file is the last to become `.swap`, and the last to lose it: without it the indexes say nothing.
 */
import type { FileSystem } from '../io/file-system.ts';
import {
  CLEANED_SUFFIX,
  INDEX_SUFFIX,
  LOG_SUFFIX,
  SWAP_SUFFIX,
  segmentFileName,
  TIME_INDEX_SUFFIX,
  TRANSACTION_INDEX_SUFFIX,
} from './log-files.ts';
import type { LogSegment } from './log-segment.ts';

const LOG_FILE_LAST = [INDEX_SUFFIX, TIME_INDEX_SUFFIX, TRANSACTION_INDEX_SUFFIX, LOG_SUFFIX] as const;

/** Gives the paths of the old files, which are `.deleted` now. */
export function swapCleanedSegment(options: {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly baseOffset: number;
  readonly replaced: readonly LogSegment[];
  readonly syncDirectory: () => void;
}): string[] {
  const { fileSystem, directory, baseOffset, replaced, syncDirectory } = options;
  const paths = LOG_FILE_LAST.map((suffix) => `${directory}/${segmentFileName(baseOffset, suffix)}`);
  const renameAll = (from: string, to: string) => {
    for (const path of paths) if (fileSystem.exists(path + from)) fileSystem.rename(path + from, path + to);
  };
  renameAll(CLEANED_SUFFIX, SWAP_SUFFIX);
  syncDirectory();
  const deleted = replaced.flatMap((segment) => segment.renameToDeleted());
  renameAll(SWAP_SUFFIX, '');
  return deleted;
}
