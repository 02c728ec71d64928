import { stateOf } from '@/api/targetState';
import type { ProviderHealth } from '@/gen/trunkline/admin/v1/health_pb';
import type { Provider } from '@/gen/trunkline/admin/v1/provider_pb';
import type { HealthState } from '@/ui/health';
import type { Order } from '@/ui/order';
import type { Figures } from '../queries';

/** A provider with what health and usage know of it. */
export type Row = {
  provider: Provider;
  health: ProviderHealth | undefined;
  state: HealthState;
  models: number;
  requests: number;
  failures: number;
  cost: number;
};

export function rowOf(provider: Provider, health: ProviderHealth | undefined, figures: Figures | undefined): Row {
  return {
    provider,
    health,
    state: provider.enabled === false ? 'disabled' : stateOf(health?.state),
    models: health?.modelCount ?? provider.models.length,
    requests: Number(figures?.attempts?.attempts ?? 0n),
    failures: Number(figures?.attempts?.countedFailures ?? 0n),
    cost: Number(figures?.usage?.cost ?? 0),
  };
}

/** From what needs someone to what needs nobody. */
const RANK: Record<HealthState, number> = {
  healthy: 0,
  probing: 1,
  degraded: 2,
  unserved: 3,
  cooling: 4,
  unknown: 5,
  disabled: -1,
};

const BY: Record<string, (row: Row) => number> = {
  health: (row) => RANK[row.state],
  models: (row) => row.models,
  requests: (row) => row.requests,
  failures: (row) => row.failures,
  cost: (row) => row.cost,
};

/** Sorted by a figure; equal ones stay in name order, as they came. */
export function sortRows(rows: readonly Row[], order: Order): Row[] {
  const of = BY[order.by];
  if (!of) return [...rows];
  return [...rows].sort((a, b) => (order.desc ? of(b) - of(a) : of(a) - of(b)));
}
