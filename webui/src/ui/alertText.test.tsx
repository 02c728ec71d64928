import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { AlertCause, AlertSchema } from '@/gen/trunkline/admin/v1/alert_pb';
import { renderUi } from '@/test/renderUi';
import { AlertReason, AlertText } from './AlertText';

const at = (days: number) => timestampFromMs(Date.now() + days * 86_400_000);
const models = ['a', 'b', 'c', 'd', 'e', 'f'];
type Alert = MessageInitShape<typeof AlertSchema>;

const ALERTS: [Alert, string][] = [
  [{ event: 'cooldown', provider: 'p', model: 'm', count: 1, nodeCount: 1 }, 'p/m is cooling down'],
  [
    { event: 'cooldown', provider: 'p', credential: 'k', count: 2, nodeCount: 3 },
    'Credential k of p is cooling down on 2 of 3 nodes',
  ],
  [
    { event: 'group_unavailable', group: 'g', cause: AlertCause.MEMBERS_COOLING },
    'No member of g is available: all of them are cooling down',
  ],
  [
    { event: 'group_unavailable', group: 'g', cause: AlertCause.MEMBERS_DISABLED },
    'No member of g is available: all of them, or their providers, are disabled',
  ],
  [
    { event: 'budget', apiKey: 'k', level: 80, budget: { amount: '50', period: 'month' } },
    'k has spent 80% of its budget ($50.00 a month)',
  ],
  [{ event: 'key_expiring', apiKey: 'k', level: 3, expireTime: at(2) }, 'k expires in 2 days'],
  [{ event: 'key_expiring', apiKey: 'k', level: 0, expireTime: at(-2) }, 'k expired 2 days ago'],
  [{ event: 'node_lost', node: 'n', lastSeenTime: at(-1) }, 'n is not connected, last seen yesterday'],
  [
    { event: 'models_gone', provider: 'p', count: 6, models },
    'Imported models that p no longer lists (6): a, b, c, d, e, and 1 more',
  ],
  [{ event: 'drift', node: 'n', cause: AlertCause.CONFIGURATION_REFUSED }, 'n refuses the newest configuration'],
  [
    { event: 'drift', node: 'n', cause: AlertCause.DATABASE_REFUSED },
    'n refuses this database: it has seen a newer or a different one',
  ],
  [
    { event: 'drift', node: 'n', cause: AlertCause.BEHIND, revision: 7n },
    'n has been serving revision 7, which is not the newest, for more than a minute',
  ],
  [
    { event: 'drift', node: 'n', cause: AlertCause.DOCUMENTS_REFUSED, count: 2 },
    'n does not serve documents that its version does not support (2)',
  ],
  [{ event: 'import_failing', provider: 'p', count: 2 }, 'The last 2 scheduled imports of p failed'],
  [{ event: 'sign_ins_failing', count: 20 }, '20 sign-ins to the console failed within 10 minutes'],
  [
    { event: 'rollout_held', revision: 9n, nodes: ['n', 'o'] },
    'Revision 9 is held back: something is wrong on n and o',
  ],
];

const all = () => (
  <ul>
    {ALERTS.map(([alert], i) => (
      <li key={ALERTS[i]?.[1]}>
        <AlertText alert={create(AlertSchema, { ...alert, summary: 'in English' })} />
      </li>
    ))}
  </ul>
);
const lines = () => screen.getAllByRole('listitem').map((line) => line.textContent);

test('every alert is said, with links to what it names', async () => {
  await renderUi(all);
  expect(lines()).toEqual(ALERTS.map(([, text]) => text));
  expect(screen.getAllByRole('link', { name: 'p/m' })[0]).toHaveAttribute('href', '/providers?provider=p');
  expect(screen.getAllByRole('link', { name: 'g' })[0]).toHaveAttribute('href', '/groups?group=g');
  expect(screen.getAllByRole('link', { name: 'k' })[0]).toHaveAttribute('href', '/keys?key=k');
  expect(screen.getAllByRole('link', { name: 'n' })[0]).toHaveAttribute('href', '/nodes?node=n');
});

test.each(['zh', 'ja', 'ko'] as const)('in %s nothing is left in English', async (lang) => {
  await renderUi(all, { lang });
  for (const line of lines()) expect(line).not.toMatch(/in English|[A-Za-z]{4}/);
});

test.each([
  { event: 'cooldown', provider: 'p' },
  { event: 'group_unavailable', group: 'g' },
  { event: 'budget', apiKey: 'k' },
  { event: 'key_expiring', apiKey: 'k' },
  { event: 'node_lost', node: 'n' },
  { event: 'models_gone', provider: 'p' },
  { event: 'drift', node: 'n', cause: 99 },
  { event: 'import_failing', provider: 'p' },
  { event: 'sign_ins_failing' },
  { event: 'rollout_held' },
  { event: 'from-the-future' },
])('what an older or newer control plane does not tell is shown as it says it: $event', async (alert) => {
  await renderUi(() => <AlertText alert={create(AlertSchema, { ...alert, summary: 'in English' })} />);
  expect(screen.getByText('in English')).toHaveAttribute('lang', 'en');
});

test('why: an outcome by its word, anything else as it is', async () => {
  await renderUi(() => (
    <>
      <AlertReason alert={create(AlertSchema, { reason: 'rate_limited' })} />
      <AlertReason alert={create(AlertSchema, { reason: 'no such field' })} />
      <AlertReason alert={create(AlertSchema, {})} />
    </>
  ));
  expect(screen.getByText('Rate limited')).not.toHaveAttribute('lang');
  expect(screen.getByText('no such field')).toHaveAttribute('lang', 'en');
});
