import { callUnaryMethod, useTransport } from '@connectrpc/connect-query';
import { Button, Checkbox } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { CircleCheck, TriangleAlert } from 'lucide-react';
import { useMemo } from 'react';
import type { ImportedModel, ImportPlan } from '@/gen/trunkline/admin/v1/import_pb';
import { type Provider, ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import { useI18n } from '@/i18n';
import { Loaded } from '@/ui/Loaded';
import { type Choice, candidatesOf, requestOf } from './choice';
import c from './import.module.css';
import { PlanTable } from './PlanTable';

/** What the control plane says that the import would do; nothing has changed yet. */
export function ReviewStep({
  provider,
  fetched,
  choice,
  saveRules,
  onSaveRules,
  onChange,
  onBack,
  onRun,
}: {
  provider: Provider;
  fetched: readonly ImportedModel[];
  choice: Choice;
  saveRules: boolean;
  onSaveRules: (on: boolean) => void;
  onChange: (choice: Choice) => void;
  onBack: () => void;
  onRun: () => void;
}) {
  const transport = useTransport();
  const asked = useMemo(() => requestOf(candidatesOf(provider, fetched, choice), choice), [provider, fetched, choice]);
  const preview = useQuery({
    queryKey: ['import-preview', provider.name, provider.etag, choice],
    retry: false,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const input = { name: provider.name, ...asked };
      const { plans } = await callUnaryMethod(transport, ProviderService.method.previewImport, input, { signal });
      return plans[0] ?? null;
    },
  });
  return (
    <Loaded query={preview}>
      {(plan) =>
        plan && (
          <Review
            plan={plan}
            busy={preview.isFetching}
            {...{ choice, saveRules, onSaveRules, onChange, onBack, onRun }}
          />
        )
      }
    </Loaded>
  );
}

function Review({
  plan,
  busy,
  choice,
  saveRules,
  onSaveRules,
  onChange,
  onBack,
  onRun,
}: {
  plan: ImportPlan;
  busy: boolean;
} & Pick<Parameters<typeof ReviewStep>[0], 'choice' | 'saveRules' | 'onSaveRules' | 'onChange' | 'onBack' | 'onRun'>) {
  const { t, count } = useI18n();
  const { added = 0, changed = 0, gone = 0, conflicts = 0 } = plan.counts ?? {};
  const isStuck = conflicts > 0 && !choice.rules.skipAliasConflicts;
  const isNothing = added + changed + gone === 0 && !saveRules && conflicts === 0;
  return (
    <div className={c.stack}>
      {isStuck && (
        <div className={c.note} role="alert">
          <TriangleAlert size={16} aria-hidden />
          <div>
            {count('import.conflicts', conflicts)}{' '}
            <Button
              variant="default"
              size="compact-sm"
              onClick={() => onChange({ ...choice, rules: { ...choice.rules, skipAliasConflicts: true } })}
            >
              {t('import.withoutAlias')}
            </Button>
          </div>
        </div>
      )}
      {isNothing && (
        <p className={c.note} data-tone="ok">
          <CircleCheck size={16} aria-hidden />
          {t('import.upToDate')}
        </p>
      )}
      <PlanTable models={plan.models} />
      <div className={c.actions}>
        <Checkbox
          label={t('import.saveRules')}
          description={t('import.saveRulesHint')}
          checked={saveRules}
          onChange={(event) => onSaveRules(event.currentTarget.checked)}
        />
        <Button variant="default" onClick={onBack}>
          {t('import.back')}
        </Button>
        <Button disabled={isStuck || isNothing} loading={busy} onClick={onRun}>
          {added > 0 ? count('import.run', added) : t('import.runChanges')}
        </Button>
      </div>
    </div>
  );
}
