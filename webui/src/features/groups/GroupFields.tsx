import { Select, Switch, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { useI18n } from '@/i18n';
import { TagsField } from '@/ui/fields/Combo';
import { type Draft, SELECTIONS } from './draft';
import { selectionWords } from './useChanges';

/** What else clients may call the group, whether they may at all, and how equals share the calls. */
export function GroupFields({ form }: { form: UseFormReturnType<Draft> }) {
  const { t } = useI18n();
  return (
    <>
      <TagsField label={t('groups.aliases')} description={t('groups.aliasesHow')} {...form.getInputProps('aliases')} />
      <TextInput
        label={t('groups.displayName')}
        description={t('groups.displayNameHow')}
        placeholder={form.values.name}
        maxLength={128}
        {...form.getInputProps('displayName')}
      />
      <Select
        label={t('groups.selection')}
        description={t(selectionWords[form.values.selection].how)}
        data={SELECTIONS.map((value) => ({ value, label: t(selectionWords[value].name) }))}
        allowDeselect={false}
        {...form.getInputProps('selection')}
      />
      <Switch
        label={t('groups.enabled')}
        description={t('groups.enabledHow')}
        {...form.getInputProps('enabled', { type: 'checkbox' })}
      />
    </>
  );
}
