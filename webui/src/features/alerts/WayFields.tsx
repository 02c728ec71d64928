import { Button, NativeSelect, NumberInput, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { ChevronDown } from 'lucide-react';
import type { AlertChannel } from '@/gen/trunkline/admin/v1/alert_channel_pb';
import { useI18n } from '@/i18n';
import { TagsField } from '@/ui/fields/Combo';
import { FieldRow, Fields } from '@/ui/fields/Form';
import { SecretField } from '@/ui/fields/SecretField';
import c from './alerts.module.css';
import { type Draft, newSigningSecret, SECURITIES } from './draft';
import { securityWords } from './words';

type Stored = { secretHint: string; secretSetTime?: AlertChannel['createTime'] } | undefined;
const storedOf = (s: Stored) => (s?.secretSetTime ? { hint: s.secretHint, setTime: s.secretSetTime } : undefined);

/** The fields of the way that is chosen. */
export function WayFields({
  form,
  stored,
}: {
  form: UseFormReturnType<Draft>;
  /** What the server has. */
  stored: AlertChannel | undefined;
}) {
  const { t } = useI18n();
  if (form.values.way === 'slack') {
    return (
      <SecretField
        label={t('alerts.slackUrl')}
        description={t('alerts.slackUrlHow')}
        stored={storedOf(stored?.slack)}
        {...form.getInputProps('slack.webhookUrl')}
        value={form.values.slack.webhookUrl}
        onChange={(secret) => form.setFieldValue('slack.webhookUrl', secret)}
      />
    );
  }
  if (form.values.way === 'email') return <EmailFields form={form} stored={stored} />;
  return (
    <Fields>
      <TextInput label={t('alerts.url')} description={t('alerts.urlHow')} {...form.getInputProps('webhook.url')} />
      <div className={c.secret}>
        <SecretField
          label={t('alerts.secret')}
          description={t('alerts.secretHow')}
          stored={storedOf(stored?.webhook)}
          {...form.getInputProps('webhook.secret')}
          value={form.values.webhook.secret}
          onChange={(secret) => form.setFieldValue('webhook.secret', secret)}
        />
        <Button
          variant="subtle"
          size="compact-sm"
          onClick={() => form.setFieldValue('webhook.secret', newSigningSecret())}
        >
          {t('alerts.generate')}
        </Button>
      </div>
    </Fields>
  );
}

function EmailFields({ form, stored }: { form: UseFormReturnType<Draft>; stored: AlertChannel | undefined }) {
  const { t } = useI18n();
  return (
    <Fields>
      <FieldRow>
        <TextInput label={t('alerts.host')} {...form.getInputProps('email.host')} />
        <NumberInput
          label={t('alerts.port')}
          placeholder={form.values.email.security === 'tls' ? '465' : '587'}
          min={1}
          max={65535}
          allowDecimal={false}
          hideControls
          {...form.getInputProps('email.port')}
        />
      </FieldRow>
      <NativeSelect
        label={t('alerts.security')}
        data={SECURITIES.map((value) => ({ value, label: t(securityWords[value]) }))}
        rightSection={<ChevronDown size={14} aria-hidden />}
        {...form.getInputProps('email.security')}
      />
      <TextInput
        label={t('alerts.username')}
        description={t('alerts.usernameHow')}
        autoComplete="off"
        {...form.getInputProps('email.username')}
      />
      <SecretField
        label={t('alerts.password')}
        stored={storedOf(stored?.email)}
        {...form.getInputProps('email.password')}
        value={form.values.email.password}
        onChange={(secret) => form.setFieldValue('email.password', secret)}
      />
      <TextInput
        label={t('alerts.from')}
        placeholder="Trunkline <trunkline@example.com>"
        {...form.getInputProps('email.from')}
      />
      <TagsField
        label={t('alerts.receivers')}
        description={t('alerts.receiversHow')}
        {...form.getInputProps('email.to')}
      />
    </Fields>
  );
}
