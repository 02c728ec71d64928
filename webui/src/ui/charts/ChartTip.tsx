import c from './charts.module.css';

/** The one card that explains a mark. */
export function ChartTip({
  title,
  rows,
}: {
  title: string;
  rows: readonly { key: string; label: string; value: string; color: string }[];
}) {
  return (
    <div className={c.tip}>
      <b>{title}</b>
      {rows.map((row) => (
        <div key={row.key}>
          <i className={c.swatch} style={{ background: row.color }} />
          <span>{row.label}</span>
          <span className="num">{row.value}</span>
        </div>
      ))}
    </div>
  );
}
