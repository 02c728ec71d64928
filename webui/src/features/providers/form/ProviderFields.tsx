import { NumberInput, Select, Switch, TextInput } from '@mantine/core';
import { ExternalLink } from 'lucide-react';
import type { Preset } from '@/gen/presets';
import type { Provider } from '@/gen/trunkline/admin/v1/provider_pb';
import { useI18n } from '@/i18n';
import { TagsField } from '@/ui/fields/Combo';
import { FieldPart, FieldRow, Fields } from '@/ui/fields/Form';
import { PairsField } from '@/ui/fields/PairsField';
import { RulesField } from '../rules/RulesField';
import { CredentialFields } from './CredentialFields';
import { EndpointFields } from './EndpointFields';
import c from './form.module.css';
import type { ProviderForm } from './providerForm';
import { SecretParameterFields } from './SecretParameterFields';
import { TimeoutFields } from './TimeoutFields';
import { WayFields } from './WayFields';

/** Headers of clients that providers document; others may be typed. */
const FORWARDED = ['HTTP-Referer', 'X-Title', 'Idempotency-Key', 'OpenAI-Organization', 'OpenAI-Project'];

/** Every field of a provider, the same for a new one and for one that is there. */
export function ProviderFields({
  form,
  preset,
  stored,
}: {
  form: ProviderForm;
  /** What the provider was begun with, for its hints. */
  preset?: Preset;
  /** The provider as the server has it; undefined while it is new. */
  stored?: Provider;
}) {
  const { t } = useI18n();
  const dialects = [
    { value: 'openai', label: t('providers.dialect.openai') },
    { value: 'anthropic', label: t('providers.dialect.anthropic') },
    { value: 'gemini', label: t('providers.dialect.gemini') },
    { value: 'fake', label: t('providers.dialect.fake') },
  ];
  return (
    <div>
      <FieldPart title={t('providers.form.basics')}>
        <FieldRow>
          <TextInput
            label={t('providers.form.name')}
            description={stored ? t('providers.form.nameFixed') : t('providers.form.nameHint')}
            disabled={stored !== undefined}
            autoComplete="off"
            {...form.getInputProps('name')}
          />
          <Select
            label={t('providers.form.dialect')}
            description={t('providers.form.dialectHint')}
            data={dialects}
            allowDeselect={false}
            comboboxProps={{ shadow: 'md' }}
            {...form.getInputProps('dialect')}
          />
        </FieldRow>
        <TextInput
          label={t('providers.form.baseUrl')}
          description={
            <>
              {preset && preset.placeholders.length > 0
                ? t('providers.form.baseUrlReplace', { part: preset.placeholders.join(', ') })
                : t('providers.form.baseUrlHint')}{' '}
              {preset?.docs && (
                <a className={c.docs} href={preset.docs} target="_blank" rel="noreferrer">
                  {t('providers.form.docs', { name: preset.title })}
                  <ExternalLink size={12} aria-hidden />
                </a>
              )}
            </>
          }
          placeholder="https://api.example.com/v1"
          classNames={{ input: 'mono' }}
          spellCheck={false}
          autoComplete="off"
          {...form.getInputProps('baseUrl')}
        />
      </FieldPart>
      <FieldPart
        title={t('providers.form.credentials')}
        sub={preset?.isKeyless ? t('providers.form.keyless') : t('providers.form.credentialsHint')}
      >
        <CredentialFields form={form} keyLooks={preset?.keyLooks ?? ''} />
      </FieldPart>
      <FieldPart title={t('providers.endpoint.title')} sub={t('providers.endpoint.hint')}>
        <EndpointFields form={form} />
      </FieldPart>
      <FieldPart title={t('providers.form.timeouts')} sub={t('providers.form.timeoutsHint')}>
        <TimeoutFields form={form} stored={stored} />
      </FieldPart>
      <FieldPart title={t('providers.rules.title')}>
        <RulesField
          label={t('providers.rules.title')}
          value={form.values.fieldRules}
          onChange={(rules) => form.setFieldValue('fieldRules', rules)}
          errorOf={(at, part) => form.errors[`fieldRules.${at}.${part}`]}
          path="fieldRules"
        />
      </FieldPart>
      <FieldPart title={t('providers.form.way')} sub={t('providers.form.wayHint')}>
        <WayFields form={form} />
      </FieldPart>
      <FieldPart title={t('providers.form.limits')}>
        <Fields>
          <PairsField
            label={t('providers.form.headers')}
            description={t('providers.form.headersHint')}
            value={form.values.headers}
            onChange={(headers) => form.setFieldValue('headers', headers)}
            addLabel={t('providers.form.addHeader')}
            errorOf={(name) => form.errors[`headers.${name.trim()}`]}
            error={form.errors.headers}
            data-path="headers"
          />
          <SecretParameterFields
            form={form}
            list="secretHeaders"
            label={t('providers.form.secretHeaders')}
            description={t('providers.form.secretHeadersHint')}
            addLabel={t('providers.form.addHeader')}
          />
          <SecretParameterFields
            form={form}
            list="secretQuery"
            label={t('providers.form.secretQuery')}
            description={t('providers.form.secretQueryHint')}
            addLabel={t('providers.form.addParameter')}
          />
          <TagsField
            label={t('providers.form.forward')}
            description={t('providers.form.forwardHint')}
            data={FORWARDED}
            {...form.getInputProps('forwardHeaders')}
            value={form.values.forwardHeaders}
            onChange={(names) => form.setFieldValue('forwardHeaders', names)}
          />
          <FieldRow>
            <NumberInput
              label={t('providers.form.maxInFlight')}
              description={t('providers.form.maxInFlightHint')}
              min={0}
              max={1_000_000}
              allowDecimal={false}
              thousandSeparator=","
              hideControls
              {...form.getInputProps('maxInFlight')}
              value={form.values.maxInFlight}
              onChange={(n) => form.setFieldValue('maxInFlight', typeof n === 'number' ? n : 0)}
            />
          </FieldRow>
          <Switch
            label={t('providers.form.private')}
            description={t('providers.form.privateHint')}
            {...form.getInputProps('allowPrivateNetwork', { type: 'checkbox' })}
          />
          <Switch
            label={t('providers.form.enabled')}
            description={t('providers.form.enabledHint')}
            {...form.getInputProps('enabled', { type: 'checkbox' })}
          />
        </Fields>
      </FieldPart>
    </div>
  );
}
