import { useI18n } from '@/i18n';
import type { Change } from '@/ui/Changes';
import type { Draft } from './draft';

/** In what two drafts of a key differ, in the words of its form. */
export function useDifferences() {
  const { t, list, int, usd, dateTime } = useI18n();
  const words = (all: string[]) => (all.length > 0 ? list(all) : '–');
  const limit = (n: number | string) => (Number(n) > 0 ? int(Number(n)) : t('keys.noLimit'));
  const yes = (on: boolean) => t(on ? 'policy.yes' : 'policy.no');
  const periods: Record<string, string> = { day: t('keys.day'), week: t('keys.week'), month: t('keys.month') };
  const rows = (d: Draft) => [
    { name: t('keys.groups'), value: words(d.groups) },
    { name: t('keys.owner'), value: d.owner || '–' },
    { name: t('keys.tags'), value: words(d.tags) },
    { name: t('keys.expires'), value: d.expireTime ? dateTime(new Date(d.expireTime).getTime()) : t('keys.never') },
    { name: t('keys.requests'), value: limit(d.limits.requestsPerMinute) },
    { name: t('keys.tokens'), value: limit(d.limits.tokensPerMinute) },
    { name: t('keys.concurrency'), value: limit(d.limits.concurrency) },
    {
      name: t('keys.budget'),
      value: d.budget.amount
        ? `${usd(d.budget.amount)} · ${periods[d.budget.period] ?? d.budget.period}`
        : t('keys.noBudget'),
    },
    { name: t('keys.ips'), value: words(d.allowedIps) },
    { name: t('keys.requestOptions'), value: yes(d.requestOptions) },
    { name: t('keys.debug'), value: yes(d.debug) },
  ];
  return (a: Draft, b: Draft): Change[] => {
    const after = rows(b);
    return rows(a)
      .map((row, i) => ({ name: row.name, before: row.value, after: after[i]?.value }))
      .filter((change) => change.before !== change.after);
  };
}
