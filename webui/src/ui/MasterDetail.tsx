import { Button } from '@mantine/core';
import { ArrowLeft, SearchX } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { useI18n } from '@/i18n';
import { FilterBox } from './FilterBox';
import c from './masterDetail.module.css';

/** Rows put on the page at once; more come when asked for. */
const STEP = 200;

/**
 * A list of names beside what is behind the chosen one. On narrow screens it is one or the
 * other, with a way back. The choice lives in the URL, so it belongs to the page.
 */
export function MasterDetail<T extends { name: string }>({
  items,
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
  items: T[];
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
  const [shown, setShown] = useState(STEP);
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
          {items.slice(0, shown).map((item) => (
            <li key={item.name}>{renderLink(item, c.item, item.name === current)}</li>
          ))}
        </ul>
        {items.length > shown && (
          <Button variant="default" fullWidth onClick={() => setShown(shown + STEP)}>
            {t('list.more', { n: int(items.length - shown) })}
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
