import { Switch, TextInput } from '@mantine/core';
import { useI18n } from '@/i18n';
import { Combo, TagsField } from '@/ui/fields/Combo';
import { FieldPart, FieldRow, Fields } from '@/ui/fields/Form';
import { PriceFields } from '../models/PriceFields';
import { aliasOf } from './patterns';
import type { Rules } from './rules';

/** Which models come, under what names and at what prices. */
export function RulesFields({
  rules,
  onChange,
  credentials,
  example,
  errors = {},
  path,
}: {
  rules: Rules;
  onChange: (rules: Rules) => void;
  credentials: readonly string[];
  /** Id of a model, to show what the template makes of it. */
  example: string;
  /** What is wrong with a field, by its path in the rules. */
  errors?: Record<string, string>;
  /** Where the rules lie in the form, so that a refusal finds the field. */
  path?: string;
}) {
  const { t } = useI18n();
  const set = (change: Partial<Rules>) => onChange({ ...rules, ...change });
  const template = (change: Partial<Rules['template']>) => set({ template: { ...rules.template, ...change } });
  const at = (field: string) => path && `${path}.${field}`;
  const errorIn = (field: string) => Object.entries(errors).find(([path]) => path.startsWith(field))?.[1];
  return (
    <>
      <FieldPart title={t('import.rules.which')} sub={t('import.rules.whichHint')}>
        <TagsField
          label={t('import.rules.include')}
          placeholder={t('import.rules.includeAll')}
          value={rules.include}
          onChange={(include) => set({ include })}
          error={errorIn('include')}
          data-path={at('include')}
        />
        <TagsField
          label={t('import.rules.exclude')}
          placeholder="embed, *-preview"
          value={rules.exclude}
          onChange={(exclude) => set({ exclude })}
          error={errorIn('exclude')}
          data-path={at('exclude')}
        />
      </FieldPart>
      <FieldPart title={t('import.rules.alias')} sub={t('import.rules.aliasHint')}>
        <Fields>
          <Switch
            label={t('import.rules.stripVendor')}
            checked={rules.template.stripVendor}
            onChange={(event) => template({ stripVendor: event.currentTarget.checked })}
          />
          <Switch
            label={t('import.rules.lowerCase')}
            checked={rules.template.lowerCase}
            onChange={(event) => template({ lowerCase: event.currentTarget.checked })}
          />
          <FieldRow>
            <TextInput
              label={t('import.rules.prefix')}
              value={rules.template.prefix}
              onChange={(event) => template({ prefix: event.currentTarget.value })}
              error={errorIn('alias.prefix')}
              data-path={at('alias.prefix')}
              classNames={{ input: 'mono' }}
              maxLength={64}
            />
            <TextInput
              label={t('import.rules.suffix')}
              value={rules.template.suffix}
              onChange={(event) => template({ suffix: event.currentTarget.value })}
              error={errorIn('alias.suffix')}
              data-path={at('alias.suffix')}
              classNames={{ input: 'mono' }}
              maxLength={64}
            />
          </FieldRow>
          {example !== '' && (
            <small role="status">
              <span className="mono">{example}</span> →{' '}
              <span className="mono">{aliasOf(rules.template, example) || t('import.noAlias')}</span>
            </small>
          )}
          <Switch
            label={t('import.rules.skipConflicts')}
            description={t('import.rules.skipConflictsHint')}
            checked={rules.skipAliasConflicts}
            onChange={(event) => set({ skipAliasConflicts: event.currentTarget.checked })}
          />
        </Fields>
      </FieldPart>
      <FieldPart title={t('import.rules.more')} folded>
        <Switch
          label={t('import.rules.skipPrices')}
          description={t('import.rules.skipPricesHint')}
          checked={rules.skipPrices}
          onChange={(event) => set({ skipPrices: event.currentTarget.checked })}
        />
        <p>{t('import.rules.defaultPrice')}</p>
        <PriceFields
          value={rules.defaultPrice}
          onChange={(defaultPrice) => set({ defaultPrice })}
          errorOf={(kind) => errors[`defaultPrice.${kind}`]}
          path={at('defaultPrice')}
        />
        {credentials.length > 1 && (
          <Combo
            label={t('import.rules.credential')}
            placeholder={t('providers.test.first')}
            data={[...credentials]}
            value={rules.credential || null}
            onChange={(credential) => set({ credential: credential ?? '' })}
            error={errorIn('credential')}
            data-path={at('credential')}
            clearable
          />
        )}
      </FieldPart>
    </>
  );
}
