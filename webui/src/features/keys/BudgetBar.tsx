import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { ApiKey } from '@/gen/trunkline/admin/v1/key_pb';
import { useI18n } from '@/i18n';
import { Progress } from '@/ui/Progress';
import { periodWords } from '@/ui/period';
import c from './keys.module.css';

/** What a key has spent of its budget, and when that begins again. */
export function BudgetBar({ apiKey, short }: { apiKey: ApiKey; short?: boolean }) {
  const { t, usdShort, usd, dateTime } = useI18n();
  const { budget, usage } = apiKey;
  if (!budget?.amount) return <span className={c.quiet}>{t('keys.noBudget')}</span>;
  const spent = Number(usage?.spent || 0);
  const amount = Number(budget.amount);
  const share = amount > 0 ? spent / amount : 1;
  const tone = share >= 1 ? 'bad' : share >= 0.8 ? 'warn' : 'accent';
  const words = t('keys.spentOf', {
    spent: usage ? usdShort(usage.spent || '0') : '–',
    amount: short ? usdShort(budget.amount) : usd(budget.amount),
    period: t(periodWords[budget.period] ?? 'keys.perMonth'),
  });
  return (
    <span className={c.budget}>
      <span className="num">{words}</span>
      <Progress label={words} share={share} tone={tone} />
      {!short && usage?.budgetResetTime && (
        <small>{t('keys.resets', { time: dateTime(timestampMs(usage.budgetResetTime)) })}</small>
      )}
    </span>
  );
}
