import { Link, type LinkOptions } from '@tanstack/react-router';
import { ArrowDownRight, ArrowRight, ArrowUpRight } from 'lucide-react';
import type { ReactNode } from 'react';
import { useI18n } from '@/i18n';
import c from './kpi.module.css';
import { Sparkline } from './Sparkline';

export type KpiProps = {
  label: string;
  value: ReactNode;
  /** Change against the time before, as a share: 0.12 is 12 % more. undefined when there was nothing before. */
  change?: number;
  /** The direction that is good news; without one a change has no colour. */
  better?: 'up' | 'down';
  /** Of which time it is, and what it is compared with: "24 h, against the 24 h before". */
  period: string;
  /** A second figure under it: "62% cached". */
  note?: ReactNode;
  trend?: readonly (number | undefined)[];
  color?: string;
  link?: LinkOptions;
};

/** The page's first figures, side by side. */
export function Kpis({ children }: { children: ReactNode }) {
  return <ul className={c.kpis}>{children}</ul>;
}

/** One figure with its change and its course; all of it leads to what is behind it. */
export function Kpi({ label, value, change, better, period, note, trend, color, link }: KpiProps) {
  const content = (
    <>
      <span className={c.label}>{label}</span>
      <b className={`${c.value} num`}>{value}</b>
      <span className={c.under}>
        {change !== undefined && <Delta change={change} better={better} />}
        {note && <span>{note}</span>}
        <span className="visually-hidden">{period}</span>
      </span>
      <span className={c.trend}>{trend && <Sparkline values={trend} color={color} />}</span>
    </>
  );
  return (
    <li className={c.kpi} title={period}>
      {link ? <Link {...link}>{content}</Link> : <div>{content}</div>}
    </li>
  );
}

/** A change that its text shows: less is written as 0 %. */
const SEEN = 0.0005;

function Delta({ change, better }: { change: number; better: KpiProps['better'] }) {
  const { change: text } = useI18n();
  const isSame = Math.abs(change) < SEEN;
  const Icon = isSame ? ArrowRight : change > 0 ? ArrowUpRight : ArrowDownRight;
  const isGood = change > 0 === (better === 'up');
  return (
    <span className={`${c.delta} num`} data-good={better && !isSame ? isGood : undefined}>
      <Icon size={13} aria-hidden />
      {text(isSame ? 0 : change)}
    </span>
  );
}
