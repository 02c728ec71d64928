import { Link } from '@tanstack/react-router';
import { outcomes } from '@/gen/outcomes';
import type { AttemptRow } from '@/gen/trunkline/admin/v1/usage_pb';
import { useI18n } from '@/i18n';
import { BarList } from '@/ui/charts/BarList';
import { outcomeKey } from '@/ui/outcome';
import c from '../dashboard.module.css';
import type { CallsLink } from '../links';
import { useReasons } from '../queries';
import { num } from '../sums';
import { usePeriod } from '../usePeriod';
import type { View } from '../view';
import { ReadCard } from './ReadCard';

/** Reasons shown, and providers named under each. */
const MOST = 5;
const NAMED = 2;

/** What went wrong with the attempts after which another target was asked, and on which providers. */
export function ReasonsCard({ view, calls, note }: { view: View; calls: CallsLink; note: string | undefined }) {
  const query = useReasons(view);
  const { t, compact } = useI18n();
  const period = usePeriod();
  return (
    <ReadCard
      title={t('dashboard.reasons.title')}
      sub={({ frame }) => [t('dashboard.reasons.sub', { period: period(frame) }), note].filter(Boolean).join(' · ')}
      query={query}
      height={252}
      isEmpty={(data) => data.rows.length === 0}
    >
      {({ data, frame }) => {
        const rows = data.rows.filter(isReason).slice(0, MOST);
        if (rows.length === 0) return <p className={c.nothing}>{t('dashboard.reasons.none')}</p>;
        return (
          <BarList
            rows={rows.map((row) => ({
              key: row.value,
              label: t(outcomeKey(row.value)),
              value: num(row.total?.attempts),
              text: compact(num(row.total?.attempts)),
              link: calls(frame, { attemptOutcome: row.value }),
              note: row.parts.slice(0, NAMED).map(({ value: provider }, i) => (
                <span key={provider}>
                  {i > 0 && ' · '}
                  <Link {...calls(frame, { attemptOutcome: row.value, provider })}>{provider}</Link>
                </span>
              )),
            }))}
          />
        );
      }}
    </ReadCard>
  );
}

/** What the caller did, or nobody, leads to no failover. */
function isReason({ value }: AttemptRow): boolean {
  const known = Object.hasOwn(outcomes, value) ? outcomes[value as keyof typeof outcomes].class : 'provider';
  return known !== 'ok' && known !== 'caller' && known !== 'neutral';
}
