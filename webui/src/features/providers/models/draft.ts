import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Price, PriceSchema } from '@/gen/trunkline/admin/v1/price_pb';
import type { Model, ModelSchema, Provider } from '@/gen/trunkline/admin/v1/provider_pb';
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
  enabled: boolean;
  contextWindow: number;
  maxOutputTokens: number;
  price: Prices;
  rules: readonly RuleValues[];
};

/** All models as they are to be saved. */
export type Draft = { models: readonly ModelValues[] };

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
  enabled: model.enabled ?? true,
  contextWindow: Number(model.contextWindow),
  maxOutputTokens: Number(model.maxOutputTokens),
  price: pricesOf(model.price),
  rules: rulesOf(model.fieldRules),
});

const drafts = new WeakMap<Provider, Draft>();
/** The models of a provider as they are edited; of one provider always the same ones, so that they are compared at once. */
export function draftOf(provider: Provider): Draft {
  const draft = drafts.get(provider) ?? { models: provider.models.map(valuesOf) };
  drafts.set(provider, draft);
  return draft;
}

export const newModel = (id: string): ModelValues => ({
  id,
  alias: '',
  enabled: true,
  contextWindow: 0,
  maxOutputTokens: 0,
  price: pricesOf(undefined),
  rules: [],
});

/** A row of the table: as it will be, and what is told of it as it is. */
export type ModelRow = { values: ModelValues; stored: Model | undefined; isRemoved: boolean };

/** The models of a draft by their ids. */
export const byId = ({ models }: Draft) => new Map(models.map((values) => [values.id, values]));

/** Models that are new come first, those that go are still there. */
export function rowsOf(models: readonly Model[], draft: Draft): ModelRow[] {
  const drafted = byId(draft);
  const stored = models.map((model) => {
    const values = drafted.get(model.id);
    drafted.delete(model.id);
    return { values: values ?? valuesOf(model), stored: model, isRemoved: values === undefined };
  });
  return [...[...drafted.values()].map((values) => ({ values, stored: undefined, isRemoved: false })), ...stored];
}

/** Other values of models that are there. */
export function change({ models }: Draft, ...changed: readonly ModelValues[]): Draft {
  const next = new Map(changed.map((values) => [values.id, values]));
  return { models: models.map((values) => next.get(values.id) ?? values) };
}

export const add = ({ models }: Draft, added: readonly ModelValues[]): Draft => ({ models: [...models, ...added] });
export const remove = ({ models }: Draft, ids: ReadonlySet<string>): Draft => ({
  models: models.filter((values) => !ids.has(values.id)),
});

export const isSame = (a: ModelValues, b: ModelValues) => a === b || JSON.stringify(a) === JSON.stringify(b);

/** What was made of one state of the models, made of another: whole models are taken from the one or the other. */
export function rebase(before: Draft, after: Draft, on: Draft): Draft {
  const was = byId(before);
  const is = byId(after);
  const there = byId(on);
  const left = on.models.flatMap((values) => {
    const [old, next] = [was.get(values.id), is.get(values.id)];
    if (old && next) return isSame(old, next) ? values : next;
    return old ? [] : (next ?? values);
  });
  return { models: [...left, ...after.models.filter(({ id }) => !there.has(id) && !was.has(id))] };
}

/** The models as they are sent. */
export function documentOf({ models }: Draft): MessageInitShape<typeof ModelSchema>[] {
  return models.map(({ id, alias, enabled, contextWindow, maxOutputTokens, price, rules }) => ({
    id,
    alias: alias.trim(),
    enabled,
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
