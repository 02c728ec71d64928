import { NumberInput, Select, Switch, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { useGroupNames } from '@/api/queries';
import { useI18n } from '@/i18n';
import { MultiCombo, TagsField } from '@/ui/fields/Combo';
import { FieldPart, FieldRow, Fields } from '@/ui/fields/Form';
import { MoneyField } from '@/ui/fields/MoneyField';
import type { Draft } from './draft';

/** Every field of an API key, the same for a new one and for one that is stored. */
export function KeyForm({ form, isNew }: { form: UseFormReturnType<Draft>; isNew: boolean }) {
  const { t } = useI18n();
  const groups = useGroupNames().data ?? [];
  return (
    <Fields>
      {isNew && (
        <TextInput
          label={t('keys.name')}
          description={t('keys.nameHow')}
          data-autofocus
          withAsterisk
          aria-required
          {...form.getInputProps('name')}
        />
      )}
      <MultiCombo
        label={t('keys.groups')}
        description={t('keys.groupsHow')}
        data={groups}
        {...form.getInputProps('groups')}
      />
      <FieldRow>
        <TextInput label={t('keys.owner')} description={t('keys.ownerHow')} {...form.getInputProps('owner')} />
        <TagsField label={t('keys.tags')} description={t('keys.tagsHow')} {...form.getInputProps('tags')} />
      </FieldRow>
      <TextInput
        type="datetime-local"
        label={t('keys.expires')}
        description={t('keys.expiresHow')}
        {...form.getInputProps('expireTime')}
      />
      <FieldPart title={t('keys.limits')} sub={t('keys.limitsHow')}>
        <FieldRow>
          <NumberInput
            label={t('keys.requests')}
            min={0}
            thousandSeparator=","
            hideControls
            placeholder={t('keys.noLimit')}
            {...form.getInputProps('limits.requestsPerMinute')}
          />
          <NumberInput
            label={t('keys.tokens')}
            min={0}
            thousandSeparator=","
            hideControls
            placeholder={t('keys.noLimit')}
            {...form.getInputProps('limits.tokensPerMinute')}
          />
          <NumberInput
            label={t('keys.concurrency')}
            min={0}
            thousandSeparator=","
            hideControls
            placeholder={t('keys.noLimit')}
            {...form.getInputProps('limits.concurrency')}
          />
        </FieldRow>
        <FieldRow>
          <MoneyField
            label={t('keys.budget')}
            description={t('keys.budgetHow')}
            placeholder={t('keys.noBudget')}
            value={form.values.budget.amount}
            onChange={(amount) => form.setFieldValue('budget.amount', amount)}
            error={form.errors['budget.amount']}
            data-path="budget.amount"
          />
          <Select
            label={t('keys.period')}
            description={t('keys.periodHow')}
            allowDeselect={false}
            data={[
              { value: 'day', label: t('keys.day') },
              { value: 'week', label: t('keys.week') },
              { value: 'month', label: t('keys.month') },
            ]}
            {...form.getInputProps('budget.period')}
          />
        </FieldRow>
      </FieldPart>
      <FieldPart title={t('keys.more')} folded={form.values.allowedIps.length === 0 && !form.values.debug}>
        <TagsField
          label={t('keys.ips')}
          description={t('keys.ipsHow')}
          placeholder="203.0.113.0/24"
          {...form.getInputProps('allowedIps')}
        />
        <Switch
          label={t('keys.requestOptions')}
          description={t('keys.requestOptionsHow')}
          {...form.getInputProps('requestOptions', { type: 'checkbox' })}
        />
        <Switch
          label={t('keys.debug')}
          description={t('keys.debugHow')}
          {...form.getInputProps('debug', { type: 'checkbox' })}
        />
        {isNew && (
          <TextInput
            label={t('keys.ownSecret')}
            description={t('keys.ownSecretHow')}
            autoComplete="off"
            {...form.getInputProps('secret')}
          />
        )}
      </FieldPart>
    </Fields>
  );
}
