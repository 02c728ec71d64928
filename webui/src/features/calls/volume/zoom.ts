/** The shortest time that zooming in leads to: sums are kept per minute. */
export const SHORTEST = 2 * 60_000;
const LONGEST = 730 * 86_400_000;

type Span = { from: number; to: number };

/** The middle half of a time; all of it when it is short already. */
export function zoomIn({ from, to }: Span): Span {
  const quarter = (to - from) / 4;
  return to - from <= SHORTEST ? { from, to } : whole({ from: from + quarter, to: to - quarter });
}

/** Twice the time around it, up to now. */
export function zoomOut({ from, to }: Span, now: number): Span {
  const length = Math.min(2 * (to - from), LONGEST);
  const end = Math.min(to + (to - from) / 2, Math.max(now, to));
  return whole({ from: end - length, to: end });
}

/** The time before or after it, half of it kept in sight; never beyond now. */
export function shift({ from, to }: Span, direction: -1 | 1, now: number): Span {
  const by = Math.min((direction * (to - from)) / 2, Math.max(0, now - to));
  return whole({ from: from + by, to: to + by });
}

const whole = ({ from, to }: Span) => ({ from: Math.round(from), to: Math.round(to) });
