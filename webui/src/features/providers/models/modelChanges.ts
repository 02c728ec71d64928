import type { Model, Provider } from '@/gen/trunkline/admin/v1/provider_pb';
import type { I18n } from '@/i18n';
import type { Change } from '@/ui/Changes';
import { PRICE_KINDS } from '@/ui/priceKinds';
import { ruleText } from '../rules/rule';
import { type Draft, EMPTY, isSame, type ModelValues, type Tier, valuesOf } from './draft';

type Words = Pick<I18n, 't' | 'usd' | 'int'>;

/** What a draft changes, a line for each field. */
export function modelChanges(words: Words, models: readonly Model[], draft: Draft): Change[] {
  const { t } = words;
  const added = draft.added.map((values) => ({ name: values.id, after: t('providers.change.added') }));
  const removed = models
    .filter((model) => draft.removed.has(model.id))
    .map((model) => ({ name: model.id, before: t('providers.change.present'), after: t('providers.change.removed') }));
  const edited = models.flatMap((model) => {
    const next = draft.edited.get(model.id);
    return next && !draft.removed.has(model.id) ? fields(words, valuesOf(model), next) : [];
  });
  return [...added, ...removed, ...edited];
}

function fields(words: Words, before: ModelValues, after: ModelValues): Change[] {
  const { t, usd, int } = words;
  const line = (what: string, a: string, b: string): Change[] =>
    a === b ? [] : [{ name: `${before.id} · ${what}`, before: a || '–', after: b || '–' }];
  const money = (value: string) => (value === '' ? '' : usd(value));
  const tokens = (value: number) => (value > 0 ? int(value) : '');
  return [
    ...line(t('providers.model.alias'), before.alias, after.alias),
    ...line(t('providers.model.context'), tokens(before.contextWindow), tokens(after.contextWindow)),
    ...line(t('providers.model.maxOutput'), tokens(before.maxOutputTokens), tokens(after.maxOutputTokens)),
    ...line(t('providers.rules.title'), before.rules.map(ruleText).join(', '), after.rules.map(ruleText).join(', ')),
    ...PRICE_KINDS.flatMap((kind) =>
      line(t(`price.kind.${kind}`), money(before.price[kind]), money(after.price[kind])),
    ),
    ...line(t('providers.price.tiers'), tiersText(words, before.price.tiers), tiersText(words, after.price.tiers)),
  ];
}

/** "> 200,000: Input $6.00, Output $22.50; flex: Input $1.50". */
function tiersText({ t, usd, int }: Words, tiers: readonly Tier[]): string {
  return tiers
    .map((tier) => {
      const of = [tier.serviceTier, tier.aboveInputTokens > 0 && `> ${int(tier.aboveInputTokens)}`].filter(Boolean);
      const amounts = PRICE_KINDS.filter((kind) => tier[kind] !== '').map(
        (kind) => `${t(`price.kind.${kind}`)} ${usd(tier[kind])}`,
      );
      return `${of.join(' ')}: ${amounts.join(', ')}`;
    })
    .join('; ');
}

/** What someone else changed, as a draft on what was there before. */
export function draftBetween(before: Provider, after: Provider): Draft {
  const old = new Map(before.models.map((model) => [model.id, valuesOf(model)]));
  const now = new Map(after.models.map((model) => [model.id, valuesOf(model)]));
  return {
    ...EMPTY,
    added: [...now.values()].filter((values) => !old.has(values.id)),
    removed: new Set([...old.keys()].filter((id) => !now.has(id))),
    edited: new Map(
      [...now].filter(([id, values]) => {
        const was = old.get(id);
        return was !== undefined && !isSame(was, values);
      }),
    ),
  };
}
