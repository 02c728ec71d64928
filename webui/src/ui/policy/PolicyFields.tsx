import { NumberInput, Select } from '@mantine/core';
import { useI18n } from '@/i18n';
import { DurationField } from '../fields/DurationField';
import { FieldPart, FieldRow } from '../fields/Form';
import { PolicySentence } from './PolicySentence';
import {
  type CHOICES,
  type COUNTS,
  choiceWords,
  type PolicyDraft,
  policyWords,
  type SWITCHES,
  type TIMES,
} from './policy';
import { usePolicyText } from './usePolicyText';

type Props = {
  value: PolicyDraft;
  onChange: (draft: PolicyDraft) => void;
  /** What holds where this policy sets nothing: shown in the empty fields. */
  effective: PolicyDraft;
  /** Where the policy lies in the form, so that a refusal finds the field. */
  path: string;
  /** By field. */
  errors: Record<string, React.ReactNode>;
};

/** Every field of a failover policy; an empty one is inherited, and shows what then holds. */
export function PolicyFields(props: Props) {
  const { t } = useI18n();
  return (
    <>
      <FieldPart title={t('policy.skipping')} sub={t('policy.skippingHow')}>
        <PolicySentence own={props.value} effective={props.effective} />
        <FieldRow>
          <CountField {...props} field="failureThreshold" max={100_000} />
          <TimeField {...props} field="failureWindow" />
          <RatioField {...props} />
        </FieldRow>
        <FieldRow>
          <TimeField {...props} field="cooldown" />
          <TimeField {...props} field="cooldownMax" />
          <CountField {...props} field="maxAttempts" max={20} />
        </FieldRow>
        <FieldRow>
          <SwitchField {...props} field="retrySameTarget" />
          <TimeField {...props} field="retryWait" />
        </FieldRow>
        <FieldRow>
          <SwitchField {...props} field="probeEarly" />
          <TimeField {...props} field="affinityHold" />
        </FieldRow>
      </FieldPart>
      <FieldPart title={t('policy.timers')} sub={t('policy.timersHow')}>
        <FieldRow>
          <TimeField {...props} field="connectTimeout" />
          <TimeField {...props} field="firstTokenTimeout" />
          <TimeField {...props} field="firstTokenTimeoutMax" />
        </FieldRow>
        <FieldRow>
          <TimeField {...props} field="attemptTimeout" />
          <TimeField {...props} field="responseTimeout" />
          <TimeField {...props} field="hedgeAfter" />
        </FieldRow>
        <FieldRow>
          <TimeField {...props} field="streamIdleTimeout" />
          <TimeField {...props} field="totalTimeout" />
          <TimeField {...props} field="streamTotalTimeout" />
        </FieldRow>
      </FieldPart>
      <FieldPart title={t('policy.streams')} sub={t('policy.streamsHow')}>
        <FieldRow>
          <ChoiceField {...props} field="streamCommit" />
          <TimeField {...props} field="keywordHold" />
        </FieldRow>
        <FieldRow>
          <SwitchField {...props} field="streamKeepAlive" />
          <ChoiceField {...props} field="emptyAnswer" />
        </FieldRow>
        <SwitchField {...props} field="failoverOnContentPolicy" />
      </FieldPart>
      <FieldPart title={t('policy.dialects')} sub={t('policy.dialectsHow')}>
        <ChoiceField {...props} field="translation" />
      </FieldPart>
    </>
  );
}

function useField({ path, value, onChange, effective, errors }: Props, field: keyof PolicyDraft) {
  const { t } = useI18n();
  const text = usePolicyText();
  return {
    label: t(policyWords[field].label),
    description: t(policyWords[field].how),
    placeholder: text.value(field, effective),
    error: errors[field],
    'data-path': `${path}.${field}`,
    set: (v: PolicyDraft[keyof PolicyDraft]) => onChange({ ...value, [field]: v }),
  };
}

function CountField(props: Props & { field: (typeof COUNTS)[number]; max: number }) {
  const { set, ...field } = useField(props, props.field);
  return (
    <NumberInput
      {...field}
      value={props.value[props.field] ?? ''}
      onChange={(n) => set(typeof n === 'number' ? n : undefined)}
      min={1}
      max={props.max}
      allowDecimal={false}
      hideControls
    />
  );
}

function RatioField(props: Props) {
  const { set, ...field } = useField(props, 'minRatio');
  return (
    <NumberInput
      {...field}
      value={props.value.minRatio ?? ''}
      onChange={(n) => set(typeof n === 'number' ? n : undefined)}
      min={0}
      max={100}
      suffix=" %"
      hideControls
    />
  );
}

function TimeField(props: Props & { field: (typeof TIMES)[number] }) {
  const { set, ...field } = useField(props, props.field);
  return (
    <DurationField
      {...field}
      value={props.value[props.field]}
      onChange={(ms) => set(ms)}
      inherited={props.effective[props.field]}
      units={['ms', 's', 'min', 'h']}
    />
  );
}

function SwitchField(props: Props & { field: (typeof SWITCHES)[number] }) {
  const { t } = useI18n();
  const { set, placeholder, ...field } = useField(props, props.field);
  const value = props.value[props.field];
  return (
    <Select
      {...field}
      data={[
        { value: '', label: t('policy.inheritedAs', { value: placeholder ?? '' }) },
        { value: 'yes', label: t('policy.yes') },
        { value: 'no', label: t('policy.no') },
      ]}
      value={value === undefined ? '' : value ? 'yes' : 'no'}
      onChange={(v) => set(v ? v === 'yes' : undefined)}
      allowDeselect={false}
    />
  );
}

function ChoiceField(props: Props & { field: (typeof CHOICES)[number] }) {
  const { t } = useI18n();
  const { set, placeholder, ...field } = useField(props, props.field);
  return (
    <Select
      {...field}
      data={[
        { value: '', label: t('policy.inheritedAs', { value: placeholder ?? '' }) },
        ...Object.entries(choiceWords[props.field]).map(([value, word]) => ({ value, label: t(word) })),
      ]}
      value={props.value[props.field] ?? ''}
      onChange={(v) => set(v || undefined)}
      allowDeselect={false}
    />
  );
}
