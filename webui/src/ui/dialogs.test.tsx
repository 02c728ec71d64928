import { Link } from '@tanstack/react-router';
import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { renderUi } from '@/test/renderUi';
import { ConfirmDialog } from './ConfirmDialog';
import { LeaveGuard } from './LeaveGuard';
import { SaveBar } from './SaveBar';
import { SecretDialog } from './SecretDialog';

test('with a name to type, nothing happens before it is typed', async () => {
  const confirm = vi.fn();
  await renderUi(() => (
    <ConfirmDialog
      opened
      title="Revoke my-app?"
      confirm="Revoke key"
      typeName="my-app"
      onConfirm={confirm}
      onClose={() => undefined}
    />
  ));
  const button = await screen.findByRole('button', { name: 'Revoke key' });
  expect(button).toBeDisabled();
  await userEvent.type(screen.getByLabelText('Type my-app to confirm'), 'my-ap{Enter}');
  expect(confirm).not.toHaveBeenCalled();
  await userEvent.type(screen.getByLabelText('Type my-app to confirm'), 'p{Enter}');
  expect(confirm).toHaveBeenCalledOnce();
});

test('a secret closes only when it was stored', async () => {
  const close = vi.fn();
  await renderUi(() => <SecretDialog secret="sk-1" title="Key created" onClose={close} />);
  expect(await screen.findByText('sk-1')).toBeVisible();
  expect(screen.queryByRole('button', { name: 'Close' })).toBeNull();
  await userEvent.keyboard('{Escape}');
  expect(close).not.toHaveBeenCalled();
  await userEvent.click(screen.getByLabelText('I have stored it'));
  await userEvent.click(screen.getByRole('button', { name: 'Done' }));
  expect(close).toHaveBeenCalledOnce();
});

test('the save bar shows the difference, saves, and is gone without one', async () => {
  const save = vi.fn();
  const { router } = await renderUi(() => (
    <>
      <SaveBar changes={[]} onSave={save} onDiscard={save} />
      <SaveBar changes={[{ name: 'Weight', before: '1', after: '3' }]} onSave={save} onDiscard={() => undefined} />
    </>
  ));
  const bar = within(screen.getByRole('region', { name: 'Unsaved changes' }));
  await userEvent.click(bar.getByRole('button', { name: '1 unsaved change' }));
  expect(bar.getByText('Weight')).toBeVisible();
  expect(bar.getByText('3')).toBeVisible();
  await userEvent.keyboard('{Control>}s{/Control}');
  expect(save).toHaveBeenCalledOnce();
  expect(router.state.location.pathname).toBe('/');
});

test('of a conflict both sides are shown, and one decides', async () => {
  const [reload, overwrite] = [vi.fn(), vi.fn()];
  await renderUi(() => (
    <SaveBar
      changes={[{ name: 'Weight', before: '1', after: '3' }]}
      onSave={() => undefined}
      onDiscard={() => undefined}
      conflict={{ changes: [{ name: 'Alias', after: 'big' }], onReload: reload, onOverwrite: overwrite }}
    />
  ));
  expect(screen.getByRole('alert')).toHaveTextContent('Someone else changed this while you were editing.');
  expect(screen.getByText('big')).toBeVisible();
  expect(screen.getByText('Weight')).toBeVisible();
  await userEvent.click(screen.getByRole('button', { name: 'Keep theirs, discard mine' }));
  await userEvent.click(screen.getByRole('button', { name: 'Overwrite with mine' }));
  expect([reload.mock.calls.length, overwrite.mock.calls.length]).toEqual([1, 1]);
});

test('leaving with unsaved changes asks first', async () => {
  const { router } = await renderUi(() => (
    <>
      <LeaveGuard when />
      <Link to="/keys">away</Link>
    </>
  ));
  await userEvent.click(screen.getByRole('link', { name: 'away' }));
  await userEvent.click(await screen.findByRole('button', { name: 'Cancel' }));
  expect(router.state.location.pathname).toBe('/');
  await userEvent.click(screen.getByRole('link', { name: 'away' }));
  await userEvent.click(await screen.findByRole('button', { name: 'Leave' }));
  await waitFor(() => expect(router.state.location.pathname).toBe('/keys'));
});
