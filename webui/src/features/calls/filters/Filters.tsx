import { useGroupNames, useProviderNames } from '@/api/queries';
import { useI18n } from '@/i18n';
import { Combo } from '@/ui/fields/Combo';
import { offered } from '@/ui/fields/offered';
import { OUTCOMES, outcomeKey } from '@/ui/outcome';
import { SlowFilterBox } from '@/ui/SlowFilterBox';
import c from './filters.module.css';
import { KeyCombo } from './KeyCombo';
import { MoreFilters } from './MoreFilters';
import { useFilter } from './useFilter';

/** Narrows the list; what is chosen is in the address, so a view can be sent to someone. */
export function Filters({ span }: { span: { from: number; to: number } }) {
  const { t } = useI18n();
  const { search, set } = useFilter();
  const groups = useGroupNames().data ?? [];
  const providers = useProviderNames().data ?? [];
  return (
    <search className={c.filters} aria-label={t('calls.filters')}>
      <SlowFilterBox
        value={search.id ?? ''}
        label={t('calls.findId')}
        onChange={(id) => set({ id: id || undefined })}
      />
      <Combo
        aria-label={t('calls.group')}
        placeholder={t('calls.anyGroup')}
        data={offered(groups, search.group)}
        value={search.group ?? null}
        onChange={(group) => set({ group: group ?? undefined })}
        clearable
      />
      <Combo
        aria-label={t('calls.provider')}
        placeholder={t('calls.anyProvider')}
        data={offered(providers, search.provider)}
        value={search.provider ?? null}
        onChange={(provider) => set({ provider: provider ?? undefined })}
        clearable
      />
      <KeyCombo value={search.key} onChange={(key) => set({ key })} />
      <Combo
        aria-label={t('calls.outcome')}
        placeholder={t('calls.anyOutcome')}
        data={OUTCOMES.map((value) => ({ value, label: t(outcomeKey(value)) }))}
        value={search.outcome ?? null}
        onChange={(outcome) => set({ outcome: outcome ?? undefined })}
        clearable
      />
      <MoreFilters span={span} />
    </search>
  );
}
