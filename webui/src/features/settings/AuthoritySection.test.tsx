import { Code, ConnectError } from '@connectrpc/connect';
import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { AuthorityKeyRole } from '@/gen/trunkline/admin/v1/authority_key_pb';
import { renderApp } from '@/test/renderApp';

const present = { fingerprint: 'aaaa000011112222', role: AuthorityKeyRole.SIGNING };
const next = { fingerprint: 'bbbb000011112222', role: AuthorityKeyRole.NEXT };
const path = '/settings?section=keys';

test('the key is replaced, and nodes that are not ready are named and left behind when asked for', async () => {
  let status: object = { authorityKeys: [present] };
  const rotateAuthorityKey = vi.fn((_: object) => {
    status = { authorityKeys: [present, next], waitingNodes: ['node-7', 'node-9'] };
    return {};
  });
  const advanceAuthorityKey = vi
    .fn((_: object) => ({}))
    .mockImplementationOnce(() => {
      throw new ConnectError('node "node-8" is not ready for the next step', Code.FailedPrecondition);
    });
  renderApp(path, {
    authority: { listAuthorityKeys: () => status, rotateAuthorityKey, advanceAuthorityKey },
  });
  await userEvent.click(await screen.findByRole('button', { name: 'Replace the key' }));
  const question = screen.getByRole('dialog', { name: 'Replace the key of the authority?' });
  await userEvent.click(within(question).getByRole('button', { name: 'Replace the key' }));
  expect(await screen.findByText('Waiting for 2 nodes: node-7 and node-9.')).toBeVisible();
  expect(await screen.findByRole('row', { name: /bbbb000011112222/ })).toHaveTextContent('Being distributed');
  await userEvent.click(screen.getByRole('button', { name: 'Continue without them' }));
  const sure = screen.getByRole('dialog', { name: 'Continue without these nodes?' });
  await userEvent.click(within(sure).getByRole('button', { name: 'Continue without them' }));
  expect(await within(sure).findByText(/"node-8" is not ready/)).toBeVisible();
  await userEvent.click(within(sure).getByRole('button', { name: 'Continue without them' }));
  expect(await screen.findByText('The next step has started.')).toBeInTheDocument();
  expect(advanceAuthorityKey.mock.calls[1]?.[0]).toMatchObject({ withoutNodes: ['node-7', 'node-9'] });
});

test('a new key that signs nothing yet is given up', async () => {
  const cancelAuthorityKey = vi.fn((_: object) => ({}));
  renderApp(path, { authority: { listAuthorityKeys: () => ({ authorityKeys: [present, next] }), cancelAuthorityKey } });
  expect(await screen.findByText(/^Every node is ready/)).toBeVisible();
  expect(screen.queryByRole('button', { name: 'Continue without them' })).toBeNull();
  await userEvent.click(screen.getByRole('button', { name: 'Discard the new key' }));
  const question = screen.getByRole('dialog', { name: 'Discard the new key?' });
  await userEvent.click(within(question).getByRole('button', { name: 'Discard the new key' }));
  expect(await screen.findByText('The new key is discarded.')).toBeInTheDocument();
  expect(cancelAuthorityKey).toHaveBeenCalledOnce();
});

test('the all-in-one has none', async () => {
  renderApp(path, {
    authority: {
      listAuthorityKeys: () => {
        throw new ConnectError('the all-in-one has its node in the same process', Code.FailedPrecondition);
      },
    },
  });
  await screen.findByRole('heading', { name: 'Master keys' });
  await vi.waitFor(() => expect(screen.queryByRole('heading', { name: /Certificate authority/ })).toBeNull());
});
