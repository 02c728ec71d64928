import { fireEvent, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { renderUi } from '@/test/renderUi';
import { BarList } from './BarList';
import { Donut } from './Donut';
import { toneOf } from './HeatStrip';
import { Kpi, Kpis } from './Kpi';
import { colorsByRank, OTHER_COLOR } from './palette';
import { TimeChart } from './TimeChart';
import { TimeDrawing } from './TimeDrawing';
import type { TimeChartProps } from './types';

const at = Date.UTC(2026, 10, 23, 12);

test('a chart is a table too, and every number in it leads to its calls', async () => {
  await renderUi(() => (
    <TimeChart
      kind="bars"
      label="Traffic of 24 h"
      step={3_600_000}
      series={[
        { key: 'ok', label: 'OK', color: 'var(--c1)' },
        { key: 'failed', label: 'Failed', color: 'var(--bad)' },
      ]}
      points={[
        { at, ok: 7, failed: 0 },
        { at: at + 3_600_000, ok: 2 },
      ]}
      format={(n) => `${n} calls`}
      link={(from, series) => ({ to: '/calls', search: { outcome: series, call: String(from) } })}
    />
  ));
  await userEvent.click(screen.getByRole('button', { name: 'Show as table: Traffic of 24 h' }));
  const rows = screen.getAllByRole('row');
  expect(rows.map((row) => row.textContent)).toEqual([
    'TimeOKFailed',
    'Nov 23, 12:007 calls0 calls',
    'Nov 23, 13:002 calls–',
  ]);
  expect(within(rows[1] as HTMLElement).getByRole('link', { name: '7 calls' })).toHaveAttribute(
    'href',
    `/calls?outcome=ok&call=%22${at}%22`,
  );
  await userEvent.click(screen.getByRole('button', { name: 'Show as chart: Traffic of 24 h' }));
  expect(screen.queryByRole('table')).toBeNull();
});

const drawn = (props: Partial<TimeChartProps>) =>
  renderUi(() => (
    <TimeDrawing
      kind="bars"
      label="Traffic"
      step={3_600_000}
      width={600}
      series={[
        { key: 'ok', label: 'OK', color: 'blue' },
        { key: 'failed', label: 'Failed', color: 'red' },
      ]}
      points={[
        { at, ok: 7, failed: 0 },
        { at: at + 3_600_000, ok: 9_000, failed: 1 },
      ]}
      format={String}
      {...props}
    />
  ));

test('a bar of one among thousands is seen, and nothing is drawn or led to where there is nothing', async () => {
  await drawn({ link: () => ({ to: '/calls' }) });
  const bars = (color: string) => screen.getByTestId('ui').querySelectorAll(`path[fill=${color}]`);
  await vi.waitUntil(() => bars('blue').length === 2);
  expect(bars('red')).toHaveLength(1);
  expect(screen.getByTestId('ui').querySelectorAll('a')).toHaveLength(3);
});

test.each([
  ['where a drag zooms, the browser drags no bar', () => undefined, false],
  ['elsewhere a bar is dragged as any link', undefined, true],
])('%s', async (_, onZoom, isDragged) => {
  await drawn({ link: () => ({ to: '/calls' }), onZoom });
  const bar = await vi.waitUntil(() => screen.getByTestId('ui').querySelector('a'));
  expect(fireEvent.dragStart(bar)).toBe(isDragged);
});

test('a donut says its shares in words', async () => {
  await renderUi(() => (
    <Donut
      label="Models"
      nameTitle="Model"
      shareTitle="Share"
      columns={['Cost']}
      total="4"
      totalLabel="requests"
      slices={[
        { key: 'a', label: 'big', value: 3, color: 'red', cells: ['$2'], link: { to: '/calls' } },
        { key: 'b', label: 'small', value: 1, color: 'blue', cells: ['$1'] },
      ]}
    />
  ));
  expect(screen.getByRole('row', { name: 'big 75% $2' })).toBeVisible();
  expect(screen.getByRole('link', { name: 'big' })).toHaveAttribute('href', '/calls');
  expect(screen.getByRole('row', { name: 'small 25% $1' })).toBeVisible();
  expect(screen.getByRole('rowheader', { name: 'small' })).toHaveAttribute('title', 'small');
});

test('a figure says its change and its period, and without calls nothing is divided by nothing', async () => {
  await renderUi(() => (
    <>
      <Kpis>
        <Kpi label="Requests" value="7" change={-0.5} better="up" period="24 h" trend={[1, undefined, 3]} />
      </Kpis>
      <BarList rows={[{ key: 'a', label: 'none', value: 0, text: '0' }]} />
    </>
  ));
  expect(screen.getByText('-50%')).toHaveAttribute('data-good', 'false');
  expect(screen.getByText('24 h')).toBeInTheDocument();
  expect(screen.getByText('none').closest('li')).toHaveTextContent('none00%');
});

test('a name keeps its colour, and those beyond the palette share one', () => {
  const color = colorsByRank(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
  expect([color('a'), color('f'), color('g'), color('unheard')]).toEqual([
    'var(--c1)',
    'var(--c6)',
    OTHER_COLOR,
    OTHER_COLOR,
  ]);
});

test.each([
  [undefined, 'none'],
  [1, 'ok'],
  [0.989, 'warn'],
  [0.5, 'bad'],
] as const)('a share of %s is %s', (share, tone) => expect(toneOf(share)).toBe(tone));
