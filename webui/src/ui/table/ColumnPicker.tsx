import { Menu, UnstyledButton } from '@mantine/core';
import { Check, Columns3 } from 'lucide-react';
import { useI18n } from '@/i18n';
import type { Column } from './column';
import c from './dataTable.module.css';
import type { ShownColumns } from './useColumns';

/** Chooses the columns of a table; this browser remembers them. */
export function ColumnPicker<T>({ columns, shown }: { columns: readonly Column<T>[]; shown: ShownColumns<T> }) {
  const { t } = useI18n();
  return (
    <Menu position="bottom-end" closeOnItemClick={false} checkIcon={<Check size={14} aria-hidden />}>
      <Menu.Target>
        <UnstyledButton className={c.tool}>
          <Columns3 size={15} aria-hidden />
          <span className={c.toolWord}>{t('table.columns')}</span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        {columns.slice(1).map((column) => (
          <Menu.CheckboxItem
            key={column.id}
            checked={shown.isShown(column.id)}
            onChange={() => shown.toggle(column.id)}
          >
            {column.title}
          </Menu.CheckboxItem>
        ))}
        <Menu.Divider />
        <Menu.Item onClick={shown.reset}>{t('table.resetColumns')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
