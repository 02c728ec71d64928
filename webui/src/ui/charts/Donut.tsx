import { Link } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { useI18n } from '@/i18n';
import c from './charts.module.css';
import type { Slice } from './types';

const Drawing = lazy(() => import('./DonutDrawing').then((m) => ({ default: m.DonutDrawing })));

/** Shares of a whole: the total in the hole, and beside it the table that says the same in words. */
export function Donut({
  label,
  slices,
  total,
  totalLabel,
  nameTitle,
  shareTitle,
  columns = [],
  size = 164,
}: {
  label: string;
  slices: readonly Slice[];
  /** As it stands in the hole. */
  total: string;
  totalLabel: string;
  /** Head of the first column, read out only. */
  nameTitle: string;
  shareTitle: string;
  /** Heads of the cells, read out only. */
  columns?: readonly string[];
  size?: number;
}) {
  const { part } = useI18n();
  const sum = slices.reduce((all, slice) => all + slice.value, 0);
  return (
    <div className={c.donutBox}>
      <div className={c.donut}>
        <div className={c.ring} style={{ width: size, height: size }}>
          <Suspense>
            <Drawing slices={slices} size={size} />
          </Suspense>
          <div className={c.hole}>
            <b className="num">{total}</b>
            <span>{totalLabel}</span>
          </div>
        </div>
        <table className={c.slices} aria-label={label}>
          <thead className="visually-hidden">
            <tr>
              {[nameTitle, shareTitle, ...columns].map((title) => (
                <th key={title} scope="col">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {slices.map((slice) => (
              <tr key={slice.key}>
                <th scope="row" title={slice.label}>
                  <i className={c.swatch} style={{ background: slice.color }} />
                  {slice.link ? <Link {...slice.link}>{slice.label}</Link> : <span>{slice.label}</span>}
                </th>
                <td className="num">
                  <b>{part(sum > 0 ? slice.value / sum : 0)}</b>
                </td>
                {slice.cells?.map((cell, i) => (
                  <td key={columns[i] ?? i} className="num">
                    {cell}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
