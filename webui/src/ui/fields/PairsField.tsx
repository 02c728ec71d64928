import { ActionIcon, Button, Input, TextInput } from '@mantine/core';
import { Plus, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useI18n } from '@/i18n';
import c from './fields.module.css';

export type Pair = { name: string; value: string };

/** Names with values, such as headers. Its form value is a list, so that a half-written line is not lost. */
export function PairsField({
  label,
  description,
  error,
  value,
  onChange,
  addLabel,
  errorOf,
  'data-path': path,
}: {
  label: string;
  description?: ReactNode;
  error?: ReactNode;
  value: readonly Pair[];
  onChange: (value: Pair[]) => void;
  addLabel: string;
  /** What is wrong with one line, by its name. */
  errorOf?: (name: string) => ReactNode;
  /** Of the form, so that a refusal finds the field. */
  'data-path'?: string;
}) {
  const { t } = useI18n();
  const set = (at: number, change: Partial<Pair>) =>
    onChange(value.map((pair, i) => (i === at ? { ...pair, ...change } : pair)));
  return (
    <Input.Wrapper label={label} description={description} error={error} labelElement="div">
      <fieldset className={c.pairs} aria-label={label} data-path={path} tabIndex={-1}>
        {value.map((pair, i) => (
          <div key={i} className={c.line}>
            <TextInput
              aria-label={`${label} ${i + 1}: ${t('pairs.name')}`}
              placeholder={t('pairs.name')}
              value={pair.name}
              data-path={path && `${path}.${pair.name.trim()}`}
              onChange={(event) => set(i, { name: event.currentTarget.value })}
              error={errorOf?.(pair.name)}
              classNames={{ input: 'mono' }}
              spellCheck={false}
            />
            <TextInput
              aria-label={`${label} ${i + 1}: ${t('pairs.value')}`}
              placeholder={t('pairs.value')}
              value={pair.value}
              onChange={(event) => set(i, { value: event.currentTarget.value })}
              classNames={{ input: 'mono' }}
              spellCheck={false}
            />
            <ActionIcon
              variant="subtle"
              color="gray"
              size={34}
              aria-label={t('pairs.remove', { name: pair.name || String(i + 1) })}
              onClick={() => onChange(value.filter((_, other) => other !== i))}
            >
              <X size={15} aria-hidden />
            </ActionIcon>
          </div>
        ))}
        <Button
          variant="subtle"
          size="compact-sm"
          leftSection={<Plus size={14} aria-hidden />}
          onClick={() => onChange([...value, { name: '', value: '' }])}
        >
          {addLabel}
        </Button>
      </fieldset>
    </Input.Wrapper>
  );
}

/** To and from the map that the API has; lines without a name are no pairs. */
export const toPairs = (map: Record<string, string>): Pair[] =>
  Object.entries(map).map(([name, value]) => ({ name, value }));
export const toMap = (pairs: readonly Pair[]): Record<string, string> =>
  Object.fromEntries(pairs.filter((p) => p.name.trim() !== '').map((p) => [p.name.trim(), p.value]));
