import {
  MultiSelect,
  type MultiSelectProps,
  Select,
  type SelectProps,
  TagsInput,
  type TagsInputProps,
} from '@mantine/core';
import { useI18n } from '@/i18n';

/** Options drawn at once; typing finds the others. */
const MOST = 100;
const inFront = { shadow: 'md', transitionProps: { duration: 100 } } as const;

/** Choose one by typing part of its name. A click, a letter or an arrow opens it: open on focus, it would hide what follows it from whoever only passes. */
export function Combo(props: SelectProps) {
  const { t } = useI18n();
  return (
    <Select
      searchable
      openOnFocus={false}
      limit={MOST}
      nothingFoundMessage={t('list.noMatch')}
      comboboxProps={inFront}
      clearButtonProps={{ 'aria-label': t('action.clear') }}
      {...props}
    />
  );
}

/** Choose several by typing parts of their names. */
export function MultiCombo(props: MultiSelectProps) {
  const { t } = useI18n();
  return (
    <MultiSelect
      searchable
      openOnFocus={false}
      hidePickedOptions
      limit={MOST}
      nothingFoundMessage={t('list.noMatch')}
      comboboxProps={inFront}
      clearButtonProps={{ 'aria-label': t('action.clear') }}
      {...props}
    />
  );
}

/** Write several words: aliases, tags, addresses. A comma, Enter or leaving the field ends one; a pasted list is split. */
export function TagsField(props: TagsInputProps) {
  const { t } = useI18n();
  return (
    <TagsInput
      splitChars={[',', '\n', '\t']}
      acceptValueOnBlur
      limit={MOST}
      comboboxProps={inFront}
      clearButtonProps={{ 'aria-label': t('action.clear') }}
      {...props}
    />
  );
}
