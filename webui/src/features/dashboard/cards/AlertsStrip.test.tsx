import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError } from '@connectrpc/connect';
import { screen, waitFor, within } from '@testing-library/react';
import { expect, test, vi } from 'vitest';
import { type Backend, renderApp } from '@/test/renderApp';

/** A dashboard past its checklist whose alerts are these. */
const open = (listAlerts: NonNullable<Backend['alerts']>['listAlerts']) =>
  renderApp('/', { calls: { listCalls: () => ({ calls: [{ id: 'r' }] }) }, alerts: { listAlerts } });
const firing = (n: number) => ({
  firingCount: n,
  alerts: Array.from({ length: n }, (_, i) => ({
    id: String(i + 1),
    summary: `node n${i + 1} is gone`,
    startTime: timestampFromMs(Date.now() - 250_000),
  })),
});

test('what fires is named, and leads to the alerts', async () => {
  open(() => firing(2));
  const strip = await screen.findByRole('region', { name: '2 alerts are firing' });
  expect(within(strip).getByRole('link', { name: '2 alerts are firing' })).toHaveAttribute('href', '/alerts');
  const lines = within(strip).getAllByRole('listitem');
  expect(lines.map((line) => line.textContent)).toEqual([
    'node n1 is gone4 minutes ago',
    'node n2 is gone4 minutes ago',
  ]);
  expect(within(strip).queryByText(/more/)).toBeNull();
});

test('three are named, the others counted', async () => {
  open(() => firing(5));
  const strip = await screen.findByRole('region', { name: '5 alerts are firing' });
  expect(within(strip).getAllByRole('listitem')).toHaveLength(3);
  expect(within(strip).getByRole('link', { name: '2 more' })).toHaveAttribute('href', '/alerts');
});

test('nothing is shown while nothing fires', async () => {
  const listAlerts = vi.fn(() => firing(0));
  open(listAlerts);
  await screen.findByRole('heading', { level: 2, name: 'Traffic by outcome' });
  await waitFor(() => expect(listAlerts).toHaveBeenCalled());
  expect(screen.queryByText(/firing/)).toBeNull();
});

test('alerts that are not told are said so, and the cards stay', async () => {
  open(() => {
    throw new ConnectError('no', Code.PermissionDenied);
  });
  expect(await screen.findByRole('alert')).toBeVisible();
  expect(await screen.findByRole('heading', { level: 2, name: 'Traffic by outcome' })).toBeVisible();
});
