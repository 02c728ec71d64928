import { CandidateRole } from '@/gen/trunkline/admin/v1/group_pb';
import type { I18n, PlainKey } from '@/i18n';

/** What part a candidate has: a word for it, and a sentence. */
export const roleWords: Partial<Record<CandidateRole, { tag: PlainKey; how: PlainKey; isFirst: boolean }>> = {
  [CandidateRole.SERVING]: { tag: 'groups.role.serving', how: 'groups.role.servingHow', isFirst: true },
  [CandidateRole.NEXT]: { tag: 'groups.role.next', how: 'groups.role.nextHow', isFirst: false },
  [CandidateRole.STANDBY]: { tag: 'groups.role.standby', how: 'groups.role.standbyHow', isFirst: false },
  [CandidateRole.LAST_RESORT]: { tag: 'groups.role.lastResort', how: 'groups.role.lastResortHow', isFirst: false },
  [CandidateRole.PROBING]: { tag: 'groups.role.probing', how: 'groups.role.probingHow', isFirst: false },
};

/** The control plane's words for why no call tries a member, in the person's language; unknown ones as they are. */
const LEFT_OUT: Record<string, PlainKey> = {
  'the group is disabled': 'groups.left.group',
  'the member is disabled': 'groups.left.member',
  'the provider does not exist': 'groups.left.missing',
  'the provider is disabled': 'groups.left.provider',
};
export const leftOutWord = (reason: string, t: I18n['t']) => {
  const key = LEFT_OUT[reason];
  return key ? t(key) : reason;
};

/** The outcome in a reason such as "credential main: rate_limited". */
export const outcomeOf = (reason: string) => reason.split(/[:\s]+/).at(-1) ?? '';
