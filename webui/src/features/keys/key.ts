import { timestampMs } from '@bufbuild/protobuf/wkt';
import { CircleCheck, CirclePause, CircleX, ClockAlert, type LucideIcon } from 'lucide-react';
import { type ApiKey, ApiKeyState } from '@/gen/trunkline/admin/v1/key_pb';
import type { PlainKey } from '@/i18n';
import type { Tone } from '@/ui/outcome';
import type { StateName } from './search';

const WEEK = 7 * 86_400_000;

export const stateNumbers: Record<StateName, ApiKeyState> = {
  active: ApiKeyState.ACTIVE,
  disabled: ApiKeyState.DISABLED,
  expired: ApiKeyState.EXPIRED,
  revoked: ApiKeyState.REVOKED,
};

export type Look = { tone: Tone; word: PlainKey; Icon: LucideIcon };

const looks: Record<ApiKeyState, Look> = {
  [ApiKeyState.UNSPECIFIED]: { tone: 'mute', word: 'keys.disabled', Icon: CirclePause },
  [ApiKeyState.ACTIVE]: { tone: 'ok', word: 'keys.active', Icon: CircleCheck },
  [ApiKeyState.DISABLED]: { tone: 'mute', word: 'keys.disabled', Icon: CirclePause },
  [ApiKeyState.EXPIRED]: { tone: 'bad', word: 'keys.expired', Icon: ClockAlert },
  [ApiKeyState.REVOKED]: { tone: 'bad', word: 'keys.revoked', Icon: CircleX },
};
const expiring: Look = { tone: 'warn', word: 'keys.expiring', Icon: ClockAlert };

/** How a key stands; one that works but ends within a week says so. */
export function lookOf(key: ApiKey, now: number): Look {
  const soon = key.state === ApiKeyState.ACTIVE && key.expireTime && timestampMs(key.expireTime) - now <= WEEK;
  return soon ? expiring : looks[key.state];
}

/** What is known of the key itself: its beginning and its end. */
export const showKey = (key: ApiKey) => `${key.prefix}…${key.lastFour}`;
