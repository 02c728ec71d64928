import { NativeSelect } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { ChevronDown } from 'lucide-react';
import { useApiKeys, useGroups, useProviders } from '@/api/queries';
import { useI18n } from '@/i18n';
import { OUTCOMES, outcomeKey } from '@/ui/outcome';
import c from './calls.module.css';

const route = getRouteApi('/signed-in/calls');
/** Names offered at most; the chosen one is always among them. */
const MAX_NAMES = 1000;

type Value = { group: string; provider: string; key: string; outcome: string };

/** Narrows the list; what is chosen is in the URL, so a view can be sent to someone. */
export function Filters({ value }: { value: Value }) {
  const { t } = useI18n();
  const navigate = route.useNavigate();
  const groups = useGroups().data?.map((g) => g.name) ?? [];
  const providers = useProviders().data?.map((p) => p.name) ?? [];
  const keys = useApiKeys().data?.map((k) => k.name) ?? [];
  const set = (name: keyof Value) => (chosen: string) =>
    navigate({ search: (s) => ({ ...s, [name]: chosen || undefined, call: undefined }), replace: true });
  const outcomes = OUTCOMES.map((o) => ({ value: o, label: t(outcomeKey(o)) }));
  return (
    <search className={c.filters} aria-label={t('calls.filters')}>
      <Choice
        label={t('calls.group')}
        any={t('calls.anyGroup')}
        value={value.group}
        options={named(groups, value.group)}
        onChange={set('group')}
      />
      <Choice
        label={t('calls.provider')}
        any={t('calls.anyProvider')}
        value={value.provider}
        options={named(providers, value.provider)}
        onChange={set('provider')}
      />
      <Choice
        label={t('calls.key')}
        any={t('calls.anyKey')}
        value={value.key}
        options={named(keys, value.key)}
        onChange={set('key')}
      />
      <Choice
        label={t('calls.outcome')}
        any={t('calls.anyOutcome')}
        value={value.outcome}
        options={outcomes}
        onChange={set('outcome')}
      />
    </search>
  );
}

type Option = { value: string; label: string };

function named(names: string[], chosen: string): Option[] {
  const offered = names.slice(0, MAX_NAMES);
  if (chosen !== '' && !offered.includes(chosen)) offered.unshift(chosen);
  return offered.map((name) => ({ value: name, label: name }));
}

function Choice({
  label,
  any,
  value,
  options,
  onChange,
}: {
  label: string;
  any: string;
  value: string;
  options: Option[];
  onChange: (value: string) => void;
}) {
  return (
    <NativeSelect
      aria-label={label}
      data={[{ value: '', label: any }, ...options]}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      data-active={value !== ''}
      className={c.choice}
      rightSection={<ChevronDown size={15} aria-hidden />}
    />
  );
}
