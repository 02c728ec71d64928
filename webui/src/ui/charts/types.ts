import type { LinkOptions } from '@tanstack/react-router';
import type { ReactNode } from 'react';

export type Series = { key: string; label: string; color: string };

/** One bucket: when it begins in ms, and a number for each series; a missing one is a gap. */
export type Point = { at: number } & { [series: string]: number | undefined };

/** Where a mark leads: the calls behind it. Without a series, all of a bucket. */
export type MarkLink = (at: number, series?: string) => LinkOptions | undefined;

export type TimeChartProps = {
  /** What the chart shows and of which time, for those who cannot see it. */
  label: string;
  kind: 'bars' | 'areas' | 'lines';
  points: readonly Point[];
  series: readonly Series[];
  /** Length of a bucket in ms: it decides how times are written. */
  step: number;
  height?: number;
  /** Exact, for tooltip and table. */
  format: (value: number) => string;
  /** Short, for the axis. */
  formatAxis?: (value: number) => string;
  link?: MarkLink;
  /** Dragging across the chart chooses a time. */
  onZoom?: (from: number, to: number) => void;
  /** Top of the axis when the data does not decide, such as 1 for shares. */
  max?: number;
};

/** A part of a whole. */
export type Slice = {
  key: string;
  label: string;
  value: number;
  color: string;
  /** More figures of the slice, one for each of the columns. */
  cells?: readonly ReactNode[];
  link?: LinkOptions;
};
