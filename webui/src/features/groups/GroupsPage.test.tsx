import { create } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test } from 'vitest';
import {
  CandidateRole,
  type Group,
  GroupSchema,
  LeftOutReason,
  type UpdateGroupRequest,
} from '@/gen/trunkline/admin/v1/group_pb';
import { TargetState } from '@/gen/trunkline/admin/v1/health_pb';
import { UsageDimension } from '@/gen/trunkline/admin/v1/usage_pb';
import { refusal } from '@/test/refusal';
import { type Backend, renderApp } from '@/test/renderApp';

let chat: Group;
let sent: UpdateGroupRequest[];
let reset: string[];

beforeEach(() => {
  sent = [];
  reset = [];
  chat = create(GroupSchema, {
    name: 'chat',
    etag: '3',
    aliases: ['gpt-4'],
    members: [
      { provider: 'first', model: 'm', priority: 1 },
      { provider: 'second', model: 'm', priority: 2 },
      { provider: 'third', model: 'm', priority: 3, enabled: false },
    ],
    policy: { failureThreshold: 3 },
    effectivePolicy: { failureThreshold: 3, failureWindow: { seconds: 60n }, cooldown: { seconds: 30n } },
    apiKeyCount: 2,
  });
});

const candidates = [
  {
    provider: 'second',
    model: 'm',
    memberModel: 'm',
    price: '7.5',
    state: TargetState.HEALTHY,
    threshold: 3,
    role: CandidateRole.SERVING,
    share: 1,
    dialects: [
      { dialect: 'chat', spoken: 'chat' },
      { dialect: 'gemini', spoken: '' },
      { dialect: 'messages', spoken: 'chat' },
      { dialect: 'responses', spoken: 'responses', uncertain: true },
    ],
  },
  {
    provider: 'first',
    model: 'm',
    memberModel: 'm',
    state: TargetState.COOLING,
    reason: 'rate_limited',
    remaining: { seconds: 75n },
    failures: 3,
    threshold: 3,
    nodes: ['n1'],
    role: CandidateRole.LAST_RESORT,
  },
];
const leftOut = [
  {
    provider: 'third',
    model: 'm',
    memberModel: 'm',
    state: TargetState.DISABLED,
    leftOutReason: LeftOutReason.MEMBER_DISABLED,
  },
];

const backend = (groups: Backend['groups'] = {}): Backend => ({
  providers: {
    listProviders: ({ search }) => ({
      providers: [{ name: 'fourth', models: [{ id: 'gpt', alias: 'g' }, { id: 'other' }] }].filter(
        (p) => search === '' || p.name.includes(search) || 'gpt other'.includes(search),
      ),
    }),
    resetCooldown: ({ provider, model }) => {
      reset.push(`${provider}/${model}`);
      return { nodes: ['n1'] };
    },
  },
  groups: {
    listGroups: ({ search }) => {
      const all = [chat, create(GroupSchema, { name: 'spare', etag: '1' })];
      const found = all.filter((g) => g.name.includes(search) || g.aliases.includes(search));
      return { groups: found, totalSize: found.length };
    },
    getGroup: () => ({ group: chat }),
    explainGroups: ({ names }) => ({
      routes: names.map((group) =>
        group === 'chat' ? { group, state: TargetState.DEGRADED, candidates, leftOut } : { group },
      ),
    }),
    updateGroup: (request) => {
      sent.push(request);
      chat = create(GroupSchema, { ...chat, ...request.group, etag: '4', apiKeyCount: 2 });
      return { group: chat };
    },
    ...groups,
  },
  keys: {
    listApiKeys: ({ group }) =>
      group === 'chat' || group === '' ? { apiKeys: [{ name: 'app' }, { name: 'bot' }], totalSize: 2 } : {},
  },
  nodes: { listNodes: () => ({ revision: 4n, nodes: [{ name: 'n1', connected: true, appliedRevision: 4n }] }) },
});

