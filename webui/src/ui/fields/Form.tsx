import type { ReactNode } from 'react';
import c from './fields.module.css';

/** Fields one under the other. */
export function Fields({ children }: { children: ReactNode }) {
  return <div className={c.fields}>{children}</div>;
}

/** Fields side by side where there is room. */
export function FieldRow({ children }: { children: ReactNode }) {
  return <div className={c.row}>{children}</div>;
}

/** Fields that belong together, under a heading; the less usual ones may be folded away. */
export function FieldPart({
  title,
  sub,
  folded,
  children,
}: {
  title: string;
  sub?: ReactNode;
  folded?: boolean;
  children: ReactNode;
}) {
  if (folded === undefined) {
    return (
      <fieldset className={c.part}>
        <legend>{title}</legend>
        {sub && <p>{sub}</p>}
        <div className={c.fields}>{children}</div>
      </fieldset>
    );
  }
  return (
    <details className={c.part} open={!folded}>
      <summary>{title}</summary>
      {sub && <p>{sub}</p>}
      <div className={c.fields}>{children}</div>
    </details>
  );
}
