import type { LinkOptions } from '@tanstack/react-router';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import c from './charts.module.css';

export type Cell = { at: number; tone: 'ok' | 'warn' | 'bad' | 'none'; title: string; link?: LinkOptions };

/**
 * How something fared, a cell for each hour or so; the words are what a screen reader gets. The links are for the
 * pointer: they lead to parts of what a link beside the strip shows.
 */
export function HeatStrip({ label, cells }: { label: string; cells: readonly Cell[] }) {
  // A list has thousands of cells, and a link takes the browser many times as long as a mark: they are made for the pointer.
  const [isNear, setNear] = useState(false);
  return (
    <>
      <span className="visually-hidden">{label}</span>
      <span className={c.strip} aria-hidden onPointerEnter={() => setNear(true)}>
        {cells.map((cell) =>
          cell.link && isNear ? (
            <Link key={cell.at} {...cell.link} data-tone={cell.tone} title={cell.title} tabIndex={-1} />
          ) : (
            <i key={cell.at} data-tone={cell.tone} title={cell.title} />
          ),
        )}
      </span>
    </>
  );
}

/** The tone of a share of calls that went well; undefined when there was none. */
export function toneOf(share: number | undefined): Cell['tone'] {
  if (share === undefined) return 'none';
  return share >= 0.99 ? 'ok' : share >= 0.9 ? 'warn' : 'bad';
}
