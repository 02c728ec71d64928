import { Code, ConnectError } from '@connectrpc/connect';
import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { NodeState } from '@/gen/trunkline/admin/v1/node_pb';
import { RolloutState } from '@/gen/trunkline/admin/v1/rollout_pb';
import { renderApp } from '@/test/renderApp';

const node = {
  name: 'node-1',
  connected: true,
  state: NodeState.READY,
  appliedRevision: 5n,
  version: 'v1',
  redis: 'up',
  callsWaiting: 3n,
};
const allInOne = () => {
  throw new ConnectError('the all-in-one has its node in the same process', Code.FailedPrecondition);
};

test('lists nodes with what they serve', async () => {
  renderApp('/nodes', {
    nodes: {
      listNodes: () => ({
        revision: 5n,
        nodes: [
          { ...node, requestsPerSecond: 12.5, inFlight: 7, spoolBytes: 4_000n },
          { name: 'node-2', connected: true, state: NodeState.BEHIND, appliedRevision: 4n, revisionsBehind: 1n },
        ],
      }),
    },
  });
  expect(await screen.findByText('Revision 5 is live on 1 of 2 nodes.')).toBeVisible();
  const table = within(screen.getByRole('table'));
  const [, first, second] = table.getAllByRole('row');
  expect(first).toHaveTextContent(/node-1.*Up to date.*5.*v1.*12\.5.*7.*3.*4 kB.*Connected/);
  expect(second).toHaveTextContent(/node-2.*Catching up.*1 behind/);
});

test('in the all-in-one nobody joins, and the page says why', async () => {
  renderApp('/nodes', { nodes: { listNodes: () => ({ revision: 5n, nodes: [node] }), listJoinTokens: allInOne } });
  expect(await screen.findByText(/This gateway runs as one process/)).toBeVisible();
  expect(screen.queryByRole('button', { name: 'Add a node' })).toBeNull();
});

test('a token is shown once, with the command that uses it', async () => {
  const createJoinToken = vi.fn((_req: { maxUses: number }) => ({ joinToken: { id: 'a1' }, secret: 'tl-join-canary' }));
  renderApp('/nodes?add=true', {
    nodes: { listNodes: () => ({ revision: 5n }), listJoinTokens: () => ({}), createJoinToken },
  });
  await userEvent.type(await screen.findByLabelText('Note'), 'rack 7');
  await userEvent.click(screen.getByRole('button', { name: 'Create token' }));
  expect((await screen.findAllByText(/tl-join-canary/)).length).toBe(2);
  expect(createJoinToken.mock.calls[0]?.[0]).toMatchObject({ note: 'rack 7', maxUses: 1 });
  const done = screen.getByRole('button', { name: 'Done' });
  expect(done).toBeDisabled();
  await userEvent.click(screen.getByLabelText('I have stored it'));
  await userEvent.click(done);
  expect(screen.queryByText(/tl-join-canary/)).toBeNull();
});

test('a node is drained only after a question, and a revocation asks for its name', async () => {
  const drainNode = vi.fn((_req: { name: string }) => ({ node: { ...node, drainOrdered: true } }));
  const revokeNode = vi.fn((_req: { name: string }) => ({}));
  renderApp('/nodes?node=node-1', {
    nodes: {
      listNodes: () => ({ revision: 5n, nodes: [node] }),
      getNode: () => ({ node, revision: 5n }),
      listJoinTokens: () => ({}),
      drainNode,
      revokeNode,
    },
  });
  await userEvent.click(await screen.findByRole('button', { name: 'Drain' }));
  const drain = await screen.findByRole('dialog', { name: 'Drain node-1?' });
  expect(drainNode).not.toHaveBeenCalled();
  await userEvent.click(within(drain).getByRole('button', { name: 'Drain' }));
  expect(await screen.findByText('node-1 gets no new clients.')).toBeInTheDocument();
  expect(drainNode.mock.calls[0]?.[0]).toMatchObject({ name: 'node-1' });

  await userEvent.click(screen.getByRole('button', { name: 'Revoke' }));
  const revoke = within(await screen.findByRole('dialog', { name: 'Revoke node-1?' }));
  expect(revoke.getByRole('button', { name: 'Revoke' })).toBeDisabled();
  await userEvent.type(revoke.getByLabelText('Type node-1 to confirm'), 'node-1');
  await userEvent.click(revoke.getByRole('button', { name: 'Revoke' }));
  expect(await screen.findByText('The certificate of node-1 is refused.')).toBeInTheDocument();
  expect(revokeNode).toHaveBeenCalledOnce();
});

test('what a node does not serve is named, with what its build lacks', async () => {
  const refusedDocuments = [{ kind: 'Group', name: 'chat', missingFeatures: ['weights', 'pins'] }];
  const old = { ...node, refusedDocuments, refusedDocumentCount: 120 };
  renderApp('/nodes?node=node-1', {
    nodes: {
      listNodes: () => ({ revision: 5n, nodes: [{ ...old, refusedDocuments: [] }] }),
      getNode: ({ name }) => ({ node: name === 'node-1' ? old : undefined, revision: 5n }),
      listJoinTokens: () => ({}),
    },
  });
  const panel = within(await screen.findByRole('dialog', { name: /node-1/ }));
  expect(await panel.findByText('Not served here (120)')).toBeVisible();
  expect(panel.getByText('chat')).toBeVisible();
  expect(panel.getByText('weights, pins')).toBeVisible();
});

test('a change that is held back is promoted or taken back, as it was seen', async () => {
  const promoteRollout = vi.fn((_req: object) => ({}));
  const abortRollout = vi.fn((_req: object): { revision: bigint } => {
    throw new ConnectError('revision 9 is tried now, not 8: look at it first', Code.Aborted);
  });
  const rollout = {
    state: RolloutState.HELD,
    revision: 8n,
    baseRevision: 5n,
    nodes: ['node-1'],
    reason: 'node node-1 refuses it',
    requests: 10n,
    failedRequests: 4n,
    otherRequests: 90n,
  };
  renderApp('/nodes', {
    nodes: { listNodes: () => ({ revision: 8n, nodes: [{ ...node, state: NodeState.HELD_BACK, heldRevision: 5n }] }) },
    rollouts: { getRollout: () => ({ rollout }), promoteRollout, abortRollout },
  });
  const card = within((await screen.findByText('Revision 8 is held back')).closest('section') as HTMLElement);
  expect(card.getByText('4 of 10 on the first nodes, 0 of 90 on the others')).toBeVisible();
  expect(card.getByText('node node-1 refuses it')).toBeVisible();
  expect(within(screen.getByRole('table')).getByText('Held back')).toBeVisible();
  await userEvent.click(card.getByRole('button', { name: 'Roll back' }));
  await userEvent.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Roll back' }));
  expect(await screen.findByText(/revision 9 is tried now/)).toBeVisible();
  expect(abortRollout.mock.calls[0]?.[0]).toMatchObject({ revision: 8n });
  await userEvent.click(screen.getByRole('button', { name: 'Cancel' }));
  await userEvent.click(card.getByRole('button', { name: 'Send to every node' }));
  await userEvent.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Send to every node' }));
  expect(await screen.findByText('Revision 8 goes to every node.')).toBeInTheDocument();
  expect(promoteRollout.mock.calls[0]?.[0]).toMatchObject({ revision: 8n });
});
