import { UnstyledButton } from '@mantine/core';
import { ArrowDown, ArrowUp, ArrowUpDown } from 'lucide-react';
import { nextOrder, type Order } from '../order';
import type { Column } from './column';
import c from './dataTable.module.css';

/** The head of a column; a button where the server can sort by it. */
export function HeadCell<T>({
  column,
  order,
  onOrder,
}: {
  column: Column<T>;
  order: Order | undefined;
  onOrder: ((order: Order) => void) | undefined;
}) {
  const { sort, title, hint } = column;
  const right = column.align === 'right' ? c.right : undefined;
  if (!sort || !order || !onOrder) {
    return (
      <th scope="col" className={right} title={hint}>
        {column.hideTitle ? <span className="visually-hidden">{title}</span> : title}
      </th>
    );
  }
  const isOne = order.by === sort;
  const Icon = !isOne ? ArrowUpDown : order.desc ? ArrowDown : ArrowUp;
  return (
    <th scope="col" className={right} aria-sort={isOne ? (order.desc ? 'descending' : 'ascending') : undefined}>
      <UnstyledButton
        className={c.sort}
        data-on={isOne}
        title={hint}
        onClick={() => onOrder(nextOrder(order, sort, column.descFirst ?? false))}
      >
        {title}
        <Icon size={13} aria-hidden />
      </UnstyledButton>
    </th>
  );
}
