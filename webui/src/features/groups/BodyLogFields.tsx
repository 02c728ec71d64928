import { NumberInput, Switch } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { useI18n } from '@/i18n';
import { DurationField } from '@/ui/fields/DurationField';
import { FieldRow, Fields } from '@/ui/fields/Form';
import type { Draft } from './draft';

/** Defaults of the API, shown where nothing is written. */
const BYTES = 65_536;
const MOST_BYTES = 1_048_576;
const WEEK = 7 * 86_400_000;

/** Whether and how what clients send and are answered is kept. */
export function BodyLogFields({ form }: { form: UseFormReturnType<Draft> }) {
  const { t, int, setting, percent } = useI18n();
  const { enabled, retention } = form.values.bodyLog;
  return (
    <Fields>
      <Switch
        label={t('groups.log.enabled')}
        description={t('groups.log.enabledHow')}
        {...form.getInputProps('bodyLog.enabled', { type: 'checkbox' })}
      />
      {enabled && (
        <>
          <FieldRow>
            <NumberInput
              label={t('groups.log.maxBytes')}
              description={t('groups.log.maxBytesHow')}
              placeholder={int(BYTES)}
              min={1}
              max={MOST_BYTES}
              allowDecimal={false}
              thousandSeparator=","
              hideControls
              {...form.getInputProps('bodyLog.maxBytes')}
            />
            <NumberInput
              label={t('groups.log.sample')}
              description={t('groups.log.sampleHow')}
              placeholder={percent(1)}
              min={0}
              max={100}
              suffix=" %"
              hideControls
              {...form.getInputProps('bodyLog.sample')}
            />
            <DurationField
              label={t('groups.log.retention')}
              description={t('groups.log.retentionHow')}
              placeholder={setting(WEEK)}
              inherited={WEEK}
              units={['h', 'd']}
              value={retention}
              onChange={(ms) => form.setFieldValue('bodyLog.retention', ms)}
              error={form.errors['bodyLog.retention']}
              data-path="bodyLog.retention"
            />
          </FieldRow>
          <Switch
            label={t('groups.log.redact')}
            description={t('groups.log.redactHow')}
            {...form.getInputProps('bodyLog.redact', { type: 'checkbox' })}
          />
          <Switch
            label={t('groups.log.redactEmails')}
            {...form.getInputProps('bodyLog.redactEmails', { type: 'checkbox' })}
          />
        </>
      )}
    </Fields>
  );
}
