import { Button } from '@mantine/core';
import { type MouseEvent, type ReactNode, useRef } from 'react';
import { useI18n } from '@/i18n';
import type { Order } from '../order';
import { ErrorState, SkeletonRows } from '../States';
import { ColumnPicker } from './ColumnPicker';
import type { Column } from './column';
import c from './dataTable.module.css';
import { HeadCell } from './HeadCell';
import { useColumns } from './useColumns';
import { useRowWindow } from './useRowWindow';

export type TableProps<T> = {
  /** What the table lists, for those who cannot see it. */
  label: string;
  columns: readonly Column<T>[];
  /** undefined while nothing was read yet. */
  rows: readonly T[] | undefined;
  rowKey: (row: T) => string;
  /**
   * Makes the whole row a link. Put the content and the class on a <Link>:
   * (row, content, className) => <Link to="/x" search={...} className={className}>{content}</Link>
   */
  rowLink?: (row: T, content: ReactNode, className: string | undefined) => ReactNode;
  /** For a row that is no thing of the list but something about it: what to show in its place, across all columns. */
  band?: (row: T) => ReactNode;
  /** The row whose drawer is open. */
  current?: string;
  order?: Order;
  onOrder?: (order: Order) => void;
  /** The query that reads the rows. */
  query?: { error: unknown; isFetching: boolean; isPlaceholderData?: boolean; refetch: () => unknown };
  /** Shown instead of a table without rows. */
  empty: ReactNode;
  /** Remembers the chosen columns under this name; without it there is no picker. */
  remember?: string;
  /** The next page, when there is one. */
  more?: { label: string; load: () => void; busy: boolean };
  /** Beside the column picker: how many there are, bulk actions. */
  tools?: ReactNode;
  /** Height of a row in px as it is guessed before it is drawn; only for long lists. */
  rowHeight?: number;
};

/** A list of things: sorted by the server, its head and first column always in sight. Narrow screens get cards. */
export function DataTable<T>(props: TableProps<T>) {
  const { rows, query, empty, tools, remember, columns } = props;
  const shown = useColumns(columns, remember);
  if (rows === undefined) {
    if (query?.error) return <ErrorState error={query.error} onRetry={() => query.refetch()} busy={query.isFetching} />;
    return <SkeletonRows rows={8} />;
  }
  return (
    <div className={c.frame} data-old={query?.isPlaceholderData ?? false}>
      {(tools || remember) && (
        <div className={c.tools}>
          <div>{tools}</div>
          {remember && <ColumnPicker columns={columns} shown={shown} />}
        </div>
      )}
      {rows.length === 0 ? (
        <div className={c.empty}>{empty}</div>
      ) : (
        <Rows {...props} rows={rows} shown={shown.columns} />
      )}
    </div>
  );
}

function Rows<T>({
  label,
  rows,
  shown,
  rowKey,
  rowLink,
  band,
  current,
  order,
  onOrder,
  more,
  rowHeight = 49,
}: TableProps<T> & { rows: readonly T[]; shown: readonly Column<T>[] }) {
  const { t } = useI18n();
  const scroller = useRef<HTMLDivElement>(null);
  const { items, before, after, measure, isOn: isLong } = useRowWindow({ rows, scroller, rowHeight });
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className={c.scroll} ref={scroller} aria-label={label} tabIndex={0} data-long={isLong}>
        <table className={c.table} aria-rowcount={isLong ? rows.length + 1 : undefined}>
          <thead>
            <tr>
              {shown.map((column) => (
                <HeadCell key={column.id} column={column} order={order} onOrder={onOrder} />
              ))}
            </tr>
          </thead>
          <tbody>
            {before > 0 && <Gap height={before} span={shown.length} />}
            {items.map(({ row, index }) => {
              const across = band?.(row);
              return (
                <tr
                  key={rowKey(row)}
                  onClick={rowLink && !across ? followLink : undefined}
                  ref={measure}
                  data-index={index}
                  data-link={rowLink !== undefined && !across}
                  data-current={current !== undefined && current === rowKey(row)}
                  aria-rowindex={isLong ? index + 2 : undefined}
                >
                  {across ? (
                    <td colSpan={shown.length}>{across}</td>
                  ) : (
                    shown.map((column, i) => {
                      const content = column.cell(row);
                      return (
                        <td
                          key={column.id}
                          data-label={i > 0 && !column.bare ? column.title : undefined}
                          data-phone={content === '–' && column.phone === 'wide' ? undefined : column.phone}
                          className={column.align === 'right' ? `${c.right} num` : undefined}
                        >
                          {i === 0 && rowLink ? rowLink(row, content, c.open) : content}
                        </td>
                      );
                    })
                  )}
                </tr>
              );
            })}
            {after > 0 && <Gap height={after} span={shown.length} />}
          </tbody>
        </table>
      </section>
      {more && (
        <div className={c.more}>
          <Button variant="default" onClick={more.load} loading={more.busy}>
            {more.label || t('table.more')}
          </Button>
        </div>
      )}
    </>
  );
}

/** What a click in a row may be meant for. */
const OWN = 'a, button, input, label, select, textarea, summary';

/**
 * A click beside the row's link follows it too, as it is: with Ctrl, into another tab. Not one that marked text, nor one in
 * a dialog of the row, which is elsewhere in the document.
 */
function followLink({ target, currentTarget: row, nativeEvent }: MouseEvent<HTMLTableRowElement>) {
  if (!(target instanceof Element) || !row.contains(target) || target.closest(OWN)) return;
  if (window.getSelection()?.isCollapsed === false) return;
  row.querySelector('td:first-child a')?.dispatchEvent(new window.MouseEvent('click', nativeEvent));
}

/** The room of rows that are not drawn. */
function Gap({ height, span }: { height: number; span: number }) {
  return (
    <tr aria-hidden className={c.gap}>
      <td colSpan={span} style={{ height }} />
    </tr>
  );
}
