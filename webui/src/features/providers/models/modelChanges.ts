import type { I18n } from '@/i18n';
import type { Change } from '@/ui/Changes';
import { PRICE_KINDS } from '@/ui/priceKinds';
import { ruleText } from '../rules/rule';
import { byId, type Draft, isSame, type ModelValues, type Tier } from './draft';

type Words = Pick<I18n, 't' | 'usd' | 'int'>;

/** How one draft differs from another, a line for each field. */
export function modelChanges(words: Words, before: Draft, after: Draft): Change[] {
  const { t } = words;
  if (before === after) return [];
  const was = byId(before);
  const is = byId(after);
  const added = after.models
    .filter(({ id }) => !was.has(id))
    .map(({ id }) => ({ name: id, after: t('providers.change.added') }));
  const removed = before.models
    .filter(({ id }) => !is.has(id))
    .map(({ id }) => ({ name: id, before: t('providers.change.present'), after: t('providers.change.removed') }));
  const edited = before.models.flatMap((old) => {
    const next = is.get(old.id);
    return next && !isSame(old, next) ? fields(words, old, next) : [];
  });
  return [...added, ...removed, ...edited];
}

function fields(words: Words, before: ModelValues, after: ModelValues): Change[] {
  const { t, usd, int } = words;
  const line = (what: string, a: string, b: string): Change[] =>
    a === b ? [] : [{ name: `${before.id} · ${what}`, before: a || '–', after: b || '–' }];
  const money = (value: string) => (value === '' ? '' : usd(value));
  const tokens = (value: number) => (value > 0 ? int(value) : '');
  const isOn = (values: ModelValues) => t(values.enabled ? 'providers.yes' : 'providers.no');
  return [
    ...line(t('providers.model.alias'), before.alias, after.alias),
    ...line(t('providers.form.enabled'), isOn(before), isOn(after)),
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
