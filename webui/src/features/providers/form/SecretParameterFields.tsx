import { ActionIcon, Button, Input, TextInput } from '@mantine/core';
import { Plus, Trash2 } from 'lucide-react';
import { useI18n } from '@/i18n';
import { SecretField } from '@/ui/fields/SecretField';
import c from './form.module.css';
import type { ProviderForm } from './providerForm';
import { newParameter } from './values';

/** Headers or query parameters that are secrets: written once, never read again. */
export function SecretParameterFields({
  form,
  list,
  label,
  description,
  addLabel,
}: {
  form: ProviderForm;
  list: 'secretHeaders' | 'secretQuery';
  label: string;
  description: string;
  addLabel: string;
}) {
  const { t } = useI18n();
  return (
    <Input.Wrapper label={label} description={description} labelElement="div">
      <div className={c.credentials}>
        {form.values[list].map((parameter, i) => (
          <fieldset key={parameter.key} className={c.credential} aria-label={parameter.name || label}>
            <TextInput
              label={t('providers.form.credentialName')}
              autoComplete="off"
              spellCheck={false}
              classNames={{ input: 'mono' }}
              {...form.getInputProps(`${list}.${i}.name`)}
            />
            <SecretField
              label={t('providers.form.value')}
              // A secret belongs to its name: under another one it must be given again.
              stored={parameter.name === parameter.storedName ? parameter.stored : undefined}
              {...form.getInputProps(`${list}.${i}.secret`)}
              value={parameter.secret}
              onChange={(secret) => form.setFieldValue(`${list}.${i}.secret`, secret)}
            />
            <div className={c.credentialEnd}>
              <ActionIcon
                variant="subtle"
                color="gray"
                size={34}
                aria-label={t('pairs.remove', { name: parameter.name || String(i + 1) })}
                onClick={() => form.removeListItem(list, i)}
              >
                <Trash2 size={15} aria-hidden />
              </ActionIcon>
            </div>
          </fieldset>
        ))}
        <Button
          variant="subtle"
          size="compact-sm"
          leftSection={<Plus size={14} aria-hidden />}
          onClick={() => form.insertListItem(list, newParameter(`new-${Math.random()}`))}
        >
          {addLabel}
        </Button>
      </div>
    </Input.Wrapper>
  );
}
