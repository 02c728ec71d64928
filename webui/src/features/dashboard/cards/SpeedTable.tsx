import { Link, type LinkOptions } from '@tanstack/react-router';
import type { CallSearch } from '@/api/callFilter';
import type { AttemptRow, AttemptTotals } from '@/gen/trunkline/admin/v1/usage_pb';
import { useI18n } from '@/i18n';
import c from '../dashboard.module.css';
import { msOf } from '../sums';

/** Models shown under a provider: those with the most attempts. */
const PARTS = 3;

type Row = { value: string; total: AttemptTotals | undefined; color: string | undefined; parts: AttemptRow[] };

/** Mean and percentiles of each provider and its models, or of each model. */
export function SpeedTable({
  label,
  by,
  isFirst,
  rows,
  link,
}: {
  label: string;
  by: 'provider' | 'model';
  isFirst: boolean;
  rows: readonly Row[];
  link: (search: CallSearch) => LinkOptions;
}) {
  const { t } = useI18n();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={c.scroll} tabIndex={0} aria-label={label}>
      <table className={c.figures}>
        <thead>
          <tr>
            <th scope="col">{by === 'provider' ? t('dashboard.col.providerModel') : t('dashboard.models.model')}</th>
            {!isFirst && <th scope="col">{t('dashboard.col.average')}</th>}
            <th scope="col">p50</th>
            <th scope="col">p95</th>
            <th scope="col">p99</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ value, total, color, parts }) => (
            <RowOf key={value} name={value} total={total} isFirst={isFirst} color={color} link={link({ [by]: value })}>
              {parts.slice(0, PARTS).map((part) => (
                <RowOf
                  key={part.value}
                  name={part.value}
                  total={part.total}
                  isFirst={isFirst}
                  isPart
                  link={link({ provider: value, model: part.value })}
                />
              ))}
            </RowOf>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function RowOf({
  name,
  total,
  isFirst,
  isPart = false,
  color,
  link,
  children,
}: {
  name: string;
  total: AttemptTotals | undefined;
  isFirst: boolean;
  isPart?: boolean;
  color?: string;
  link: LinkOptions;
  children?: React.ReactNode;
}) {
  const { duration } = useI18n();
  const times = isFirst ? total?.firstTokenLatency : total?.duration;
  const shown = [...(isFirst ? [] : [total?.averageDuration]), times?.p50, times?.p95, times?.p99];
  return (
    <>
      <tr data-part={isPart}>
        <th scope="row" title={name}>
          {color && <i style={{ background: color }} aria-hidden />}
          <Link {...link}>{name}</Link>
        </th>
        {shown.map((time, i) => {
          const ms = msOf(time);
          return (
            <td key={`${i}`} className="num">
              {ms === undefined ? '–' : duration(ms)}
            </td>
          );
        })}
      </tr>
      {children}
    </>
  );
}
