import { type Outcome, type OutcomeClass, outcomes } from '@/gen/outcomes';
import type { PlainKey } from '@/i18n';

/** Every outcome a call may have, in the order of the gateway's own table. */
export const OUTCOMES = Object.keys(outcomes) as Outcome[];

/** Whether it is an outcome that this console knows; a newer node may know others. */
export const isOutcome = (outcome: string): outcome is Outcome => Object.hasOwn(outcomes, outcome);

/** The words for an outcome. */
export const outcomeKey = (outcome: string): PlainKey =>
  isOutcome(outcome) ? outcomes[outcome].label : 'outcome.other';

/** Whether time alone does not heal what it says: someone has to look. */
export const outcomeNeedsHelp = (outcome: string) => isOutcome(outcome) && outcomes[outcome].needsHelp;

/**
 * Why an attempt ended, beyond its outcome: in the words of the provider, or of the gateway where it knows more. The name
 * of a failure keyword is left out, for it is shown in words of the language.
 */
export function reasonOf({ reason, keyword }: { reason: string; keyword: string }): string {
  const named = `failure keyword ${keyword}`;
  if (reason === named) return '';
  return reason.startsWith(`${named}: `) ? reason.slice(named.length + 2) : reason;
}

export type Tone = 'ok' | 'warn' | 'bad' | 'mute';

/** Red is for what the gateway or a provider failed at; what a caller caused is amber. */
const tones: Record<OutcomeClass, Tone> = {
  ok: 'ok',
  provider: 'bad',
  target: 'bad',
  credential: 'bad',
  gateway: 'bad',
  caller: 'warn',
  neutral: 'mute',
};

export const outcomeTone = (outcome: string): Tone => (isOutcome(outcome) ? tones[outcomes[outcome].class] : 'bad');
