import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Price, PriceSchema } from '@/gen/trunkline/admin/v1/price_pb';
import type { Model, ModelSchema } from '@/gen/trunkline/admin/v1/provider_pb';
import { PRICE_KINDS, type PriceKind } from '@/ui/priceKinds';
import { documentsOf, type RuleValues, rulesOf } from '../rules/rule';

/** Amounts by what they are paid for; an empty one is not set. */
export type Rates = Record<PriceKind, string>;
/** A price for long prompts, or for a service tier; what is empty stays as it is without it. */
export type Tier = Rates & { aboveInputTokens: number; serviceTier: string };
export type Prices = Rates & { tiers: readonly Tier[] };

/** What one may set of a model. */
export type ModelValues = {
  id: string;
  alias: string;
  contextWindow: number;
  maxOutputTokens: number;
  price: Prices;
  rules: readonly RuleValues[];
};

/** What is edited and not saved: values by id, ids that go, and whole models that come. */
export type Draft = {
  edited: ReadonlyMap<string, ModelValues>;
  removed: ReadonlySet<string>;
  added: readonly ModelValues[];
};
export const EMPTY: Draft = { edited: new Map(), removed: new Set(), added: [] };

const ratesOf = (price: Partial<Rates> | undefined) =>
  Object.fromEntries(PRICE_KINDS.map((kind) => [kind, price?.[kind] ?? ''])) as Rates;

export const newTier = (): Tier => ({ ...ratesOf(undefined), aboveInputTokens: 0, serviceTier: '' });

export function pricesOf(price: Price | undefined): Prices {
  const tiers = price?.tiers.map((tier) => ({
    ...ratesOf(tier),
    aboveInputTokens: Number(tier.aboveInputTokens),
    serviceTier: tier.serviceTier,
  }));
  return { ...ratesOf(price), tiers: tiers ?? [] };
}

const tierKey = (tier: Tier) => `${tier.aboveInputTokens} ${tier.serviceTier.trim()}`;

/** What is said over what there was: an empty amount keeps it, and a tier is that of the same length and service. */
export function pricesWith(prices: Prices, given: Prices): Prices {
  const rates = <T extends Rates>(from: T, to: Rates): T => ({
    ...from,
    ...Object.fromEntries(PRICE_KINDS.filter((kind) => to[kind] !== '').map((kind) => [kind, to[kind]])),
  });
  const tiers = new Map(prices.tiers.map((tier) => [tierKey(tier), tier]));
  for (const tier of given.tiers) {
    const present = tiers.get(tierKey(tier));
    tiers.set(tierKey(tier), present ? rates(present, tier) : tier);
  }
  return { ...rates(prices, given), tiers: [...tiers.values()] };
}

/** Nothing is said. */
export const isEmptyPrice = (prices: Prices) => priceOf(prices) === undefined;

/** The price as it is to be saved; none when nothing is said. */
export function priceOf(prices: Prices): MessageInitShape<typeof PriceSchema> | undefined {
  const { tiers, ...rates } = prices;
  if (tiers.length === 0 && PRICE_KINDS.every((kind) => rates[kind] === '')) return undefined;
  return {
    ...rates,
    tiers: tiers.map((tier) => ({
      ...tier,
      aboveInputTokens: BigInt(tier.aboveInputTokens),
      serviceTier: tier.serviceTier.trim(),
    })),
  };
}

export const valuesOf = (model: Model): ModelValues => ({
  id: model.id,
  alias: model.alias,
  contextWindow: Number(model.contextWindow),
  maxOutputTokens: Number(model.maxOutputTokens),
  price: pricesOf(model.price),
  rules: rulesOf(model.fieldRules),
});
export const newModel = (id: string): ModelValues => ({
  id,
  alias: '',
  contextWindow: 0,
  maxOutputTokens: 0,
  price: pricesOf(undefined),
  rules: [],
});

/** A row of the table: as it will be, and what is told of it as it is. */
export type ModelRow = { values: ModelValues; stored: Model | undefined; isRemoved: boolean };

export function rowsOf(models: readonly Model[], draft: Draft): ModelRow[] {
  const stored = models.map((model) => ({
    values: draft.edited.get(model.id) ?? valuesOf(model),
    stored: model,
    isRemoved: draft.removed.has(model.id),
  }));
  const added = draft.added.map((values) => ({
    values: draft.edited.get(values.id) ?? values,
    stored: undefined,
    isRemoved: false,
  }));
  return [...added, ...stored];
}

/** Another value of one model; one that is as stored is no edit. */
export function edit(draft: Draft, models: readonly Model[], values: ModelValues): Draft {
  const edited = new Map(draft.edited).set(values.id, values);
  const stored = models.find((model) => model.id === values.id);
  if (stored && isSame(valuesOf(stored), values)) edited.delete(values.id);
  return { ...draft, edited };
}

/** Takes models out; those that were only added are simply forgotten. */
export function remove(draft: Draft, ids: ReadonlySet<string>): Draft {
  const fresh = new Set(draft.added.map((values) => values.id));
  return {
    edited: new Map([...draft.edited].filter(([id]) => !(ids.has(id) && fresh.has(id)))),
    removed: new Set([...draft.removed, ...[...ids].filter((id) => !fresh.has(id))]),
    added: draft.added.filter((values) => !ids.has(values.id)),
  };
}

export const isSame = (a: ModelValues, b: ModelValues) => JSON.stringify(a) === JSON.stringify(b);

/** The models as they are to be saved, in their order; new ones at the end. */
export function documentOf(models: readonly Model[], draft: Draft): MessageInitShape<typeof ModelSchema>[] {
  return [...models.map(valuesOf), ...draft.added]
    .filter((values) => !draft.removed.has(values.id))
    .map((values) => draft.edited.get(values.id) ?? values)
    .map(({ id, alias, contextWindow, maxOutputTokens, price, rules }) => ({
      id,
      alias: alias.trim(),
      contextWindow: BigInt(contextWindow),
      maxOutputTokens: BigInt(maxOutputTokens),
      price: priceOf(price),
      fieldRules: documentsOf(rules),
    }));
}

/** Ids out of a text that holds them in lines or between commas, each once. */
export function idsOf(text: string): string[] {
  return [...new Set(text.split(/[\n,;\t]+/).map((id) => id.trim()))].filter((id) => id !== '');
}
