import { create } from '@bufbuild/protobuf';
import { screen, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { blockText } from '@/api/clientSetup';
import {
  ClientSetupBlockSchema,
  ClientSetupPlace,
  ClientSetupQuoting,
  ClientSetupWarning,
} from '@/gen/trunkline/admin/v1/client_setup_pb';
import { renderApp } from '@/test/renderApp';

test('a key is quoted for the place it stands in', () => {
  const text = (keyQuoting: ClientSetupQuoting, key?: string) =>
    blockText(create(ClientSetupBlockSchema, { parts: ['<', '>'], keyQuoting }), key);
  const odd = `a'b"c\\d$&`;
  expect(text(ClientSetupQuoting.UNSPECIFIED, odd)).toBe(`<${odd}>`);
  expect(text(ClientSetupQuoting.SHELL, odd)).toBe(`<a'\\''b"c\\d$&>`);
  expect(text(ClientSetupQuoting.STRING, odd)).toBe(`<a'b\\"c\\\\d$&>`);
  expect(text(ClientSetupQuoting.SHELL)).toBe('<your-key>');
});

test('a group shows what goes where, and why a client would get no answers', async () => {
  renderApp('/groups?group=chat', {
    groups: {
      listGroups: () => ({ groups: [{ name: 'chat', etag: '1' }], totalSize: 1 }),
      getGroup: () => ({ group: { name: 'chat', etag: '1' } }),
    },
    clients: {
      listClientSetups: () => ({
        clientSetups: [
          {
            client: 'cursor',
            title: 'Cursor',
            api: 'chat',
            docsUrl: 'https://docs.example',
            blocks: [{ place: ClientSetupPlace.SETTINGS, parts: ['Key: ', ''] }],
            warnings: [ClientSetupWarning.API_NOT_SERVED, ClientSetupWarning.API_KEY_NOT_ALLOWED],
          },
        ],
      }),
    },
  });
  const panel = within(await screen.findByRole('tabpanel', { name: 'Cursor' }));
  expect(panel.getByText('In the settings of Cursor')).toBeVisible();
  expect(panel.getByText('Key: your-key')).toBeVisible();
  expect(panel.getByText(/^Cursor uses the chat API, which no member/)).toBeVisible();
  expect(panel.getByText('The API key may not use this group.')).toBeVisible();
  expect(panel.getByRole('link', { name: 'Cursor documentation' })).toHaveAttribute('href', 'https://docs.example');
});
