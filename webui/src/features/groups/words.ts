import { CandidateRole, LeftOutReason } from '@/gen/trunkline/admin/v1/group_pb';
import type { PlainKey } from '@/i18n';

/** What part a candidate has: a word for it, and a sentence. */
export const roleWords: Partial<Record<CandidateRole, { tag: PlainKey; how: PlainKey; isFirst: boolean }>> = {
  [CandidateRole.SERVING]: { tag: 'groups.role.serving', how: 'groups.role.servingHow', isFirst: true },
  [CandidateRole.NEXT]: { tag: 'groups.role.next', how: 'groups.role.nextHow', isFirst: false },
  [CandidateRole.STANDBY]: { tag: 'groups.role.standby', how: 'groups.role.standbyHow', isFirst: false },
  [CandidateRole.LAST_RESORT]: { tag: 'groups.role.lastResort', how: 'groups.role.lastResortHow', isFirst: false },
  [CandidateRole.PROBING]: { tag: 'groups.role.probing', how: 'groups.role.probingHow', isFirst: false },
};

/** Why no call tries a member. */
export const leftOutWords: Partial<Record<LeftOutReason, PlainKey>> = {
  [LeftOutReason.GROUP_DISABLED]: 'groups.left.group',
  [LeftOutReason.MEMBER_DISABLED]: 'groups.left.member',
  [LeftOutReason.PROVIDER_MISSING]: 'groups.left.missing',
  [LeftOutReason.PROVIDER_DISABLED]: 'groups.left.provider',
  [LeftOutReason.MODEL_DISABLED]: 'groups.left.model',
  [LeftOutReason.API_MISSING]: 'groups.left.api',
  [LeftOutReason.NOT_TRANSLATABLE]: 'groups.left.untranslatable',
};
