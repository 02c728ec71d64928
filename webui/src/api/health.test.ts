import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { type Group, GroupSchema } from '@/gen/trunkline/admin/v1/group_pb';
import { TargetState } from '@/gen/trunkline/admin/v1/health_pb';
import { type Node, NodeSchema } from '@/gen/trunkline/admin/v1/node_pb';
import { type Provider, ProviderSchema } from '@/gen/trunkline/admin/v1/provider_pb';
import { needsHelp } from '@/ui/health';
import { groupHealth, HealthIndex, membersInOrder } from './health';

const AT = 1_000_000;

type Target = {
  provider?: string;
  model?: string;
  credential?: string;
  state: 'UNSPECIFIED' | 'HEALTHY' | 'DEGRADED' | 'PROBING' | 'COOLING' | 'DISABLED';
  seconds?: number;
  reason?: string;
  failures?: number;
};

const node = (name: string, targets: Target[], connected = true): Node =>
  create(NodeSchema, {
    name,
    connected,
    targets: targets.map(({ seconds, ...t }) => ({
      provider: 'a',
      threshold: 5,
      ...t,
      state: TargetState[t.state],
      remaining: seconds === undefined ? undefined : { seconds: BigInt(seconds) },
    })),
  });

const provider = (
  name: string,
  init: { models?: string[]; credentials?: string[]; enabled?: boolean; alias?: string } = {},
): Provider =>
  create(ProviderSchema, {
    name,
    enabled: init.enabled,
    models: (init.models ?? ['m']).map((id) => ({ id, alias: init.alias ?? '' })),
    credentials: (init.credentials ?? []).map((c) => ({ name: c })),
  });

describe('a target', () => {
  const a = provider('a', { credentials: ['k1', 'k2'] });
  const state = (...nodes: Node[]) => new HealthIndex(nodes, AT).target(a, 'm');

  test('nobody complains about is healthy', () => expect(state(node('n', [])).state).toBe('healthy'));
  test('is unknown when no node is connected, whatever the lost ones said', () => {
    expect(state().state).toBe('unknown');
    expect(state(node('n', [{ model: 'm', state: 'COOLING' }], false)).state).toBe('unknown');
  });
  test('is as bad as the worst node says, and tells on how many', () => {
    const h = state(
      node('n1', [{ model: 'm', state: 'DEGRADED', failures: 2 }]),
      node('n2', [{ model: 'm', state: 'COOLING', seconds: 30 }]),
    );
    expect(h).toMatchObject({ state: 'cooling', until: AT + 30_000, nodes: 1, of: 2 });
  });
  test('counts down to the last node', () => {
    const h = state(
      node('n1', [{ model: 'm', state: 'COOLING', seconds: 10 }]),
      node('n2', [{ model: 'm', state: 'COOLING', seconds: 40 }]),
    );
    expect(h).toMatchObject({ until: AT + 40_000, nodes: 2, of: 2 });
  });
  test('cools with its whole provider', () =>
    expect(state(node('n', [{ state: 'COOLING', seconds: 5 }])).state).toBe('cooling'));
  test('works while one credential does', () => {
    expect(state(node('n', [{ credential: 'k1', state: 'COOLING', seconds: 5 }])).state).toBe('healthy');
  });
  test('cools when all credentials do, until the first is back', () => {
    const h = state(
      node('n', [
        { credential: 'k1', state: 'COOLING', seconds: 50 },
        { credential: 'k2', state: 'COOLING', seconds: 20, reason: 'auth_failed' },
      ]),
    );
    expect(h).toMatchObject({ state: 'cooling', until: AT + 20_000, reason: 'auth_failed' });
    expect(needsHelp(h)).toBe(true);
  });
  test('another model does not matter', () =>
    expect(state(node('n', [{ model: 'x', state: 'COOLING' }])).state).toBe('healthy'));
  test('an unknown word of a newer node is no alarm', () =>
    expect(state(node('n', [{ model: 'm', state: 'UNSPECIFIED' }])).state).toBe('healthy'));
  test('of a disabled provider is disabled', () => {
    const off = provider('a', { enabled: false });
    expect(new HealthIndex([node('n', [])], AT).target(off, 'm').state).toBe('disabled');
  });
});

describe('a provider', () => {
  const a = provider('a', { models: ['m', 'o'], credentials: ['k1', 'k2'] });
  const state = (...targets: Target[]) => new HealthIndex([node('n', targets)], AT).provider(a).state;

  test('with one model cooling is degraded', () => expect(state({ model: 'm', state: 'COOLING' })).toBe('degraded'));
  test('with every model cooling is cooling', () => {
    expect(state({ model: 'm', state: 'COOLING' }, { model: 'o', state: 'COOLING' })).toBe('cooling');
  });
  test('with one credential refused is degraded', () =>
    expect(state({ credential: 'k1', state: 'COOLING' })).toBe('degraded'));
  test('with nothing wrong is healthy', () => expect(state()).toBe('healthy'));
});