const rows = async () => within(await screen.findByRole('list', { name: 'Failover order' })).getAllByRole('listitem');
const save = () => userEvent.click(screen.getByRole('button', { name: 'Save' }));
const choose = async (member: string, item: string) => {
  await userEvent.click(screen.getByRole('button', { name: `Actions for ${member} / m` }));
  await userEvent.click(await screen.findByRole('menuitem', { name: item }));
};

test('shows the members in order with state, part, countdown, reason and price, as the API says', async () => {
  renderApp('/groups', backend());
  await screen.findByText('Serving now');
  const [first, second, third] = (await rows()).map((row) => within(row));
  expect(first?.getByText('Cooling down')).toBeVisible();
  expect(first?.getByText(/Retry in 1:1\d/)).toBeVisible();
  expect(first?.getByText('Rate limited')).toBeVisible();
  expect(first?.getByText('Last resort')).toBeVisible();
  expect(second?.getByText('Serving now')).toBeVisible();
  expect(second?.getByText('$7.50')).toBeVisible();
  expect(second?.getByText('0 of 3 failures')).toBeVisible();
  expect(third?.getByText('Switched off in this group')).toBeVisible();
  expect(screen.getByRole('link', { name: '2 API keys' })).toHaveAttribute('href', '/keys?group=chat');
  expect(screen.getByText('3 failures in 1 min')).toBeVisible();
  expect(await screen.findByText('3 members · 1 cooling')).toBeVisible();
});

test('the day of a member is its own, also where its provider was called with other models', async () => {
  const startTime = { seconds: 1_800_000_000n };
  const series = (value: string, countedFailures: bigint) => {
    const total = { attempts: 4n, countedFailures };
    return { value, total, points: [{ startTime, total }] };
  };
  renderApp('/groups', {
    ...backend(),
    usage: {
      getAttemptSeries: ({ by, filter }) => ({
        bucketTimes: [startTime],
        series:
          by === UsageDimension.PROVIDER
            ? [series('first', 2n), series('second', 0n)]
            : filter?.provider === 'first'
              ? [series('m', 1n), series('before', 3n)]
              : [],
      }),
      breakDownAttempts: () => ({
        rows: [
          { value: 'first', parts: [series('m', 1n), series('before', 3n)] },
          { value: 'second', parts: [series('m', 0n)] },
        ],
      }),
    },
  });
  const [first, second, third] = (await rows()).map((row) => within(row));
  expect(await first?.findByText(/^75% of the requests/)).toBeInTheDocument();
  expect(first?.getByTitle('Successful attempts')).toHaveTextContent('75%');
  expect(second?.getByText(/^100% of the requests/)).toBeInTheDocument();
  expect(third?.getByText('No requests in the last 24 hours')).toBeInTheDocument();
});

test('the server searches, and what is chosen opens', async () => {
  const { router } = renderApp('/groups', backend());
  const list = await screen.findByRole('region', { name: 'Groups' });
  expect(within(list).getAllByRole('link')).toHaveLength(2);
  await userEvent.type(screen.getByRole('searchbox', { name: 'Filter groups' }), 'gpt-4');
  await waitFor(() => expect(within(list).getAllByRole('link')).toHaveLength(1));
  expect(router.state.location.search).toEqual({ q: 'gpt-4' });
  await userEvent.clear(screen.getByRole('searchbox'));
  await userEvent.click(await within(list).findByRole('link', { name: /spare/ }));
  expect(await screen.findByText(/fail with status 503 until it has a member/)).toBeVisible();
  expect(router.state.location.search).toEqual({ group: 'spare' });
});

