import type { PlainKey } from '@/i18n';

/** The periods of a budget, as the API names them. */
export const periodWords: Record<string, PlainKey> = {
  day: 'keys.perDay',
  week: 'keys.perWeek',
  month: 'keys.perMonth',
};
