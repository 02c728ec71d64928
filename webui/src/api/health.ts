import type { Group, Member } from '@/gen/trunkline/admin/v1/group_pb';
import { type TargetHealth, TargetState } from '@/gen/trunkline/admin/v1/health_pb';
import type { Node } from '@/gen/trunkline/admin/v1/node_pb';
import type { Model, Provider } from '@/gen/trunkline/admin/v1/provider_pb';
import type { Health, HealthState } from '@/ui/health';
import { toMs } from './duration';

const RANK: Record<HealthState, number> = {
  healthy: 0,
  degraded: 1,
  probing: 2,
  cooling: 3,
  unserved: 4,
  disabled: 5,
  unknown: 6,
};

const DISABLED: Health = { state: 'disabled', until: 0, reason: '', failures: 0, threshold: 0, nodes: 0, of: 0 };

/** How targets, credentials and whole providers stand over all connected nodes. */
export class HealthIndex {
  readonly #nodes: Map<string, Health>[];

  /** at is when the nodes' report was received: the time left of cooldowns counts from there. */
  constructor(nodes: readonly Node[], at: number) {
    // A node that is not connected reports nothing: what it last said may be long over.
    this.#nodes = nodes.filter((n) => n.connected).map((n) => new Map(n.targets.map((t) => [keyOf(t), read(t, at)])));
  }

  /** A model of the provider, as a call would find it: the worst of its own scope, the provider's and its best credential's. */
  target(provider: Provider, model: string): Health {
    if (provider.enabled === false) return DISABLED;
    const credentials = provider.credentials.filter((c) => c.enabled !== false);
    return this.#overNodes((at) => {
      const own = worse(at(scope(provider.name, model, '')), at(scope(provider.name, '', '')));
      const best = credentials.map((c) => at(scope(provider.name, '', c.name))).reduce<Health | null>(better, null);
      return best && RANK[best.state] >= RANK.probing ? worse(own, best) : own;
    });
  }

  credential(provider: Provider, name: string, enabled: boolean | undefined): Health {
    if (provider.enabled === false || enabled === false) return DISABLED;
    return this.#overNodes((at) => at(scope(provider.name, '', name)));
  }

  /** A provider is as bad as its worst part, but cooling only when nothing of it can be used. */
  provider(provider: Provider): Health {
    if (provider.enabled === false) return DISABLED;
    const own = this.#overNodes((at) => at(scope(provider.name, '', '')));
    if (own.state === 'cooling' || own.state === 'probing' || own.state === 'unknown') return own;
    const targets = provider.models.map((m) => this.target(provider, m.id));
    if (targets.length > 0 && targets.every((t) => t.state === 'cooling')) return targets.reduce(sooner);
    const credentials = provider.credentials.map((c) => this.credential(provider, c.name, c.enabled));
    const worst = [own, ...targets, ...credentials.filter((c) => c.state !== 'disabled')].reduce(worse);
    if (worst.state === 'healthy') return worst;
    return { ...worst, state: 'degraded', until: 0, reason: '' };
  }

  #overNodes(look: (at: (key: string) => Health) => Health): Health {
    const of = this.#nodes.length;
    if (of === 0) return { ...DISABLED, state: 'unknown' };
    const each = this.#nodes.map((node) => look((key) => node.get(key) ?? HEALTHY));
    const worst = each.reduce(worse);
    return { ...worst, nodes: each.filter((h) => h.state === worst.state).length, of };
  }
}

const HEALTHY: Health = { state: 'healthy', until: 0, reason: '', failures: 0, threshold: 0, nodes: 0, of: 0 };

const STATES: Partial<Record<TargetState, HealthState>> = {
  [TargetState.DEGRADED]: 'degraded',
  [TargetState.PROBING]: 'probing',
  [TargetState.COOLING]: 'cooling',
};

function read(t: TargetHealth, at: number): Health {
  const state = STATES[t.state] ?? 'healthy';
  const until = state === 'cooling' && t.remaining ? at + toMs(t.remaining) : 0;
  return { ...HEALTHY, state, until, reason: t.reason, failures: t.failures, threshold: t.threshold };
}

const scope = (provider: string, model: string, credential: string) => JSON.stringify([provider, model, credential]);
const keyOf = (t: TargetHealth) => scope(t.provider, t.model, t.credential);

