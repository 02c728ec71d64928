import { Link, type LinkOptions } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useI18n } from '@/i18n';
import c from './charts.module.css';

/** Counts by name, largest first, each with its share and a bar that compares it with the largest. */
export function BarList({
  rows,
  color = 'var(--c1)',
}: {
  rows: readonly {
    key: string;
    label: ReactNode;
    value: number;
    text: string;
    /** What it is made of, under the name. */
    note?: ReactNode;
    color?: string;
    link?: LinkOptions;
  }[];
  color?: string;
}) {
  const { part } = useI18n();
  const sum = rows.reduce((all, row) => all + row.value, 0);
  const most = Math.max(0, ...rows.map((row) => row.value));
  return (
    <ul className={c.barList}>
      {rows.map((row) => (
        <li key={row.key}>
          <span className={c.barName}>{row.link ? <Link {...row.link}>{row.label}</Link> : row.label}</span>
          <b className="num">{row.text}</b>
          <span className={`${c.barShare} num`}>{part(sum > 0 ? row.value / sum : 0)}</span>
          <i aria-hidden>
            <i style={{ width: `${most > 0 ? (row.value / most) * 100 : 0}%`, background: row.color ?? color }} />
          </i>
          {row.note && <small className={c.barNote}>{row.note}</small>}
        </li>
      ))}
    </ul>
  );
}
