import { ActionIcon, Button, Select, Switch, TextInput } from '@mantine/core';
import { Plus, Trash2 } from 'lucide-react';
import { type PlainKey, useI18n } from '@/i18n';
import { SecretField } from '@/ui/fields/SecretField';
import { CloudFields } from './CloudFields';
import { hasSecret, KIND_WORDS, KINDS, type Kind } from './cloud';
import c from './form.module.css';
import type { ProviderForm } from './providerForm';
import { newCredential } from './values';

const SECRET_WORDS: Record<Kind, PlainKey> = {
  secret: 'providers.form.secret',
  awsSigv4: 'providers.cloud.secretAccessKey',
  google: 'providers.cloud.keyFile',
  entra: 'providers.cloud.clientSecret',
  oauth: 'providers.cloud.clientSecret',
};

/** The keys of the account: written once, never read again; a new secret replaces the stored one. */
export function CredentialFields({ form, keyLooks }: { form: ProviderForm; keyLooks: string }) {
  const { t } = useI18n();
  const { credentials } = form.values;
  const add = () => {
    const taken = new Set(credentials.map((credential) => credential.name));
    let n = credentials.length + 1;
    while (taken.has(`key-${n}`)) n++;
    const name = credentials.length === 0 ? 'main' : `key-${n}`;
    form.insertListItem('credentials', newCredential(`new-${Math.random()}`, name));
  };
  return (
    <div className={c.credentials}>
      {credentials.map((credential, i) => (
        <fieldset key={credential.key} className={c.credential} aria-label={credential.name}>
          <TextInput
            label={t('providers.form.credentialName')}
            autoComplete="off"
            {...form.getInputProps(`credentials.${i}.name`)}
          />
          <Select
            label={t('providers.form.kind')}
            data={KINDS.map((kind) => ({ value: kind, label: t(KIND_WORDS[kind]) }))}
            allowDeselect={false}
            comboboxProps={{ shadow: 'md' }}
            {...form.getInputProps(`credentials.${i}.kind`)}
          />
          <div className={c.credentialEnd}>
            <Switch
              label={t('providers.form.used')}
              {...form.getInputProps(`credentials.${i}.enabled`, { type: 'checkbox' })}
            />
            <ActionIcon
              variant="subtle"
              color="gray"
              size={34}
              aria-label={t('pairs.remove', { name: credential.name || String(i + 1) })}
              onClick={() => form.removeListItem('credentials', i)}
            >
              <Trash2 size={15} aria-hidden />
            </ActionIcon>
          </div>
          {credential.kind !== 'secret' && <CloudFields form={form} at={i} kind={credential.kind} />}
          {hasSecret(credential) && (
            <div className={c.secret}>
              <SecretField
                label={t(SECRET_WORDS[credential.kind])}
                placeholder={credential.kind === 'secret' ? keyLooks : undefined}
                // A secret belongs to its name and kind: under another one it must be given again.
                stored={
                  credential.name === credential.storedName && credential.kind === credential.storedKind
                    ? credential.stored
                    : undefined
                }
                {...form.getInputProps(`credentials.${i}.secret`)}
                value={credential.secret}
                onChange={(secret) => form.setFieldValue(`credentials.${i}.secret`, secret)}
              />
            </div>
          )}
        </fieldset>
      ))}
      <Button variant="subtle" size="compact-sm" leftSection={<Plus size={14} aria-hidden />} onClick={add}>
        {t('providers.form.addCredential')}
      </Button>
    </div>
  );
}