describe('the failover order', () => {
  const price = (input: string, output: string) => ({ input, output, cachedInput: '', perCall: '' });
  const group = (
    members: { provider: string; model?: string; priority?: number; weight?: number; enabled?: boolean }[],
    enabled?: boolean,
  ): Group =>
    create(GroupSchema, { name: 'g', enabled, members: members.map((m) => ({ model: 'm', priority: 1, ...m })) });
  const providers = new Map(
    [
      create(ProviderSchema, { name: 'cheap', models: [{ id: 'm', price: price('1', '1') }] }),
      create(ProviderSchema, { name: 'dear', models: [{ id: 'm', price: price('5', '9') }] }),
      create(ProviderSchema, { name: 'twin', models: [{ id: 'm', price: price('1.0', '1.00') }] }),
      create(ProviderSchema, { name: 'free', models: [{ id: 'm', alias: 'short' }] }),
      create(ProviderSchema, { name: 'off', enabled: false, models: [{ id: 'm' }] }),
    ].map((p) => [p.name, p]),
  );
  const order = (g: Group, targets: Target[] = []) =>
    membersInOrder(g, providers, new HealthIndex([node('n', targets)], AT));
  const names = (views: ReturnType<typeof order>) => views.map((v) => v.member.provider);

  test('is by priority, then by price, unpriced last', () => {
    const g = group([
      { provider: 'free' },
      { provider: 'dear' },
      { provider: 'cheap' },
      { provider: 'twin', priority: 0 },
    ]);
    expect(names(order(g))).toEqual(['twin', 'cheap', 'dear', 'free']);
  });
  test('equals share by weight and all serve', () => {
    const views = order(group([{ provider: 'cheap', weight: 3 }, { provider: 'twin' }, { provider: 'dear' }]));
    expect(views.map((v) => [v.share, v.turn])).toEqual([
      [0.75, 'first'],
      [0.25, 'first'],
      [undefined, 'next'],
    ]);
  });
  test('a cooling member gives its turn away', () => {
    const views = order(group([{ provider: 'cheap' }, { provider: 'dear', priority: 2 }]), [
      { provider: 'cheap', model: 'm', state: 'COOLING' },
    ]);
    expect(views.map((v) => v.turn)).toEqual(['next', 'first']);
  });
  test('a probing member does not serve yet', () => {
    const g = group([{ provider: 'cheap' }, { provider: 'dear', priority: 2 }]);
    const views = order(g, [{ provider: 'cheap', model: 'm', state: 'PROBING' }]);
    expect(views.map((v) => v.turn)).toEqual(['next', 'first']);
  });
  test('when all cool, the first is still tried', () => {
    const cooling = ['cheap', 'dear'].map((p) => ({ provider: p, model: 'm', state: 'COOLING' as const, seconds: 9 }));
    const g = group([{ provider: 'cheap' }, { provider: 'dear', priority: 2 }]);
    const views = order(g, cooling);
    expect(views[0]).toMatchObject({ turn: 'first', health: { state: 'cooling' } });
    expect(groupHealth(g, views).state).toBe('cooling');
  });
  test('finds a model by its alias', () => {
    expect(order(group([{ provider: 'free', model: 'short' }]))[0]).toMatchObject({
      disabledBy: null,
      model: { id: 'm' },
    });
  });
  test('says why a member takes no part', () => {
    const views = order(
      group([
        { provider: 'cheap', enabled: false },
        { provider: 'off' },
        { provider: 'gone' },
        { provider: 'dear', model: 'gone' },
      ]),
    );
    expect(Object.fromEntries(views.map((v) => [v.member.provider, v.disabledBy]))).toEqual({
      cheap: 'member',
      off: 'provider',
      gone: 'missing',
      dear: 'missing',
    });
    expect(views.every((v) => v.turn === null)).toBe(true);
  });
  test('a group nobody can answer says so, a disabled one is just disabled', () => {
    const nobody = group([{ provider: 'off' }]);
    expect(groupHealth(nobody, order(nobody)).state).toBe('unserved');
    const off = group([{ provider: 'cheap' }], false);
    expect(groupHealth(off, order(off)).state).toBe('disabled');
    expect(order(off)[0]?.turn).toBeNull();
  });
});
