import type { UsageTotals } from '@/gen/trunkline/admin/v1/usage_pb';
import { useI18n } from '@/i18n';
import { Donut } from '@/ui/charts/Donut';
import { OTHER, OTHER_COLOR } from '@/ui/charts/palette';
import type { Slice } from '@/ui/charts/types';
import type { CallsLink } from '../links';
import { useModels } from '../queries';
import { num } from '../sums';
import { useModelColors } from '../useModelColors';
import { usePeriod } from '../usePeriod';
import type { View } from '../view';
import { ReadCard } from './ReadCard';

/** Which models answered: their share of the requests, how many, and what they cost. */
export function ModelsCard({ view, calls }: { view: View; calls: CallsLink }) {
  const query = useModels(view);
  const colorOf = useModelColors(view);
  const { t, count, compact, usdShort } = useI18n();
  const period = usePeriod();
  const slice = (label: string, totals: UsageTotals | undefined, rest: Partial<Slice>): Slice => ({
    key: label,
    label,
    value: num(totals?.calls),
    color: OTHER_COLOR,
    cells: [compact(num(totals?.calls)), usdShort(totals?.cost || 0)],
    ...rest,
  });
  return (
    <ReadCard
      title={t('dashboard.models.title')}
      sub={({ frame }) => t('dashboard.models.sub', { period: period(frame) })}
      query={query}
      height={232}
      isEmpty={(data) => data.rows.length === 0}
    >
      {({ data, frame }) => {
        const slices = data.rows.map(({ value, total }) =>
          value === ''
            ? slice(t('dashboard.models.none'), total, { link: calls(frame, { failed: true }) })
            : slice(value, total, { color: colorOf(value), link: calls(frame, { model: value }) }),
        );
        if (data.otherCount > 0)
          slices.push(
            slice(count('dashboard.models.other', data.otherCount), data.other, { key: OTHER, link: calls(frame) }),
          );
        const all = slices.reduce((sum, { value }) => sum + value, 0);
        return (
          <Donut
            label={`${t('dashboard.models.title')}, ${period(frame)}`}
            nameTitle={t('dashboard.models.model')}
            shareTitle={t('dashboard.models.share')}
            columns={[t('dashboard.kpi.requests'), t('dashboard.kpi.cost')]}
            slices={slices}
            total={compact(all)}
            totalLabel={t('dashboard.models.requests')}
            size={152}
          />
        );
      }}
    </ReadCard>
  );
}
