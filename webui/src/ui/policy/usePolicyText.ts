import { useI18n } from '@/i18n';
import type { Change } from '../Changes';
import {
  CHOICES,
  COUNTS,
  choiceWords,
  isChoice,
  type PolicyDraft,
  type PolicyField,
  policyWords,
  SWITCHES,
  TIMES,
} from './policy';

/** Says what a policy sets, field by field, in the words of the language. */
export function usePolicyText() {
  const { t, int, setting, percent } = useI18n();
  const value = (field: PolicyField, draft: PolicyDraft): string | undefined => {
    const v = draft[field];
    if (v === undefined || v === '') return undefined;
    if (typeof v === 'boolean') return t(v ? 'policy.yes' : 'policy.no');
    if (typeof v === 'string') {
      const word = isChoice(field) ? choiceWords[field][v] : undefined;
      return word ? t(word) : v;
    }
    if (field === 'minRatio') return percent(v / 100, 2);
    return (TIMES as readonly string[]).includes(field) ? setting(v) : int(v);
  };
  const changes = (before: PolicyDraft, after: PolicyDraft): Change[] =>
    FIELDS.filter((field) => before[field] !== after[field]).map((field) => ({
      name: t(policyWords[field].label),
      before: value(field, before) ?? t('policy.inherited'),
      after: value(field, after) ?? t('policy.inherited'),
    }));
  return { value, changes };
}

const FIELDS: readonly PolicyField[] = [...COUNTS, 'minRatio', ...TIMES, ...SWITCHES, ...CHOICES];
