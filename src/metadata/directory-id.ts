/** Directory ids (KIP-858): the random id of a log directory, or one of a few with a meaning of their own. */
import { ONE_UUID, type Uuid, ZERO_UUID } from '../base/uuid.ts';

/** The replica's broker has not said yet where it lies. */
export const UNASSIGNED_DIRECTORY: Uuid = ZERO_UUID;
/** The replica lay in a directory that is gone. */
export const LOST_DIRECTORY: Uuid = ONE_UUID;
/** From before directories were known. */
export const MIGRATING_DIRECTORY: Uuid = 'AAAAAAAAAAAAAAAAAAAAAg';

/** Whether a replica in `directory` can be served by a broker that registered `onlineDirectories`. */
export function isOnlineDirectory(directory: Uuid, onlineDirectories: readonly Uuid[]): boolean {
  if (directory === UNASSIGNED_DIRECTORY || directory === MIGRATING_DIRECTORY) return true;
  if (directory === LOST_DIRECTORY) return false;
  // A broker of before metadata.version 3.7-IV2 registers no directories.
  return onlineDirectories.length === 0 || onlineDirectories.includes(directory);
}
