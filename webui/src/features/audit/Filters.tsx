import { UnstyledButton } from '@mantine/core';
import type { ListAuditEventsResponse } from '@/gen/trunkline/admin/v1/audit_pb';
import { useI18n } from '@/i18n';
import { Combo } from '@/ui/fields/Combo';
import { offered } from '@/ui/fields/offered';
import { SlowFilterBox } from '@/ui/SlowFilterBox';
import c from './audit.module.css';
import type { View } from './view';

/** Narrows the list; what is chosen is in the address. */
export function Filters({ view, known }: { view: View; known: ListAuditEventsResponse | undefined }) {
  const { t } = useI18n();
  const { search, set } = view;
  return (
    <search className={c.filters} aria-label={t('audit.filters')}>
      <SlowFilterBox
        value={search.actor ?? ''}
        label={t('audit.actorFilter')}
        onChange={(actor) => set({ actor: actor || undefined })}
      />
      <SlowFilterBox
        value={search.target ?? ''}
        label={t('audit.targetFilter')}
        onChange={(target) => set({ target: target || undefined })}
      />
      <Combo
        aria-label={t('audit.action')}
        placeholder={t('audit.anyAction')}
        data={offered(known?.actions ?? [], search.action)}
        value={search.action ?? null}
        onChange={(action) => set({ action: action ?? undefined })}
        clearable
      />
      <Combo
        aria-label={t('audit.outcome')}
        placeholder={t('audit.anyOutcome')}
        data={offered(known?.outcomes ?? [], search.outcome).map((value) => ({
          value,
          label: value === 'ok' ? t('audit.ok') : value,
        }))}
        value={search.outcome ?? null}
        onChange={(outcome) => set({ outcome: outcome ?? undefined })}
        clearable
      />
      {view.isFiltered && (
        <UnstyledButton className={c.clear} onClick={view.clear}>
          {t('audit.clear')}
        </UnstyledButton>
      )}
    </search>
  );
}
