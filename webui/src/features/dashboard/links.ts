import type { LinkOptions } from '@tanstack/react-router';
import type { CallSearch } from '@/api/callFilter';
import { endOf, type Frame, type View } from './view';

/** Leads to the calls behind a figure: those of its time and of the page's filters, narrowed further. */
export type CallsLink = (frame: Pick<Frame, 'from' | 'to'>, more?: CallSearch) => LinkOptions;

export const callsLink =
  ({ group, key }: View): CallsLink =>
  ({ from, to }, more) => ({
    to: '/calls',
    search: { from, to, group: group || undefined, key: key || undefined, ...more },
  });

/** The time of one bucket; the first and the last may be cut by the frame. */
export const bucketOf = (at: number, frame: Frame) => ({ from: Math.max(at, frame.from), to: endOf(at, frame) });
