import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError } from '@connectrpc/connect';
import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import {
  AuditEventSchema,
  AuditExportFormat,
  type ExportAuditEventsRequest,
  type ListAuditEventsRequest,
} from '@/gen/trunkline/admin/v1/audit_pb';
import { Role } from '@/gen/trunkline/admin/v1/role_pb';
import { renderApp } from '@/test/renderApp';
import { auditSearch } from './search';
import { filterOf } from './view';

const AT = 1_795_000_000_000;
const event = (sequence: bigint, init: MessageInitShape<typeof AuditEventSchema> = {}) =>
  create(AuditEventSchema, {
    sequence,
    eventTime: timestampFromMs(AT),
    actor: 'user:ada',
    role: 'owner',
    address: '192.0.2.7',
    action: 'UpdateProvider',
    outcome: 'ok',
    count: 1n,
    hash: 'ab'.repeat(32),
    ...init,
  });
const known = { actions: ['Login', 'UpdateProvider'], outcomes: ['ok', 'permission_denied'] };

test('a row says who did what, and the panel the rest, with a way to what it was about', async () => {
  const changed = event(42n, {
    targets: ['Provider/main', 'Group/pool', 'Token/ci'],
    revision: 7n,
    requestId: 'req-1',
    detail: 'update 2',
  });
  const { router } = renderApp('/audit', {
    audit: { listAuditEvents: () => ({ ...known, events: [changed] }) },
  });
  const row = within(await screen.findByRole('row', { name: /UpdateProvider/ }));
  expect(row.getByText('user:ada')).toBeVisible();
  expect(row.getByText('Owner')).toBeVisible();
  expect(row.getByText('Provider/main')).toBeVisible();
  expect(row.getByText('and 2 more')).toBeVisible();
  expect(row.getByText('OK')).toBeVisible();
  expect(screen.getByText('1 event')).toBeVisible();

  await userEvent.click(row.getByRole('link'));
  const panel = within(await screen.findByRole('dialog', { name: /Event 42/ }));
  expect(router.state.location.href).toBe('/audit?event=42');
  expect(panel.getByText('update 2')).toBeVisible();
  expect(panel.getByText('req-1')).toBeVisible();
  expect(panel.getByText('ab'.repeat(32))).toBeVisible();
  expect(panel.getByRole('link', { name: '7' })).toHaveAttribute('href', expect.stringContaining('/history?revision='));
  expect(panel.getByRole('link', { name: 'Provider/main' })).toHaveAttribute('href', '/providers?provider=main');
  expect(panel.getByRole('link', { name: 'Group/pool' })).toHaveAttribute('href', '/groups?group=pool');
  expect(panel.queryByRole('link', { name: 'Token/ci' })).toBeNull();
  await userEvent.keyboard('{Escape}');
  await waitFor(() => expect(router.state.location.search).toEqual({}));
});

test('the address filters the list, and filters go into the address', async () => {
  const asked = vi.fn<(r: ListAuditEventsRequest) => void>();
  const { router } = renderApp('/audit?actor=user:ada&outcome=permission_denied&from=5000&to=9000', {
    audit: {
      listAuditEvents: (request) => {
        asked(request);
        return known;
      },
    },
  });
  expect(await screen.findByText('No events match these filters')).toBeVisible();
  const filter = asked.mock.lastCall?.[0].filter;
  expect(filter).toMatchObject({ actor: 'user:ada', outcome: 'permission_denied', action: '', target: '' });
  expect(filter?.startTime && timestampMs(filter.startTime)).toBe(5000);
  expect(filter?.endTime && timestampMs(filter.endTime)).toBe(9000);
  await userEvent.click(screen.getByRole('combobox', { name: 'Action' }));
  await userEvent.click(await screen.findByRole('option', { name: 'Login' }));
  await waitFor(() => expect(asked.mock.lastCall?.[0].filter?.action).toBe('Login'));
  await userEvent.type(screen.getByRole('searchbox', { name: /Target/ }), ' Provider/main ');
  await waitFor(() => expect(asked.mock.lastCall?.[0].filter?.target).toBe('Provider/main'));
  expect(router.state.location.search).toMatchObject({ actor: 'user:ada', action: 'Login', target: 'Provider/main' });
  await userEvent.click(screen.getAllByRole('button', { name: 'Clear filters' })[0] as HTMLElement);
  expect(await screen.findByText('No events in this period')).toBeVisible();
  expect(router.state.location.search).toEqual({ from: 5000, to: 9000 });
});

test('older events come by the page token, and J walks on into them', async () => {
  const { router } = renderApp('/audit?event=3', {
    audit: {
      listAuditEvents: ({ pageToken }) =>
        pageToken === ''
          ? { ...known, events: [event(4n), event(3n)], nextPageToken: 'p2' }
          : { ...known, events: [event(2n, { action: `From_${pageToken}` })] },
    },
  });
  await screen.findByRole('dialog', { name: /Event 3/ });
  await screen.findByText('The latest 2 events');
  await userEvent.keyboard('j');
  await waitFor(() => expect(router.state.location.search).toEqual({ event: 2 }));
  await userEvent.keyboard('{Escape}');
  expect(await screen.findByText('From_p2')).toBeVisible();
  expect(screen.getByText('3 events')).toBeVisible();
  expect(screen.queryByRole('button', { name: 'Show older events' })).toBeNull();
});

