import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ImportRules, ImportRulesSchema } from '@/gen/trunkline/admin/v1/import_pb';
import { type Prices, priceOf, pricesOf } from '../models/draft';
import type { Template } from './patterns';

/** Import rules as the form holds them. */
export type Rules = {
  include: string[];
  exclude: string[];
  template: Template;
  aliases: Record<string, string>;
  defaultPrice: Prices;
  skipPrices: boolean;
  credential: string;
  skipAliasConflicts: boolean;
};

export function rulesOf(rules: ImportRules | undefined): Rules {
  const { stripVendor = false, lowerCase = false, prefix = '', suffix = '' } = rules?.alias ?? {};
  return {
    include: rules?.include ?? [],
    exclude: rules?.exclude ?? [],
    template: { stripVendor, lowerCase, prefix, suffix },
    aliases: rules?.aliases ?? {},
    defaultPrice: pricesOf(rules?.defaultPrice),
    skipPrices: rules?.skipPrices ?? false,
    credential: rules?.credential ?? '',
    skipAliasConflicts: rules?.skipAliasConflicts ?? false,
  };
}

export function documentOf(rules: Rules): MessageInitShape<typeof ImportRulesSchema> {
  const { template, defaultPrice, ...rest } = rules;
  const hasTemplate = template.stripVendor || template.lowerCase || template.prefix !== '' || template.suffix !== '';
  return { ...rest, alias: hasTemplate ? template : undefined, defaultPrice: priceOf(defaultPrice) };
}
