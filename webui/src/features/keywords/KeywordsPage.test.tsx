import { Code, ConnectError } from '@connectrpc/connect';
import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { renderApp } from '@/test/renderApp';

const busy = {
  name: 'busy',
  keyword: 'server is busy',
  etag: '7',
  count: true,
  scopes: ['answer'],
  providers: ['relay'],
};

test('lists keywords with what they do and how often they were hit', async () => {
  renderApp('/keywords', {
    keywords: {
      listFailureKeywords: () => ({ failureKeywords: [busy, { name: 'old', pattern: 'x+', enabled: false }] }),
    },
    nodes: {
      listNodes: () => ({
        nodes: [
          { name: 'a', keywordHits: { busy: 2n } },
          { name: 'b', keywordHits: { busy: 3n } },
        ],
      }),
    },
  });
  const [, first, second] = within(await screen.findByRole('table')).getAllByRole('row');
  expect(first).toHaveTextContent(/busy.*server is busy.*On.*count a failure.*Answers that are not streamed.*relay.*5/);
  expect(second).toHaveTextContent(/old.*x\+.*Pattern.*Off.*Everywhere.*0/);
});

test('an empty list offers what providers are known to write', async () => {
  renderApp('/keywords', {});
  await userEvent.click(await screen.findByRole('button', { name: 'model is overloaded' }));
  const panel = within(await screen.findByRole('dialog', { name: /New keyword/ }));
  expect(panel.getByLabelText('Name')).toHaveValue('overloaded');
  expect(panel.getByRole('textbox', { name: 'Text' })).toHaveValue('model is overloaded');
});

test('a new keyword is tried, then created with all that was chosen', async () => {
  const dryRunFailureKeyword = vi.fn((_req: { sample: string }) => ({
    lookedAt: 40,
    hitCount: 1,
    sampleHit: true,
    hits: [{ callId: 'c-1', provider: 'relay', text: 'the server is busy' }],
  }));
  const createFailureKeyword = vi.fn((_req: object) => ({}));
  renderApp('/keywords?new=true', { keywords: { dryRunFailureKeyword, createFailureKeyword } });
  await userEvent.type(await screen.findByLabelText('Name'), 'busy');
  await userEvent.type(screen.getByRole('textbox', { name: 'Text' }), 'server is busy');
  await userEvent.click(screen.getByLabelText('Try the next member and count a failure'));
  await userEvent.type(screen.getByLabelText('Sample'), 'Sorry, server is busy');
  await userEvent.click(screen.getByRole('button', { name: 'Dry run' }));
  expect(await screen.findByText('It would have matched 1 of the 40 calls checked.')).toBeVisible();
  expect(screen.getByText('The sample matches')).toBeVisible();
  expect(screen.getByRole('link', { name: 'relay' })).toHaveAttribute('href', '/calls?call=c-1');
  await userEvent.click(screen.getByRole('button', { name: 'Create keyword' }));
  expect(await screen.findByText('busy created.')).toBeInTheDocument();
  expect(createFailureKeyword.mock.calls[0]?.[0]).toMatchObject({
    failureKeyword: {
      name: 'busy',
      keyword: 'server is busy',
      pattern: '',
      enabled: true,
      count: true,
      logOnly: false,
    },
  });
});

test('a stored keyword is changed on the revision it was read at, and deleted after a question', async () => {
  const updateFailureKeyword = vi.fn((_req: object) => ({}));
  const deleteFailureKeyword = vi.fn((_req: object) => ({}));
  renderApp('/keywords?keyword=busy', {
    keywords: {
      listFailureKeywords: () => ({ failureKeywords: [busy] }),
      getFailureKeyword: () => ({ failureKeyword: busy }),
      updateFailureKeyword,
      deleteFailureKeyword,
    },
  });
  await userEvent.click(await screen.findByLabelText('Only record it in the call log'));
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  expect(await screen.findByText('busy saved.')).toBeInTheDocument();
  expect(updateFailureKeyword.mock.calls[0]?.[0]).toMatchObject({
    failureKeyword: { name: 'busy', etag: '7', count: false, logOnly: true, providers: ['relay'] },
  });
});

test('when someone else changed the keyword first both changes are shown; what nobody touched follows theirs', async () => {
  let stored: object = busy;
  const updateFailureKeyword = vi.fn((req: { failureKeyword?: { etag: string } }) => {
    if (req.failureKeyword?.etag === '8') return {};
    stored = { ...busy, etag: '8', keyword: 'overloaded' };
    throw new ConnectError('changed', Code.Aborted);
  });
  const { queryClient } = renderApp('/keywords?keyword=busy', {
    keywords: {
      listFailureKeywords: () => ({ failureKeywords: [busy] }),
      getFailureKeyword: () => ({ failureKeyword: stored }),
      updateFailureKeyword,
    },
  });
  await userEvent.click(await screen.findByLabelText('Only record it in the call log'));
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  const conflict = within(await screen.findByRole('alert'));
  expect(conflict.getByText('Text: overloaded')).toBeVisible();
  await userEvent.click(conflict.getByRole('button', { name: 'Keep theirs, discard mine' }));
  expect(screen.getByLabelText('Text')).toHaveValue('overloaded');
  stored = { ...busy, etag: '9', keyword: 'later' };
  await queryClient.refetchQueries();
  await waitFor(() => expect(screen.getByLabelText('Text')).toHaveValue('later'));
});
