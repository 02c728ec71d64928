import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { ApiKey } from '@/gen/trunkline/admin/v1/key_pb';

export type KeyStatus = 'active' | 'expiring' | 'expired' | 'disabled';

const WEEK = 7 * 86_400_000;

/** Whether a key works at this moment, and whether it will stop within a week. */
export function keyStatus(key: ApiKey, now: number): KeyStatus {
  if (key.enabled === false) return 'disabled';
  if (!key.expireTime) return 'active';
  const left = timestampMs(key.expireTime) - now;
  if (left <= 0) return 'expired';
  return left <= WEEK ? 'expiring' : 'active';
}

/** What is known of the key itself: its beginning and its end. */
export const showKey = (key: ApiKey) => `${key.prefix}…${key.lastFour}`;
