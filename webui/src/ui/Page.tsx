import type { ReactNode } from 'react';
import c from './ui.module.css';

/** Title, one sentence about the page, and what belongs beside them. */
export function PageHeader({ title, lead, aside }: { title: string; lead?: ReactNode; aside?: ReactNode }) {
  return (
    <header className={c.pageHead}>
      <div className={c.pageWords}>
        <h1 className={c.pageTitle}>{title}</h1>
        {lead && <p className={c.lead}>{lead}</p>}
      </div>
      {aside}
    </header>
  );
}

/** A bordered surface with a title. */
export function Card({
  title,
  sub,
  aside,
  children,
  flush,
}: {
  title: string;
  sub?: ReactNode;
  aside?: ReactNode;
  children?: ReactNode;
  /** The content brings its own padding, as rows that reach the edges do. */
  flush?: boolean;
}) {
  return (
    <section className={c.card}>
      <header className={c.cardHead}>
        <div>
          <h2 className={c.cardTitle}>{title}</h2>
          {sub && <p className={c.cardSub}>{sub}</p>}
        </div>
        {aside}
      </header>
      <div className={flush ? c.cardFlush : c.cardBody}>{children}</div>
    </section>
  );
}

/** Names and values, one pair a line. */
export function Facts({ rows }: { rows: { name: string; value: ReactNode; note?: ReactNode }[] }) {
  return (
    <dl className={c.facts}>
      {rows.map((row) => (
        <div key={row.name}>
          <dt>{row.name}</dt>
          <dd>
            {row.value}
            {row.note && <span className={c.factNote}>{row.note}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** A short technical word: a dialect, an alias, a group. */
export function Chip({ children, mono, title }: { children: ReactNode; mono?: boolean; title?: string }) {
  return (
    <span className={mono ? `${c.chip} mono` : c.chip} title={title}>
      {children}
    </span>
  );
}

/** A soft label beside a name. */
export function Tag({ children, quiet }: { children: ReactNode; quiet?: boolean }) {
  return (
    <span className={c.tag} data-quiet={quiet}>
      {children}
    </span>
  );
}