test('what is edited is told, saved alone, and seen on the nodes', async () => {
  renderApp('/groups?group=chat', backend());
  await screen.findByText('Serving now');
  await choose('second', 'Give the same priority as above');
  await userEvent.clear(screen.getByLabelText('Weight of first / m'));
  await userEvent.type(screen.getByLabelText('Weight of first / m'), '3');
  await userEvent.click(screen.getByRole('button', { name: '2 unsaved changes' }));
  const bar = within(screen.getByRole('region', { name: 'Unsaved changes' }));
  expect(bar.getByText('first / m = second / m → third / m')).toBeVisible();
  expect(bar.getByText('first / m: Weight')).toBeVisible();
  await save();
  expect(await screen.findByText(/^Saved, and live on 1 of 1 nodes in /)).toBeVisible();
  expect(sent).toHaveLength(1);
  expect(sent[0]?.updateMask?.paths).toEqual(['members']);
  expect(sent[0]?.group?.etag).toBe('3');
  expect(sent[0]?.group?.members.map((m) => [m.provider, m.priority, m.weight])).toEqual([
    ['first', 1, 3],
    ['second', 1, 1],
    ['third', 2, 1],
  ]);
  expect(screen.queryByRole('region', { name: 'Unsaved changes' })).toBeNull();
});

test('members are found while typing, and leave again', async () => {
  renderApp('/groups?group=chat', backend());
  await screen.findByText('Serving now');
  await userEvent.click(screen.getByRole('button', { name: 'Add members' }));
  const dialog = within(await screen.findByRole('dialog', { name: 'Add members' }));
  await waitFor(() => expect(dialog.getByRole('searchbox')).toHaveFocus());
  await userEvent.keyboard('gpt four');
  await userEvent.click(await dialog.findByRole('button', { name: 'Add fourth / g' }));
  expect(dialog.getByRole('button', { name: 'Added fourth / g' })).toHaveFocus();
  expect(dialog.queryByRole('button', { name: 'Add fourth / other' })).toBeNull();
  await userEvent.click(dialog.getByRole('button', { name: 'Done' }));
  expect((await rows()).map((row) => within(row).getAllByRole('link')[0]?.textContent)).toEqual([
    'first',
    'second',
    'third',
    'fourth',
  ]);
  await choose('first', 'Remove from group');
  await save();
  await waitFor(() => expect(sent).toHaveLength(1));
  expect(sent[0]?.group?.members.map((m) => `${m.provider}/${m.model}`)).toEqual(['second/m', 'third/m', 'fourth/g']);
});

test('a cooldown is ended at once', async () => {
  renderApp('/groups?group=chat', backend());
  await screen.findByText('Serving now');
  await choose('first', 'End cooldown now');
  await waitFor(() => expect(reset).toEqual(['first/m']));
});

test('a conflict shows both, and theirs can be taken or overwritten', async () => {
  let conflicts = 1;
  renderApp(
    '/groups?group=chat&tab=settings',
    backend({
      updateGroup: (request) => {
        if (conflicts-- > 0) {
          chat = create(GroupSchema, { ...chat, etag: '9', selection: 'weighted' });
          throw new ConnectError('changed meanwhile', Code.Aborted);
        }
        sent.push(request);
        return { group: create(GroupSchema, { ...chat, aliases: request.group?.aliases ?? [], etag: '10' }) };
      },
    }),
  );
  await userEvent.type(await screen.findByRole('combobox', { name: 'Also called' }), 'five,');
  await save();
  const alert = await screen.findByRole('alert');
  expect(alert).toHaveTextContent('Someone else changed this');
  expect(alert).toHaveTextContent('By weight');
  expect(alert).toHaveTextContent('gpt-4 and five');
  await userEvent.click(within(alert).getByRole('button', { name: 'Overwrite with mine' }));
  await waitFor(() => expect(sent).toHaveLength(1));
  expect(sent[0]?.group?.etag).toBe('9');
  expect(sent[0]?.updateMask?.paths).toEqual(['aliases']);
});

