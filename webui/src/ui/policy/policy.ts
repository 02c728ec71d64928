import type { MessageInitShape } from '@bufbuild/protobuf';
import { type Duration, durationFromMs } from '@bufbuild/protobuf/wkt';
import { toMs } from '@/api/duration';
import type { FailoverPolicy, FailoverPolicySchema } from '@/gen/trunkline/admin/v1/settings_pb';
import type { PlainKey } from '@/i18n';

/** Fields of a failover policy by how they are written. */
export const COUNTS = ['failureThreshold', 'maxAttempts'] as const;
export const TIMES = [
  'failureWindow',
  'cooldown',
  'cooldownMax',
  'connectTimeout',
  'firstTokenTimeout',
  'firstTokenTimeoutMax',
  'responseTimeout',
  'attemptTimeout',
  'hedgeAfter',
  'streamIdleTimeout',
  'totalTimeout',
  'streamTotalTimeout',
  'keywordHold',
  'retryWait',
  'affinityHold',
] as const;
export const SWITCHES = ['failoverOnContentPolicy', 'streamKeepAlive', 'probeEarly', 'retrySameTarget'] as const;

type Count = (typeof COUNTS)[number];
type Time = (typeof TIMES)[number];
type Switch = (typeof SWITCHES)[number];
/** Fields with a word for each value. */
export const CHOICES = ['streamCommit', 'emptyAnswer', 'translation'] as const;
type Choice = (typeof CHOICES)[number];
export type PolicyField = Count | Time | Switch | Choice | 'minRatio';

/** A policy as a form has it: times in ms, the ratio in percent; what is undefined is inherited. */
export type PolicyDraft = { [F in Count | Time | 'minRatio']?: number } & { [F in Switch]?: boolean } & {
  [F in Choice]?: string;
};

export function policyDraft(p: FailoverPolicy | undefined): PolicyDraft {
  const draft: PolicyDraft = {};
  if (!p) return draft;
  for (const field of COUNTS) if (p[field] !== undefined) draft[field] = p[field];
  for (const field of SWITCHES) if (p[field] !== undefined) draft[field] = p[field];
  for (const field of TIMES) {
    const d: Duration | undefined = p[field];
    if (d) draft[field] = toMs(d);
  }
  if (p.minRatio !== undefined) draft.minRatio = Math.round(p.minRatio * 10_000) / 100;
  for (const field of CHOICES) if (p[field]) draft[field] = p[field];
  return draft;
}

/** What the API takes; undefined when nothing is set. */
export function policyMessage(draft: PolicyDraft): MessageInitShape<typeof FailoverPolicySchema> | undefined {
  const message: MessageInitShape<typeof FailoverPolicySchema> = {};
  for (const field of COUNTS) if (draft[field] !== undefined) message[field] = draft[field];
  for (const field of SWITCHES) if (draft[field] !== undefined) message[field] = draft[field];
  for (const field of TIMES) {
    const ms = draft[field];
    if (ms !== undefined) message[field] = durationFromMs(ms);
  }
  if (draft.minRatio !== undefined) message.minRatio = draft.minRatio / 100;
  for (const field of CHOICES) if (draft[field]) message[field] = draft[field];
  return Object.keys(message).length > 0 ? message : undefined;
}

export const policyWords: Record<PolicyField, { label: PlainKey; how: PlainKey }> = {
  failureThreshold: { label: 'policy.failureThreshold', how: 'policy.failureThresholdHow' },
  failureWindow: { label: 'policy.failureWindow', how: 'policy.failureWindowHow' },
  minRatio: { label: 'policy.minRatio', how: 'policy.minRatioHow' },
  cooldown: { label: 'policy.cooldown', how: 'policy.cooldownHow' },
  cooldownMax: { label: 'policy.cooldownMax', how: 'policy.cooldownMaxHow' },
  maxAttempts: { label: 'policy.maxAttempts', how: 'policy.maxAttemptsHow' },
  connectTimeout: { label: 'policy.connectTimeout', how: 'policy.connectTimeoutHow' },
  firstTokenTimeout: { label: 'policy.firstTokenTimeout', how: 'policy.firstTokenTimeoutHow' },
  firstTokenTimeoutMax: { label: 'policy.firstTokenTimeoutMax', how: 'policy.firstTokenTimeoutMaxHow' },
  responseTimeout: { label: 'policy.responseTimeout', how: 'policy.responseTimeoutHow' },
  attemptTimeout: { label: 'policy.attemptTimeout', how: 'policy.attemptTimeoutHow' },
  hedgeAfter: { label: 'policy.hedgeAfter', how: 'policy.hedgeAfterHow' },
  streamIdleTimeout: { label: 'policy.streamIdleTimeout', how: 'policy.streamIdleTimeoutHow' },
  totalTimeout: { label: 'policy.totalTimeout', how: 'policy.totalTimeoutHow' },
  streamTotalTimeout: { label: 'policy.streamTotalTimeout', how: 'policy.streamTotalTimeoutHow' },
  keywordHold: { label: 'policy.keywordHold', how: 'policy.keywordHoldHow' },
  failoverOnContentPolicy: { label: 'policy.failoverOnContentPolicy', how: 'policy.failoverOnContentPolicyHow' },
  streamKeepAlive: { label: 'policy.streamKeepAlive', how: 'policy.streamKeepAliveHow' },
  probeEarly: { label: 'policy.probeEarly', how: 'policy.probeEarlyHow' },
  retrySameTarget: { label: 'policy.retrySameTarget', how: 'policy.retrySameTargetHow' },
  retryWait: { label: 'policy.retryWait', how: 'policy.retryWaitHow' },
  affinityHold: { label: 'policy.affinityHold', how: 'policy.affinityHoldHow' },
  streamCommit: { label: 'policy.streamCommit', how: 'policy.streamCommitHow' },
  emptyAnswer: { label: 'policy.emptyAnswer', how: 'policy.emptyAnswerHow' },
  translation: { label: 'policy.translation', how: 'policy.translationHow' },
};

/** The words of the values of a choice. */
export const choiceWords: Record<Choice, Record<string, PlainKey>> = {
  streamCommit: { first_token: 'policy.commitFirstToken', complete: 'policy.commitComplete' },
  emptyAnswer: { pass: 'policy.emptyPass', move_on: 'policy.emptyMoveOn' },
  translation: {
    allow: 'policy.translationAllow',
    strict: 'policy.translationStrict',
    off: 'policy.translationOff',
  },
};

export const isChoice = (field: PolicyField): field is Choice => (CHOICES as readonly string[]).includes(field);
