import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { Operation } from '@/gen/trunkline/admin/v1/revision_pb';
import { renderApp } from '@/test/renderApp';

const change = {
  kind: 'Group',
  name: 'pool',
  operation: Operation.UPDATE,
  differences: ['members[0].priority: 1 -> 2'],
};
const revision = (n: bigint) => ({
  revision: n,
  actor: 'user:ada',
  commitTime: timestampFromMs(Date.now() - 60_000),
  changeCount: 1,
  changes: [change],
});

test('lists revisions, and shows one with its differences', async () => {
  renderApp('/history', {
    config: {
      listRevisions: () => ({ revisions: [revision(8n), revision(7n)] }),
      getRevision: (req) => ({ revision: revision(req.revision) }),
    },
  });
  const rows = within(await screen.findByRole('table')).getAllByRole('row');
  expect(rows).toHaveLength(3);
  expect(rows[1]).toHaveTextContent('8');
  expect(rows[1]).toHaveTextContent('changed group pool');
  await userEvent.click(within(rows[1] as HTMLElement).getByRole('link'));
  const panel = await screen.findByRole('dialog', { name: /Revision 8/ });
  expect(await within(panel).findByText('members[0].priority: 1 -> 2')).toBeVisible();
  expect(within(panel).queryByRole('button', { name: 'Roll back to this revision' })).toBeNull(); // it is the present one
});

test('rolls back only after showing what that changes', async () => {
  const rollBackConfig = vi.fn((req: { revision: bigint; dryRun: boolean }) => ({
    revision: req.dryRun ? 8n : 9n,
    changes: [
      { kind: 'Group', name: 'pool', operation: Operation.UPDATE, differences: ['members[0].priority: 2 -> 1'] },
    ],
    exceptions: [{ kind: 'ApiKey', name: 'old', reason: 'it was revoked' }],
  }));
  renderApp('/history?revision=7', {
    config: {
      listRevisions: () => ({ revisions: [revision(8n), revision(7n)] }),
      getRevision: (req) => ({ revision: revision(req.revision) }),
      rollBackConfig,
    },
  });
  await userEvent.click(await screen.findByRole('button', { name: 'Roll back to this revision' }));
  const dialog = await screen.findByRole('dialog', { name: 'Roll back to revision 7?' });
  expect(await within(dialog).findByText('members[0].priority: 2 -> 1')).toBeVisible();
  expect(within(dialog).getByText(/it was revoked/)).toBeVisible();
  expect(rollBackConfig.mock.calls.map(([req]) => req.dryRun)).toEqual([true]);
  await userEvent.click(within(dialog).getByRole('button', { name: 'Roll back to this revision' }));
  expect(await screen.findByText(/The configuration is at revision 9/)).toBeInTheDocument();
  expect(rollBackConfig.mock.calls.map(([req]) => req.dryRun)).toEqual([true, false]);
});
