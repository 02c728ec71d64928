import { ActionIcon, Button, Input, Select, TextInput } from '@mantine/core';
import { Plus, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useI18n } from '@/i18n';
import { ACTIONS, newRule, type RuleValues } from './rule';
import c from './rules.module.css';

type Part = 'field' | 'action' | 'to' | 'value' | 'endpoints';

/** A list of field rules, a line each. */
export function RulesField({
  label,
  value,
  onChange,
  errorOf,
  path,
}: {
  label: string;
  value: readonly RuleValues[];
  onChange: (value: RuleValues[]) => void;
  /** What the server found wrong with one part of one rule. */
  errorOf?: (at: number, part: Part) => ReactNode;
  /** Where the rules lie in the form, so that a refusal finds the field. */
  path?: string;
}) {
  const { t } = useI18n();
  const set = (at: number, change: Partial<RuleValues>) =>
    onChange(value.map((rule, i) => (i === at ? { ...rule, ...change } : rule)));
  const actions = ACTIONS.map((action) => ({ value: action, label: t(`providers.rules.do.${action}`) }));
  return (
    <Input.Wrapper label={label} description={t('providers.rules.hint')} labelElement="div">
      <fieldset className={c.rules} aria-label={label}>
        {value.map((rule, i) => {
          const text = (part: Exclude<Part, 'action'>, title: string, placeholder: string) => (
            <TextInput
              aria-label={`${label} ${i + 1}: ${title}`}
              placeholder={placeholder}
              value={rule[part]}
              data-path={path && `${path}.${i}.${part}`}
              onChange={(event) => set(i, { [part]: event.currentTarget.value })}
              error={errorOf?.(i, part)}
              classNames={{ input: 'mono' }}
              spellCheck={false}
              autoComplete="off"
            />
          );
          return (
            <div key={i} className={c.line}>
              <Select
                aria-label={`${label} ${i + 1}: ${t('providers.rules.action')}`}
                data={actions}
                value={rule.action}
                data-path={path && `${path}.${i}.action`}
                allowDeselect={false}
                comboboxProps={{ shadow: 'md' }}
                onChange={(action) => set(i, { action: ACTIONS.find((known) => known === action) ?? rule.action })}
                error={errorOf?.(i, 'action')}
              />
              {text('field', t('providers.rules.field'), 'max_tokens')}
              {rule.action === 'rename' && text('to', t('providers.rules.to'), 'max_completion_tokens')}
              {(rule.action === 'default' || rule.action === 'force') &&
                text('value', t('providers.rules.value'), '0.7')}
              {text('endpoints', t('providers.rules.endpoints'), t('providers.rules.endpointsDefault'))}
              <ActionIcon
                variant="subtle"
                color="gray"
                size={34}
                aria-label={t('pairs.remove', { name: rule.field || String(i + 1) })}
                onClick={() => onChange(value.filter((_, other) => other !== i))}
              >
                <X size={15} aria-hidden />
              </ActionIcon>
            </div>
          );
        })}
        <Button
          variant="subtle"
          size="compact-sm"
          leftSection={<Plus size={14} aria-hidden />}
          disabled={value.length >= 16}
          onClick={() => onChange([...value, newRule()])}
        >
          {t('providers.rules.add')}
        </Button>
      </fieldset>
    </Input.Wrapper>
  );
}