function worse(a: Health, b: Health): Health {
  const byState = RANK[b.state] - RANK[a.state];
  if (byState !== 0) return byState > 0 ? b : a;
  return b.until > a.until || (b.until === a.until && b.failures > a.failures) ? b : a;
}
function better(a: Health | null, b: Health): Health {
  return a === null || worse(a, b) === a ? b : a;
}
const sooner = (a: Health, b: Health) => (b.until < a.until ? b : a);

/** One member of a group as the console shows it. */
export type MemberView = {
  member: Member;
  /** What the member names; undefined when the provider or its model is gone. */
  provider: Provider | undefined;
  model: Model | undefined;
  health: Health;
  /** Why it is disabled, when it is. */
  disabledBy: 'member' | 'provider' | 'missing' | null;
  /** first: it gets the next call. next: it gets it when the first ones fail. */
  turn: 'first' | 'next' | null;
  /** Share of the calls among equals, 0 to 1; undefined when it has no equal. */
  share: number | undefined;
};

/** The members in the order in which calls try them: priority, then price, equals sharing by weight. */
export function membersInOrder(
  group: Group,
  providers: ReadonlyMap<string, Provider>,
  index: HealthIndex,
): MemberView[] {
  const views = group.members.map((member) => view(member, providers, index)).sort(byRank);
  for (const v of views) {
    const equals = views.filter((o) => usable(o) && byRank(o, v) === 0);
    const total = equals.reduce((sum, o) => sum + weightOf(o), 0);
    v.share = usable(v) && equals.length > 1 && total > 0 ? weightOf(v) / total : undefined;
  }
  if (group.enabled !== false) giveTurns(views);
  return views;
}

function view(member: Member, providers: ReadonlyMap<string, Provider>, index: HealthIndex): MemberView {
  const provider = providers.get(member.provider);
  const model = provider?.models.find((m) => m.id === member.model || (m.alias !== '' && m.alias === member.model));
  const disabledBy =
    !provider || !model
      ? 'missing'
      : member.enabled === false
        ? 'member'
        : provider.enabled === false
          ? 'provider'
          : null;
  const health = provider && model && disabledBy === null ? index.target(provider, model.id) : DISABLED;
  return { member, provider, model, health, disabledBy, turn: null, share: undefined };
}

const usable = (v: MemberView) => v.disabledBy === null;
const weightOf = (v: MemberView) => v.member.weight ?? 1;
const cool = (v: MemberView) => v.health.state === 'cooling';
const placeOf = (v: MemberView) => (cool(v) ? 2 : v.health.state === 'probing' ? 1 : 0);

/**
 * Cooling ones go last, never away: when all of them cool, the first is tried all the same.
 * A probing one gets a single call, so it is not the one that serves.
 */
function giveTurns(views: MemberView[]) {
  const line = [0, 1, 2].flatMap((place) => views.filter((v) => usable(v) && placeOf(v) === place));
  const first = line[0];
  if (!first) return;
  const equals = line.filter((v) => byRank(v, first) === 0 && placeOf(v) === placeOf(first));
  for (const v of equals) v.turn = 'first';
  const next = line.find((v) => v.turn === null);
  if (next) next.turn = 'next';
}

function byRank(a: MemberView, b: MemberView): number {
  return a.member.priority - b.member.priority || comparePrice(a.model, b.model);
}

/** Compares what 1,000 input and 1,000 output tokens cost; a price that nobody declared comes last. */
function comparePrice(a: Model | undefined, b: Model | undefined): number {
  const [x, y] = [sampleCost(a), sampleCost(b)];
  return x === y ? 0 : x < y ? -1 : 1;
}

function sampleCost(model: Model | undefined): number {
  const price = model?.price;
  if (!price || (!price.input && !price.output && !price.perCall && !price.cachedInput))
    return Number.POSITIVE_INFINITY;
  return (Number(price.input) + Number(price.output)) / 1000 + Number(price.perCall);
}

/** What a list shows of a group before it is opened. */
export function groupHealth(group: Group, members: readonly MemberView[]): Health {
  const live = members.filter(usable);
  if (group.enabled === false) return DISABLED;
  if (live.length === 0) return { ...DISABLED, state: 'unserved' };
  const worst = live.map((m) => m.health).reduce(worse);
  if (worst.state === 'unknown' || worst.state === 'healthy') return worst;
  if (live.every(cool)) return live.map((m) => m.health).reduce(sooner);
  return { ...worst, state: 'degraded', until: 0, reason: '' };
}
