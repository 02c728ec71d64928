import { Checkbox, Switch, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { useGroupNames, useProviderNames } from '@/api/queries';
import type { AlertChannel } from '@/gen/trunkline/admin/v1/alert_channel_pb';
import { useI18n } from '@/i18n';
import { MultiCombo } from '@/ui/fields/Combo';
import { DurationField } from '@/ui/fields/DurationField';
import { FieldPart, Fields } from '@/ui/fields/Form';
import { Segments } from '@/ui/Segments';
import c from './alerts.module.css';
import { type Draft, EVENTS, messageOf, WAYS } from './draft';
import { TestMessage } from './TestMessage';
import { WayFields } from './WayFields';
import { eventNotes, eventWords, wayWords } from './words';

/** Every field of an alert channel, the same for a new one and for one that is stored. */
export function ChannelForm({ form, stored }: { form: UseFormReturnType<Draft>; stored?: AlertChannel | undefined }) {
  const { t } = useI18n();
  const providers = useProviderNames().data ?? [];
  const groups = useGroupNames().data ?? [];
  const isNew = stored === undefined;
  return (
    <Fields>
      <TextInput
        label={t('alerts.name')}
        description={isNew ? t('alerts.nameHow') : undefined}
        disabled={!isNew}
        data-autofocus={isNew || undefined}
        {...form.getInputProps('name')}
      />
      <Switch label={t('alerts.enabled')} {...form.getInputProps('enabled', { type: 'checkbox' })} />
      <Segments
        label={t('alerts.way')}
        value={form.values.way}
        options={WAYS.map((value) => ({ value, label: t(wayWords[value]) }))}
        onChange={(way) => form.setFieldValue('way', way)}
      />
      <WayFields form={form} stored={stored} />
      <Switch
        label={t('alerts.private')}
        description={t('alerts.privateHow')}
        {...form.getInputProps('allowPrivateNetwork', { type: 'checkbox' })}
      />
      <TestMessage form={form} name={form.values.name} channel={() => messageOf(form.values)} />
      <Checkbox.Group label={t('alerts.events')} description={t('alerts.eventsHow')} {...form.getInputProps('events')}>
        <div className={c.choices}>
          {EVENTS.map((event) => (
            <Checkbox key={event} value={event} label={t(eventWords[event])} description={t(eventNotes[event])} />
          ))}
        </div>
      </Checkbox.Group>
      <DurationField
        label={t('alerts.digest')}
        description={t('alerts.digestHow')}
        placeholder="30"
        units={['s', 'min', 'h']}
        {...form.getInputProps('digest')}
        value={form.values.digest}
        onChange={(ms) => form.setFieldValue('digest', ms)}
      />
      <Switch label={t('alerts.sendResolved')} {...form.getInputProps('sendResolved', { type: 'checkbox' })} />
      <FieldPart title={t('alerts.only')} folded={form.values.providers.length + form.values.groups.length === 0}>
        <MultiCombo
          label={t('alerts.providers')}
          description={t('alerts.providersHow')}
          data={providers}
          {...form.getInputProps('providers')}
        />
        <MultiCombo
          label={t('alerts.groups')}
          description={t('alerts.groupsHow')}
          data={groups}
          {...form.getInputProps('groups')}
        />
      </FieldPart>
    </Fields>
  );
}
