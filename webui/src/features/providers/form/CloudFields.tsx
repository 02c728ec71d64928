import { Select, TextInput } from '@mantine/core';
import { useI18n } from '@/i18n';
import { CLOUDS, type CloudKind, fieldsOf, hasSecret, SOURCE_WORDS } from './cloud';
import c from './form.module.css';
import type { ProviderForm } from './providerForm';

/** How one credential becomes a token or a signature. */
export function CloudFields({ form, at, kind }: { form: ProviderForm; at: number; kind: CloudKind }) {
  const { t } = useI18n();
  const credential = form.values.credentials[at];
  if (!credential) return null;
  const path = `credentials.${at}.${kind}`;
  const source = credential[kind].source ?? '';
  const { sources } = CLOUDS[kind];
  return (
    <div className={c.cloud}>
      {sources.length > 1 && (
        <Select
          label={t('providers.cloud.source')}
          description={hasSecret(credential) ? undefined : t('providers.cloud.machine')}
          data={sources.map((value) => ({ value, label: t(SOURCE_WORDS[value] ?? 'providers.source.keys') }))}
          allowDeselect={false}
          comboboxProps={{ shadow: 'md' }}
          {...form.getInputProps(`${path}.source`)}
        />
      )}
      {fieldsOf(kind, source).map(({ name, label, placeholder }) => (
        <TextInput
          key={name}
          label={t(label)}
          placeholder={placeholder}
          classNames={{ input: 'mono' }}
          autoComplete="off"
          spellCheck={false}
          {...form.getInputProps(`${path}.${name}`)}
          value={credential[kind][name] ?? ''}
        />
      ))}
      {kind === 'oauth' && (
        <Select
          label={t('providers.cloud.clientAuth')}
          data={[
            { value: 'basic', label: t('providers.cloud.inHeader') },
            { value: 'body', label: t('providers.cloud.inForm') },
          ]}
          allowDeselect={false}
          comboboxProps={{ shadow: 'md' }}
          {...form.getInputProps(`${path}.clientAuth`)}
        />
      )}
    </div>
  );
}
