import type { Series } from './types';

/** Colours in the order in which they are given out. The last is for everything else. */
export const PALETTE = ['var(--c1)', 'var(--c2)', 'var(--c3)', 'var(--c4)', 'var(--c5)', 'var(--c6)'] as const;
export const OTHER_COLOR = 'var(--c-other)';

/** Key of the series that sums up what has none of its own. */
export const OTHER = '__other';

/**
 * Gives each name the colour of its rank, once for the whole page: a model keeps its colour on
 * every chart. Names beyond the palette share the colour of the rest.
 */
export function colorsByRank(names: readonly string[]): (name: string) => string {
  const colors = new Map(names.slice(0, PALETTE.length).map((name, i) => [name, PALETTE[i] ?? OTHER_COLOR]));
  return (name) => colors.get(name) ?? OTHER_COLOR;
}

/** p50, p95 and p99, the same colours wherever times are shown. */
export const PERCENTILES: readonly Series[] = [
  { key: 'p50', label: 'p50', color: 'var(--c2)' },
  { key: 'p95', label: 'p95', color: 'var(--c1)' },
  { key: 'p99', label: 'p99', color: 'var(--c4)' },
];
