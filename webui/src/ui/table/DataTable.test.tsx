import { Link } from '@tanstack/react-router';
import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { createPortal } from 'react-dom';
import { expect, test, vi } from 'vitest';
import { renderUi } from '@/test/renderUi';
import type { Order } from '../order';
import type { Column } from './column';
import { DataTable, type TableProps } from './DataTable';

type Row = { name: string; calls: number };
const columns: Column<Row>[] = [
  { id: 'name', title: 'Name', sort: 'name', cell: (r) => r.name },
  { id: 'calls', title: 'Calls', sort: 'calls', descFirst: true, align: 'right', cell: (r) => r.calls },
  { id: 'twice', title: 'Twice', optional: true, cell: (r) => r.calls * 2 },
];
const rows = [
  { name: 'azure', calls: 3 },
  { name: 'openai', calls: 40 },
];

function Table(props: Partial<TableProps<Row>>) {
  return (
    <DataTable label="Providers" columns={columns} rows={rows} rowKey={(r) => r.name} empty={<p>none</p>} {...props} />
  );
}

test('sorts by what the server is asked, a figure downwards first', async () => {
  const asked = vi.fn();
  function Sorted() {
    const [order, setOrder] = useState<Order>({ by: 'name', desc: false });
    return (
      <Table
        order={order}
        onOrder={(next) => {
          asked(next);
          setOrder(next);
        }}
      />
    );
  }
  await renderUi(() => <Sorted />);
  expect(screen.getByRole('columnheader', { name: 'Name' })).toHaveAttribute('aria-sort', 'ascending');
  await userEvent.click(screen.getByRole('button', { name: 'Calls' }));
  await userEvent.click(screen.getByRole('button', { name: 'Calls' }));
  await userEvent.click(screen.getByRole('button', { name: 'Name' }));
  expect(asked.mock.calls.map(([order]) => order)).toEqual([
    { by: 'calls', desc: true },
    { by: 'calls', desc: false },
    { by: 'name', desc: false },
  ]);
});

test('a click anywhere in a row follows its link, one that is meant for something else does not', async () => {
  const followed = vi.fn();
  const columns: Column<Row>[] = [
    { id: 'name', title: 'Name', cell: (r) => r.name },
    { id: 'calls', title: 'Calls', cell: (r) => <span>{r.calls}</span> },
    { id: 'end', title: 'End', cell: () => <button type="button">End</button> },
    { id: 'asked', title: 'Asked', cell: () => createPortal(<p>Really?</p>, document.body) },
  ];
  await renderUi(() => (
    <Table
      columns={columns}
      rows={rows.slice(0, 1)}
      rowLink={(row, content) => (
        <Link
          to="/groups"
          search={{ group: row.name }}
          onClick={(event) => {
            event.preventDefault();
            followed(event.ctrlKey);
          }}
        >
          {content}
        </Link>
      )}
    />
  ));
  const user = userEvent.setup();
  await user.click(screen.getByRole('button', { name: 'End' }));
  await user.click(screen.getByText('Really?'));
  const marked = vi.spyOn(window, 'getSelection').mockReturnValue({ isCollapsed: false } as Selection);
  await user.click(screen.getByText('3'));
  marked.mockRestore();
  expect(followed).not.toHaveBeenCalled();
  await user.click(screen.getByRole('link', { name: 'azure' }));
  expect(followed.mock.calls).toEqual([[false]]);
  await user.click(screen.getByText('3'));
  await user.keyboard('{Control>}');
  await user.click(screen.getByText('3'));
  expect(followed.mock.calls).toEqual([[false], [false], [true]]);
});

test('columns can be chosen, are remembered, and come back', async () => {
  const { router } = await renderUi(() => <Table remember="test" />);
  expect(screen.queryByRole('columnheader', { name: 'Twice' })).toBeNull();
  await userEvent.click(screen.getByRole('button', { name: 'Columns' }));
  await userEvent.click(await screen.findByRole('menuitemcheckbox', { name: 'Twice' }));
  await userEvent.click(screen.getByRole('menuitemcheckbox', { name: 'Calls' }));
  const heads = () => screen.getAllByRole('columnheader').map((head) => head.textContent);
  expect(heads()).toEqual(['Name', 'Twice']);
  await router.invalidate();
  expect(heads()).toEqual(['Name', 'Twice']);
  expect(localStorage.getItem('ui.columns.test')).toBe('["name","twice"]');
  await userEvent.click(screen.getByRole('menuitem', { name: 'Reset columns' }));
  expect(heads()).toEqual(['Name', 'Calls']);
});

test('the row is a link with its name', async () => {
  await renderUi(() => (
    <Table
      rowLink={(r, content, className) => (
        <Link to="/providers" search={{ provider: r.name }} className={className}>
          {content}
        </Link>
      )}
    />
  ));
  const row = within(screen.getByRole('row', { name: /openai/ }));
  expect(row.getByRole('link', { name: 'openai' })).toHaveAttribute('href', '/providers?provider=openai');
});

test('says that it loads, that it failed, that there is nothing', async () => {
  const retry = vi.fn();
  const query = { error: new Error('disk full'), isFetching: false, refetch: retry };
  await renderUi(() => (
    <>
      <Table rows={undefined} />
      <Table rows={undefined} query={query} />
      <Table rows={[]} />
    </>
  ));
  expect(screen.getByRole('status')).toHaveAttribute('aria-busy', 'true');
  expect(screen.getByRole('alert')).toHaveTextContent('disk full');
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(retry).toHaveBeenCalledOnce();
  expect(screen.getByText('none')).toBeVisible();
});
