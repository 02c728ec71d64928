import type { Settings } from '@/gen/trunkline/admin/v1/settings_pb';
import { type PolicyDraft, policyDraft, policyMessage } from '@/ui/policy/policy';

/** The failover policy as the form has it, by the API's own path. */
export type Draft = { failover: PolicyDraft };

export const draftOf = (s: Settings): Draft => ({ failover: policyDraft(s.failover) });
export const messageOf = (d: Draft) => ({ failover: policyMessage(d.failover) });
