import type { Duration } from '@bufbuild/protobuf/wkt';
import type { FailoverPolicy } from '@/gen/trunkline/admin/v1/settings_pb';
import { toMs } from './duration';

/** The part of a failover policy that a group's page shows; times in ms. */
export type PolicyView = {
  threshold: number;
  window: number;
  cooldown: number;
  cooldownMax: number;
  firstToken: number;
  attempts: number;
};

/** What holds where neither the group nor the settings say anything; the same as in settings.proto. */
const DEFAULTS: PolicyView = {
  threshold: 5,
  window: 60_000,
  cooldown: 30_000,
  cooldownMax: 300_000,
  firstToken: 60_000,
  attempts: 5,
};

/** What holds for a group, and which of it the group says itself. */
export function effectivePolicy(
  group: FailoverPolicy | undefined,
  settings: FailoverPolicy | undefined,
): { policy: PolicyView; own: Set<keyof PolicyView> } {
  const own = said(group);
  return {
    policy: { ...DEFAULTS, ...said(settings), ...own },
    own: new Set(Object.keys(own) as (keyof PolicyView)[]),
  };
}

function said(p: FailoverPolicy | undefined): Partial<PolicyView> {
  const all: { [K in keyof PolicyView]: number | undefined } = {
    threshold: p?.failureThreshold,
    window: ms(p?.failureWindow),
    cooldown: ms(p?.cooldown),
    cooldownMax: ms(p?.cooldownMax),
    firstToken: ms(p?.firstTokenTimeout),
    attempts: p?.maxAttempts,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

const ms = (d: Duration | undefined) => (d ? toMs(d) : undefined);
