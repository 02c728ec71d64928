import { Button } from '@mantine/core';
import { ArrowLeft, SearchX } from 'lucide-react';
import type { ReactNode } from 'react';
import { useI18n } from '@/i18n';
import { FilterBox } from './FilterBox';
import c from './masterDetail.module.css';

/**
 * A list of names beside what is behind the chosen one. On narrow screens it is one or the
 * other, with a way back. The choice lives in the URL, so it belongs to the page.
 */
export function MasterDetail<T extends { name: string }>({
  items,
  more,
  chosen,
  filter,
  onFilter,
  filterLabel,
  backLabel,
  listLabel,
  renderLink,
  children,
}: {
  /** What the filter left over. */
  items: readonly T[];
  /** How many more there are, and how to get some of them. */
  more: { left: number; busy: boolean; onMore: () => void };
  /** Name in the URL; undefined when none is, and then wide screens show the first. */
  chosen: string | undefined;
  filter: string;
  onFilter: (value: string) => void;
  filterLabel: string;
  backLabel: (content: ReactNode, className: string | undefined) => ReactNode;
  listLabel: string;
  renderLink: (item: T, className: string | undefined, current: boolean) => ReactNode;
  children: ReactNode;
}) {
  const { t, int } = useI18n();
  const current = chosen ?? items[0]?.name;
  return (
    <div className={c.layout} data-chosen={chosen !== undefined}>
      <section className={c.list} aria-label={listLabel}>
        <FilterBox value={filter} onChange={onFilter} label={filterLabel} />
        {items.length === 0 && (
          <p className={c.none}>
            <SearchX size={16} aria-hidden />
            {t('list.noMatch')}
          </p>
        )}
        <ul className={c.items}>
          {items.map((item) => (
            <li key={item.name}>{renderLink(item, c.item, item.name === current)}</li>
          ))}
        </ul>
        {more.left > 0 && (
          <Button variant="default" fullWidth loading={more.busy} onClick={more.onMore}>
            {t('list.more', { n: int(more.left) })}
          </Button>
        )}
      </section>
      <div className={c.detail}>
        {backLabel(<ArrowLeft size={15} aria-hidden />, c.back)}
        {children}
      </div>
    </div>
  );
}