test('another group is not opened over unsaved edits without asking', async () => {
  const { router } = renderApp('/groups?group=chat', backend());
  await screen.findByText('Serving now');
  await choose('second', 'Leave out of this group');
  await userEvent.click(screen.getByRole('link', { name: /spare/ }));
  const dialog = await screen.findByRole('dialog', { name: 'Leave without saving?' });
  expect(router.state.location.search).toEqual({ group: 'chat' });
  await userEvent.click(within(dialog).getByRole('button', { name: 'Leave' }));
  await waitFor(() => expect(router.state.location.search).toEqual({ group: 'spare' }));
});

test('a new group is refused at its field, then made and opened', async () => {
  let refused = true;
  const { router } = renderApp(
    '/groups?new=true',
    backend({
      createGroup: ({ group }) => {
        if (refused) throw refusal({ 'group.name': 'is taken' });
        chat = { ...(group as Group), etag: '4' };
        return { group: chat };
      },
    }),
  );
  await userEvent.type(await screen.findByLabelText(/^Name/), 'fresh');
  await userEvent.click(screen.getByRole('button', { name: 'Create group' }));
  expect(await screen.findByText('Is taken')).toBeVisible();
  refused = false;
  await userEvent.click(screen.getByRole('button', { name: 'Create group' }));
  expect(await screen.findByRole('heading', { name: 'fresh' })).toBeVisible();
  expect(router.state.location.search).toEqual({ group: 'fresh' });
});

test('deleting names the keys that hinder it', async () => {
  renderApp('/groups?group=chat', backend());
  await userEvent.click(await screen.findByRole('button', { name: 'More about chat' }));
  await userEvent.click(await screen.findByRole('menuitem', { name: 'Delete group' }));
  const dialog = within(await screen.findByRole('dialog', { name: 'Delete chat?' }));
  expect(await dialog.findByRole('link', { name: 'bot' })).toHaveAttribute('href', '/keys?key=bot');
  expect(dialog.queryByRole('button', { name: 'Delete group' })).toBeNull();
});

test('the route says the part of each, and who is left out', async () => {
  renderApp('/groups?group=chat&tab=route', backend());
  const list = await screen.findByRole('list', { name: 'How a call would go now' });
  const [one, two] = list.children;
  expect(one).toHaveTextContent('second');
  expect(one).toHaveTextContent('Calls go to it first.');
  expect(two).toHaveTextContent('It is cooling down, and is tried only when nothing else is left.');
  expect(two).toHaveTextContent('On n1');
  expect(screen.getByRole('list', { name: 'Left out' })).toHaveTextContent('Switched off in this group');
  const ways = within(screen.getByRole('list', { name: 'How calls in each API reach it' })).getAllByRole('listitem');
  expect(ways.map((way) => way.textContent)).toEqual([
    'chat unchanged',
    'gemini not at all',
    'messages translated to chat',
    'responses unchanged, if the provider supports it',
  ]);
});

test('a sticky group shows where a conversation goes, and what the server says against it', async () => {
  chat = create(GroupSchema, { ...chat, selection: 'sticky' });
  const asked: object[] = [];
  const explainGroup = ({ name, session, apiKey }: { name: string; session: string; apiKey: string }) => {
    asked.push({ name, session, apiKey });
    if (session === 'bad') throw new ConnectError('no such thing', Code.InvalidArgument);
    const [own] = candidates;
    return {
      route: {
        group: name,
        state: TargetState.HEALTHY,
        candidates: [{ ...own, provider: 'own', credential: 'second-key' }],
      },
    };
  };
  renderApp('/groups?group=chat&tab=route', backend({ explainGroup }));
  const list = await screen.findByRole('list', { name: 'How a call would go now' });
  expect(list.children).toHaveLength(2);
  const show = screen.getByRole('button', { name: 'Show' });
  expect(show).toBeDisabled();
  await userEvent.click(screen.getByRole('combobox', { name: 'API key' }));
  await userEvent.click(await screen.findByRole('option', { name: 'app' }));
  const session = screen.getByRole('textbox', { name: 'Session' });
  await userEvent.type(session, ' s-1 ');
  await userEvent.click(show);
  expect(await screen.findByText('second-key')).toBeVisible();
  expect(screen.getByText(/For the conversation “s-1”/)).toBeVisible();
  expect(asked[0]).toEqual({ name: 'chat', session: 's-1', apiKey: 'app' });
  await userEvent.clear(session);
  await userEvent.type(session, 'bad');
  await userEvent.click(show);
  expect(await screen.findByText(/no such thing/)).toBeVisible();
  await userEvent.click(screen.getByRole('button', { name: 'Any call' }));
  expect(screen.queryByText('second-key')).toBeNull();
  expect(session).toHaveValue('');
});

