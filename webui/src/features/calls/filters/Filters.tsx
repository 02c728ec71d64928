import { useDebouncedCallback } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import { useGroupNames, useProviderNames } from '@/api/queries';
import { useI18n } from '@/i18n';
import { FilterBox } from '@/ui/FilterBox';
import { Combo } from '@/ui/fields/Combo';
import { OUTCOMES, outcomeKey } from '@/ui/outcome';
import c from './filters.module.css';
import { KeyCombo } from './KeyCombo';
import { MoreFilters } from './MoreFilters';
import { offered } from './offered';
import { useFilter } from './useFilter';

/** Narrows the list; what is chosen is in the address, so a view can be sent to someone. */
export function Filters({ span }: { span: { from: number; to: number } }) {
  const { t } = useI18n();
  const { search, set } = useFilter();
  const groups = useGroupNames().data ?? [];
  const providers = useProviderNames().data ?? [];
  return (
    <search className={c.filters} aria-label={t('calls.filters')}>
      <IdBox value={search.id ?? ''} onChange={(id) => set({ id: id || undefined })} />
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

/** Finds one call by its request id; asks when one has stopped to type. */
function IdBox({ value, onChange }: { value: string; onChange: (id: string) => void }) {
  const { t } = useI18n();
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const ask = useDebouncedCallback((next: string) => onChange(next.trim()), 250);
  return (
    <FilterBox
      value={text}
      label={t('calls.findId')}
      onChange={(next) => {
        setText(next);
        ask(next);
      }}
    />
  );
}
