import type { ReactNode } from 'react';

export type Column<T> = {
  id: string;
  title: string;
  /** The head is only read out: for a column of buttons. */
  hideTitle?: boolean;
  /** Shown instead of the title where the head needs an explanation: unit, period. */
  hint?: string;
  cell: (row: T) => ReactNode;
  align?: 'right';
  /** Name that the server sorts by; without one the column cannot be sorted. */
  sort?: string;
  /** The first click sorts downwards, as one wants it of figures. */
  descFirst?: boolean;
  /** Not shown until someone asks for it. */
  optional?: boolean;
  /** On narrow screens: left out, across the whole card, or without its title beside the first column. */
  phone?: 'hide' | 'wide' | 'corner';
  /** On narrow screens the value says itself what it is. */
  bare?: boolean;
};
