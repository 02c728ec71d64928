import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { ApiKeySchema } from '@/gen/trunkline/admin/v1/key_pb';
import { renderApp } from '@/test/renderApp';
import { keyStatus } from './key';

const day = 86_400_000;
const at = (ms: number) => timestampFromMs(Date.now() + ms);

test.each([
  ['active', undefined, true],
  ['active', 100 + 7 * day + 1, undefined],
  ['expiring', 100 + 7 * day, undefined],
  ['expired', 100, true],
  ['disabled', 1, false],
])('is %s when it expires at %s and enabled is %s', (status, expires, enabled) => {
  const expireTime = expires === undefined ? undefined : timestampFromMs(expires);
  expect(keyStatus(create(ApiKeySchema, { expireTime, enabled }), 100)).toBe(status);
});

test('lists keys by what is known of them, and filters', async () => {
  renderApp('/keys', {
    keys: {
      listApiKeys: () => ({
        apiKeys: [
          {
            name: 'app',
            prefix: 'sk-tl-Qm4x',
            lastFour: 't8Wd',
            groups: ['a', 'b', 'c', 'd', 'e', 'f'],
            expireTime: at(3 * day + 60_000),
          },
          { name: 'loose', prefix: 'sk-tl-Ys1u', lastFour: 'd6Fa' },
        ],
      }),
    },
  });
  const row = within(await screen.findByRole('row', { name: /app/ }));
  expect(row.getByText('sk-tl-Qm4x…t8Wd')).toBeVisible();
  expect(row.getAllByRole('link').map((a) => a.textContent)).toEqual(['a', 'b', 'c', 'd']);
  expect(row.getByText('+2 more')).toHaveAttribute('title', 'e, f');
  expect(row.getByText('Expires soon')).toBeVisible();
  expect(row.getByText('in 3 days')).toBeVisible();
  expect(screen.getByText('No group, so it cannot call anything')).toBeVisible();

  await userEvent.type(screen.getByRole('searchbox'), 't8wd');
  expect(screen.getAllByRole('row')).toHaveLength(2);
  await userEvent.type(screen.getByRole('searchbox'), 'zzz');
  expect(screen.getByText('Nothing matches the filter')).toBeVisible();
});
