import c from './charts.module.css';
import type { Series } from './types';

/** What the colours mean; stands at the title of the card. */
export function Legend({ series }: { series: readonly Series[] }) {
  return (
    <ul className={c.legend}>
      {series.map((s) => (
        <li key={s.key}>
          <i className={c.swatch} style={{ background: s.color }} />
          {s.label}
        </li>
      ))}
    </ul>
  );
}
