import { Button } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useNavigate } from '@tanstack/react-router';
import { PackageSearch } from 'lucide-react';
import { useRef } from 'react';
import { useAction } from '@/api/useAction';
import type { Preset } from '@/gen/presets';
import { type Provider, ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import { useI18n } from '@/i18n';
import { FormError } from '@/ui/FormError';
import { SentFields } from '@/ui/fields/SentFields';
import { LeaveGuard } from '@/ui/LeaveGuard';
import { Loaded } from '@/ui/Loaded';
import { PageHeader } from '@/ui/Page';
import { Back } from '../Back';
import { useProvider } from '../queries';
import c from './form.module.css';
import { OtherErrors } from './OtherErrors';
import { PresetCards } from './PresetCards';
import { ProviderFields } from './ProviderFields';
import { CUSTOM, presetOf } from './presets';
import { TestConnection } from './TestConnection';
import { type ProviderInit, providerOf, type Values, valuesOfCopy, valuesOfPreset } from './values';

/** A new provider: of a preset, as a copy of another, or first the choice of a preset. */
export function NewProvider({ preset: id, from }: { preset: string; from: string | undefined }) {
  const { t } = useI18n();
  const preset = presetOf(id);
  if (from !== undefined) return <Copy from={from} />;
  if (preset) return <Form preset={preset} values={valuesOfPreset(preset)} />;
  return (
    <>
      <Back>{t('providers.all')}</Back>
      <PageHeader title={t('providers.new')} lead={t('providers.choosePreset')} />
      <PresetCards />
    </>
  );
}

function Copy({ from }: { from: string }) {
  const { t } = useI18n();
  const source = useProvider(from);
  return (
    <Loaded query={source}>
      {(provider) => (
        <Form
          preset={CUSTOM}
          values={provider ? valuesOfCopy(provider, t('providers.copyName', { name: from })) : valuesOfPreset(CUSTOM)}
          source={provider ?? undefined}
        />
      )}
    </Loaded>
  );
}

function Form({ preset, values, source }: { preset: Preset; values: Values; source?: Provider }) {
  const { t } = useI18n();
  const navigate = useNavigate();
  const form = useForm<Values>({ initialValues: values });
  const thenImport = useRef(false);
  const isSaved = useRef(false);
  /** Models are copied with their prices; where imports brought them from is not. */
  const document = (): ProviderInit => ({
    ...providerOf(form.values),
    ...(source && {
      models: source.models.map(({ id, alias, price, contextWindow, maxOutputTokens }) => ({
        id,
        alias,
        price,
        contextWindow,
        maxOutputTokens,
      })),
      import: source.import && { rules: source.import.rules, interval: source.import.interval },
    }),
  });
  const create = useAction(ProviderService.method.createProvider, {
    form: { target: form, name: form.values.name.trim() },
    done: (result) => t('providers.created', { name: result.provider?.name ?? '' }),
    onDone: async ({ provider }) => {
      isSaved.current = true;
      const search = { provider: provider?.name, ...(thenImport.current && { import: true as const }) };
      await navigate({ to: '/providers', search });
    },
  });
  const submit = (andImport: boolean) => {
    thenImport.current = andImport;
    create.run({ provider: document() });
  };
  return (
    <>
      <Back>{t('providers.all')}</Back>
      <PageHeader
        title={
          source
            ? t('providers.copyOf', { name: source.name })
            : t('providers.newOf', { name: preset.title || t('providers.custom') })
        }
        lead={source ? t('providers.copyLead') : t('providers.newLead')}
      />
      <div className={c.layout}>
        <form
          className={c.form}
          onSubmit={(event) => {
            event.preventDefault();
            submit(true);
          }}
        >
          <SentFields busy={create.busy}>
            <ProviderFields form={form} preset={preset} />
          </SentFields>
          <OtherErrors errors={form.errors} />
          <FormError error={create.leftError} />
          <div className={c.actions}>
            <Button variant="default" loading={create.busy && !thenImport.current} onClick={() => submit(false)}>
              {t('providers.create')}
            </Button>
            <Button
              type="submit"
              leftSection={<PackageSearch size={15} aria-hidden />}
              loading={create.busy && thenImport.current}
            >
              {t('providers.createImport')}
            </Button>
          </div>
        </form>
        <div className={c.side}>
          <TestConnection
            name={form.values.name}
            draft={document}
            form={form}
            credentials={form.values.credentials.map((credential) => credential.name)}
            models={source?.models.map((model) => model.id) ?? []}
          />
        </div>
      </div>
      <LeaveGuard when={form.isDirty() && !isSaved.current} />
    </>
  );
}