test('a pasted request shows what each member would be told, and what is wrong with it', async () => {
  const asked: object[] = [];
  const previewTranslation = ({ name, dialect, body }: { name: string; dialect: string; body: string }) => {
    asked.push({ name, dialect, body });
    if (body === 'bad') throw new ConnectError('body: must be valid JSON', Code.InvalidArgument);
    const [own, other] = candidates;
    return {
      route: {
        group: name,
        candidates: [
          { ...own },
          { ...other, translation: { to: 'chat', approximated: ['thinking'], dropped: ['metadata'] } },
        ],
        leftOut: [
          {
            ...leftOut[0],
            leftOutReason: LeftOutReason.NOT_TRANSLATABLE,
            translation: { to: 'gemini', refused: 'previous_response_id', reason: 'it has nothing like it' },
          },
        ],
      },
    };
  };
  renderApp('/groups?group=chat&tab=route', backend({ previewTranslation }));
  const show = await screen.findByRole('button', { name: 'Preview' });
  expect(show).toBeDisabled();
  const body = screen.getByRole('textbox', { name: 'Request body' });
  await userEvent.click(body);
  await userEvent.paste('{"input":"hi"}');
  await userEvent.click(screen.getByRole('combobox', { name: 'API of the client' }));
  await userEvent.click(await screen.findByRole('option', { name: 'responses' }));
  await userEvent.click(show);
  const told = within(await screen.findByRole('list', { name: 'What a request would become' })).getAllByRole(
    'listitem',
  );
  expect(told.map((one) => one.textContent)).toEqual([
    'second mgets it unchanged',
    'first mtranslated to chatApproximated: thinkingDropped: metadata',
    'third mtranslated to geminiCannot express previous_response_id: it has nothing like it',
  ]);
  expect(asked).toEqual([{ name: 'chat', dialect: 'responses', body: '{"input":"hi"}' }]);
  await userEvent.clear(body);
  await userEvent.paste('bad');
  await userEvent.click(show);
  expect(await screen.findByText(/must be valid JSON/)).toBeVisible();
  expect(screen.queryByText('second mgets it unchanged')).toBeNull();
});

test('a group in the address that is gone says so', async () => {
  const gone = backend({
    getGroup: () => {
      throw new ConnectError('no such group', Code.NotFound);
    },
  });
  renderApp('/groups?group=nope', gone);
  expect(await screen.findByText('There is no group called nope')).toBeVisible();
});

test('with no group it says what to do', async () => {
  renderApp('/groups');
  expect(await screen.findByRole('heading', { name: 'No groups yet' })).toBeVisible();
});

test('a failed read shows code and request id, and trying again works', async () => {
  let broken = true;
  renderApp('/groups', {
    groups: {
      listGroups: () => {
        if (broken) throw new ConnectError('the disk is full', Code.FailedPrecondition, { 'x-request-id': 'r-77' });
        return { groups: [{ name: 'back' }], totalSize: 1 };
      },
    },
  });
  const alert = await screen.findByRole('alert');
  expect(alert).toHaveTextContent('the disk is full');
  expect(alert).toHaveTextContent('r-77');
  broken = false;
  await userEvent.click(within(alert).getByRole('button', { name: 'Try again' }));
  expect(await screen.findByRole('heading', { name: 'back' })).toBeVisible();
});
