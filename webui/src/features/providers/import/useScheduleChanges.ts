import { useI18n } from '@/i18n';
import type { Change } from '@/ui/Changes';
import { PRICE_KINDS } from '@/ui/priceKinds';
import type { Prices } from '../models/draft';
import type { Template } from './patterns';
import type { Rules } from './rules';

/** When models are imported by themselves, in milliseconds, and by which rules; by the API's own paths. */
export type ScheduleDraft = { import: { interval: number | undefined; rules: Rules } };

/** Says in words how one schedule differs from another. */
export function useScheduleChanges(): (before: ScheduleDraft, after: ScheduleDraft) => Change[] {
  const { t, setting, list, usd } = useI18n();
  const yes = (on: boolean) => t(on ? 'providers.yes' : 'providers.no');
  const words = (all: readonly string[]) => (all.length > 0 ? list([...all]) : undefined);
  const template = ({ stripVendor, lowerCase, prefix, suffix }: Template) =>
    words([
      ...(stripVendor ? [t('import.rules.stripVendor')] : []),
      ...(lowerCase ? [t('import.rules.lowerCase')] : []),
      ...(prefix ? [`${prefix}…`] : []),
      ...(suffix ? [`…${suffix}`] : []),
    ]);
  const price = (prices: Prices) =>
    words(PRICE_KINDS.filter((kind) => prices[kind]).map((kind) => `${t(`price.kind.${kind}`)} ${usd(prices[kind])}`));
  const lines = ({ import: { interval, rules } }: ScheduleDraft) => [
    { name: t('import.schedule.every'), text: interval === undefined ? undefined : setting(interval) },
    { name: t('import.rules.include'), text: words(rules.include) ?? t('import.rules.includeAll') },
    { name: t('import.rules.exclude'), text: words(rules.exclude) },
    { name: t('import.rules.alias'), text: template(rules.template) },
    { name: t('providers.model.alias'), text: words(Object.entries(rules.aliases).map((pair) => pair.join(' → '))) },
    { name: t('import.rules.skipConflicts'), text: yes(rules.skipAliasConflicts) },
    { name: t('import.rules.skipPrices'), text: yes(rules.skipPrices) },
    { name: t('import.rules.defaultPrice'), text: price(rules.defaultPrice) },
    { name: t('import.rules.credential'), text: rules.credential || undefined },
  ];
  return (before, after) => {
    const now = lines(after);
    return lines(before)
      .map(({ name, text }, i) => ({ name, before: text, after: now[i]?.text }))
      .filter((line) => line.before !== line.after);
  };
}
