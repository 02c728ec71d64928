import { Switch, Textarea, TextInput } from '@mantine/core';
import { useI18n } from '@/i18n';
import { FieldRow, Fields } from '@/ui/fields/Form';
import { SecretField } from '@/ui/fields/SecretField';
import type { ProviderForm } from './providerForm';

const PEM = {
  classNames: { input: 'mono' },
  spellCheck: false,
  autoComplete: 'off',
  autosize: true,
  minRows: 2,
  maxRows: 8,
};

/** How the provider is reached: through a proxy, with authorities or a client certificate of its own. */
export function WayFields({ form }: { form: ProviderForm }) {
  const { t } = useI18n();
  const { clientCertificate, proxy } = form.values;
  return (
    <Fields>
      <TextInput
        label={t('providers.form.proxy')}
        description={t('providers.form.proxyHint')}
        placeholder="http://proxy.example.com:3128"
        classNames={{ input: 'mono' }}
        spellCheck={false}
        autoComplete="off"
        {...form.getInputProps('proxy.url')}
      />
      {proxy.url.trim() !== '' && (
        <>
          <FieldRow>
            <TextInput
              label={t('providers.form.proxyUser')}
              autoComplete="off"
              spellCheck={false}
              {...form.getInputProps('proxy.username')}
            />
            <SecretField
              label={t('providers.form.proxySecret')}
              stored={proxy.stored}
              {...form.getInputProps('proxy.secret')}
              value={proxy.secret}
              onChange={(secret) => form.setFieldValue('proxy.secret', secret)}
            />
          </FieldRow>
          <Switch
            label={t('providers.form.proxyPrivate')}
            description={t('providers.form.proxyPrivateHint')}
            {...form.getInputProps('proxy.allowPrivateNetwork', { type: 'checkbox' })}
          />
        </>
      )}
      <Textarea
        label={t('providers.form.authorities')}
        description={t('providers.form.authoritiesHint')}
        placeholder="-----BEGIN CERTIFICATE-----"
        {...PEM}
        {...form.getInputProps('caCertificates')}
      />
      <Textarea
        label={t('providers.form.clientCertificate')}
        description={t('providers.form.clientCertificateHint')}
        placeholder="-----BEGIN CERTIFICATE-----"
        {...PEM}
        {...form.getInputProps('clientCertificate.certificate')}
      />
      {clientCertificate.certificate.trim() !== '' && (
        <Textarea
          label={t('providers.form.clientKey')}
          description={t('providers.form.clientKeyHint')}
          placeholder={clientCertificate.stored ? '••••' : '-----BEGIN PRIVATE KEY-----'}
          {...PEM}
          {...form.getInputProps('clientCertificate.secret')}
        />
      )}
    </Fields>
  );
}
