/** Room kept free above and below the line, in px. */
const EDGE = 3;

/** The course of a figure, without axes: it only says up, down or steady. Gaps are left out. */
export function Sparkline({
  values,
  color = 'var(--c1)',
  height = 30,
}: {
  values: readonly (number | undefined)[];
  color?: string;
  height?: number;
}) {
  const known = values.flatMap((value, i) => (value === undefined ? [] : [{ value, i }]));
  if (known.length < 2) return <svg height={height} width="100%" aria-hidden />;
  const all = known.map((k) => k.value);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const width = values.length - 1;
  // A figure that never changes runs along the middle.
  const y = (value: number) =>
    high === low ? height / 2 : height - EDGE - ((value - low) / (high - low)) * (height - 2 * EDGE);
  const line = known.map(({ value, i }, n) => `${n === 0 ? 'M' : 'L'}${i} ${y(value).toFixed(2)}`).join('');
  const [first, last] = [known[0]?.i ?? 0, known.at(-1)?.i ?? width];
  return (
    <svg viewBox={`0 0 ${width} ${height}`} width="100%" height={height} preserveAspectRatio="none" aria-hidden>
      <path d={`${line}L${last} ${height}L${first} ${height}Z`} fill={color} opacity={0.1} />
      <path
        d={line}
        fill="none"
        stroke={color}
        strokeWidth={1.5}
        strokeLinejoin="round"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  );
}
