import { Code, ConnectError } from '@connectrpc/connect';
import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { renderApp } from '@/test/renderApp';

const status = {
  masterKeys: [
    { id: 'aaaa1111', inUse: true, given: true, secretCount: 7 },
    { id: 'bbbb2222', given: true },
    { id: 'cccc3333', secretCount: 2 },
  ],
  secretCount: 9,
  pendingCount: 2,
};

test('keys show how they stand, and a rotation its progress', async () => {
  renderApp('/settings?section=keys', { masterKeys: { listMasterKeys: () => status } });
  const row = async (id: string) => screen.findByRole('row', { name: new RegExp(id) });
  expect(await row('aaaa1111')).toHaveTextContent(/In use.*7/);
  expect(await row('bbbb2222')).toHaveTextContent(/Not used.*0/);
  expect(await row('cccc3333')).toHaveTextContent(/Missing.*2/);
  expect(within(await row('cccc3333')).queryByRole('button')).toBeNull();
  expect(screen.getByRole('progressbar', { name: 'State' })).toHaveAttribute('aria-valuenow', '78');
  expect(screen.getByText('7 of 9 secrets are sealed under the key in use; the others will follow.')).toBeVisible();
});

test('a key is put in use, and a refusal says why not', async () => {
  const rotateMasterKey = vi
    .fn((_req: object) => ({}))
    .mockImplementationOnce(() => {
      throw new ConnectError('1 control-plane replicas lack master key bbbb2222', Code.FailedPrecondition);
    });
  renderApp('/settings?section=keys', { masterKeys: { listMasterKeys: () => status, rotateMasterKey } });
  await userEvent.click(await screen.findByRole('button', { name: 'Use this key' }));
  const question = screen.getByRole('dialog', { name: 'Use master key bbbb2222?' });
  await userEvent.click(within(question).getByRole('button', { name: 'Use this key' }));
  expect(await within(question).findByText(/lack master key bbbb2222/)).toBeVisible();
  await userEvent.click(within(question).getByRole('button', { name: 'Use this key' }));
  expect(await screen.findByText('Master key bbbb2222 is in use.')).toBeInTheDocument();
  expect(rotateMasterKey.mock.calls[1]?.[0]).toMatchObject({ id: 'bbbb2222' });
});