test('an event that the list does not have is asked for by itself; one that is gone says so', async () => {
  const listAuditEvents = ({ filter }: ListAuditEventsRequest) => ({
    ...known,
    events: filter?.sequence === 9n ? [event(9n, { detail: 'long ago' })] : [],
  });
  const { router } = renderApp('/audit?event=9', { audit: { listAuditEvents } });
  expect(await screen.findByText('long ago')).toBeVisible();
  await router.navigate({ to: '/audit', search: { event: 8 } });
  expect(await screen.findByText('No such event')).toBeVisible();
});

test('failed sign-ins are counted together and have no role', async () => {
  const failed = event(5n, { actor: '', role: '', action: 'Login', outcome: 'unauthenticated', count: 1200n });
  renderApp('/audit?event=5', { audit: { listAuditEvents: () => ({ ...known, events: [failed] }) } });
  const panel = within(await screen.findByRole('dialog', { name: /Event 5/ }));
  expect(await panel.findByText('1,200 events')).toBeVisible();
  expect(panel.getByText('unauthenticated')).toBeVisible();
});

test('a log that is intact tells how much was verified and what to keep', async () => {
  renderApp('/audit', {
    audit: {
      verifyAuditEvents: () => ({ intact: true, checked: 41n, firstSequence: 2n, lastSequence: 42n, lastHash: 'cd' }),
    },
  });
  await userEvent.click(await screen.findByRole('button', { name: 'Verify the log' }));
  expect(await screen.findByText('Intact')).toBeVisible();
  expect(screen.getByText('41 events verified, up to event 42.')).toBeVisible();
  await userEvent.click(screen.getByRole('button', { name: 'Copy command' }));
  expect(await screen.findByText('Copied')).toBeVisible();
});

test('a broken log names its first event that is wrong, and opens it', async () => {
  const { router } = renderApp('/audit', {
    audit: {
      verifyAuditEvents: () => ({ intact: false, checked: 6n, brokenSequence: 7n, reason: 'its hash does not fit' }),
    },
  });
  await userEvent.click(await screen.findByRole('button', { name: 'Verify the log' }));
  expect(await screen.findByText('Broken')).toBeVisible();
  expect(screen.getByText('Event 7 is missing or differs from what was written.')).toBeVisible();
  expect(screen.getByText('its hash does not fit')).toBeVisible();
  await userEvent.click(screen.getByRole('button', { name: 'Show event 7' }));
  await waitFor(() => expect(router.state.location.search).toEqual({ event: 7 }));
});

test('a verification that cannot be made says why', async () => {
  renderApp('/audit', {
    audit: {
      verifyAuditEvents: () => Promise.reject(new ConnectError('2 run here already', Code.ResourceExhausted)),
    },
  });
  await userEvent.click(await screen.findByRole('button', { name: 'Verify the log' }));
  expect(await screen.findByText('2 run here already')).toBeVisible();
});

test('an owner exports what is filtered', async () => {
  const asked = vi.fn<(r: ExportAuditEventsRequest) => void>();
  URL.createObjectURL = vi.fn(() => 'blob:x');
  URL.revokeObjectURL = vi.fn();
  renderApp('/audit?actor=user:ada', {
    audit: {
      listAuditEvents: () => ({ ...known, events: [event(1n)] }),
      exportAuditEvents: async function* (request) {
        asked(request);
        yield { data: new TextEncoder().encode('sequence\n1\n') };
      },
    },
  });
  await userEvent.click(await screen.findByRole('button', { name: 'Export' }));
  await userEvent.click(await screen.findByRole('menuitem', { name: /CSV/ }));
  await waitFor(() => expect(URL.createObjectURL).toHaveBeenCalled());
  expect(asked.mock.lastCall?.[0]).toMatchObject({ format: AuditExportFormat.CSV, filter: { actor: 'user:ada' } });
});

test('an operator reads, and is told who may export', async () => {
  renderApp('/audit', {
    session: { whoAmI: () => ({ username: 'bo', role: Role.OPERATOR }) },
    audit: { listAuditEvents: () => ({ ...known, events: [event(1n)] }) },
  });
  const button = await screen.findByRole('button', { name: 'Export' });
  expect(button).toBeDisabled();
  expect(button).toHaveAccessibleDescription('Requires the Owner role');
});

test('a viewer is told who may read, and nothing is asked for', async () => {
  const listAuditEvents = vi.fn(() => known);
  renderApp('/audit', {
    session: { whoAmI: () => ({ username: 'vi', role: Role.VIEWER }) },
    audit: { listAuditEvents },
  });
  expect(await screen.findByText('Requires the Operator role')).toBeVisible();
  expect(listAuditEvents).not.toHaveBeenCalled();
});

test('a list that cannot be read says so and is tried again', async () => {
  let fails = true;
  renderApp('/audit', {
    audit: {
      listAuditEvents: () => {
        if (fails) throw new ConnectError('disk full', Code.FailedPrecondition);
        return { ...known, events: [event(1n)] };
      },
    },
  });
  expect(await screen.findByText('disk full', {}, { timeout: 5000 })).toBeVisible();
  fails = false;
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(await screen.findByRole('row', { name: /UpdateProvider/ })).toBeVisible();
});

test('an address that makes no sense filters nothing, and a named period has no end', () => {
  expect(auditSearch({ event: '0', actor: '', from: 9, to: 5 })).toEqual({});
  expect(auditSearch({ event: '7', action: 'Login', range: '7d' })).toEqual({
    event: 7,
    action: 'Login',
    range: '7d',
  });
  const filter = filterOf({ event: 7, target: 'main' }, AT);
  expect(filter).toMatchObject({ target: 'main', endTime: undefined });
  expect(filter).not.toHaveProperty('event');
});
