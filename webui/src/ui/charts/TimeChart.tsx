import { useElementSize } from '@mantine/hooks';
import { Link } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { useI18n } from '@/i18n';
import c from './charts.module.css';
import type { TimeChartProps } from './types';
import { ViewToggle } from './ViewToggle';

// The drawing library is large: it comes when the first chart is shown.
const Drawing = lazy(() => import('./TimeDrawing').then((m) => ({ default: m.TimeDrawing })));

/** Bars, areas or lines over time. The same numbers are a table for those who want to read them. */
export function TimeChart(props: TimeChartProps) {
  const { label, height = 220 } = props;
  const { ref, width } = useElementSize();
  const [asTable, setAsTable] = useState(false);
  return (
    <figure className={c.figure} aria-label={label}>
      <ViewToggle asTable={asTable} onChange={setAsTable} label={label} />
      {asTable ? (
        <PointTable {...props} />
      ) : (
        <div className={c.drawing} ref={ref} style={{ height }}>
          <Suspense>{width > 0 && <Drawing {...props} width={width} height={height} />}</Suspense>
        </div>
      )}
    </figure>
  );
}

function PointTable({ label, points, series, step, format, link }: TimeChartProps) {
  const { t, bucketLong } = useI18n();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={c.tableBox} tabIndex={0} aria-label={label}>
      <table className={c.table}>
        <thead>
          <tr>
            <th scope="col">{t('chart.time')}</th>
            {series.map((s) => (
              <th key={s.key} scope="col">
                {s.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {points.map((point) => (
            <tr key={point.at}>
              <th scope="row">{bucketLong(point.at, step)}</th>
              {series.map((s) => {
                const value = point[s.key];
                const to = link?.(point.at, s.key);
                const text = value === undefined ? '–' : format(value);
                return (
                  <td key={s.key} className="num">
                    {to && value ? <Link {...to}>{text}</Link> : text}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
