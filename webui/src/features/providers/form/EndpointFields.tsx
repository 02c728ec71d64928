import { ActionIcon, Button, Select, TextInput } from '@mantine/core';
import { Plus, Trash2 } from 'lucide-react';
import { useI18n } from '@/i18n';
import { APIS, AUTHS, FORMATS, newEndpoint } from './endpoints';
import c from './form.module.css';
import type { ProviderForm } from './providerForm';

const TEXT = { autoComplete: 'off', spellCheck: false, classNames: { input: 'mono' } };

/** How APIs of the provider are reached where that differs from its address and kind, one entry an API. */
export function EndpointFields({ form }: { form: ProviderForm }) {
  const { t } = useI18n();
  const { endpoints } = form.values;
  const taken = new Set(endpoints.map((endpoint) => endpoint.api));
  const free = APIS.find((api) => !taken.has(api));
  return (
    <div className={c.credentials}>
      {endpoints.map((endpoint, i) => (
        <fieldset key={endpoint.key} className={c.endpoint} aria-label={endpoint.api}>
          <Select
            label={t('providers.endpoint.api')}
            data={APIS.filter((api) => api === endpoint.api || !taken.has(api))}
            allowDeselect={false}
            comboboxProps={{ shadow: 'md' }}
            {...form.getInputProps(`endpoints.${i}.api`)}
          />
          <Select
            label={t('providers.endpoint.auth')}
            data={[{ value: '', label: t('providers.endpoint.asDialect') }, ...AUTHS]}
            allowDeselect={false}
            comboboxProps={{ shadow: 'md' }}
            {...form.getInputProps(`endpoints.${i}.auth`)}
          />
          <div className={c.credentialEnd}>
            <ActionIcon
              variant="subtle"
              color="gray"
              size={34}
              aria-label={t('pairs.remove', { name: endpoint.api })}
              onClick={() => form.removeListItem('endpoints', i)}
            >
              <Trash2 size={15} aria-hidden />
            </ActionIcon>
          </div>
          <TextInput
            label={t('providers.form.baseUrl')}
            placeholder={form.values.baseUrl}
            className={c.whole}
            {...TEXT}
            {...form.getInputProps(`endpoints.${i}.baseUrl`)}
          />
          <div className={c.endpointRest}>
            <TextInput
              label={t('providers.endpoint.path')}
              placeholder="/deployments/{model}/chat/completions"
              {...TEXT}
              {...form.getInputProps(`endpoints.${i}.path`)}
            />
            <TextInput
              label={t('providers.endpoint.query')}
              placeholder="api-version=2024-10-21"
              {...TEXT}
              {...form.getInputProps(`endpoints.${i}.query`)}
            />
          </div>
          {FORMATS[endpoint.api] && (
            <Select
              label={t('providers.endpoint.format')}
              data={[{ value: '', label: t('providers.endpoint.usual') }, ...(FORMATS[endpoint.api] ?? [])]}
              allowDeselect={false}
              comboboxProps={{ shadow: 'md' }}
              {...form.getInputProps(`endpoints.${i}.format`)}
            />
          )}
        </fieldset>
      ))}
      {free && (
        <Button
          variant="subtle"
          size="compact-sm"
          leftSection={<Plus size={14} aria-hidden />}
          onClick={() => form.insertListItem('endpoints', newEndpoint(`new-${Math.random()}`, free))}
        >
          {t('providers.endpoint.add')}
        </Button>
      )}
    </div>
  );
}
