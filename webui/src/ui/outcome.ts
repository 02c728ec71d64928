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
