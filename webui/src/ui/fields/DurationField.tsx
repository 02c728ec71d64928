import { Input, NativeSelect, NumberInput } from '@mantine/core';
import { ChevronDown } from 'lucide-react';
import { type ReactNode, useId, useState } from 'react';
import { type PlainKey, useI18n } from '@/i18n';
import c from './fields.module.css';

const UNITS = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type Unit = keyof typeof UNITS;
const WORDS: Record<Unit, PlainKey> = { ms: 'unit.ms', s: 'unit.s', min: 'unit.min', h: 'unit.h', d: 'unit.d' };

/** The largest unit that says a time exactly; seconds for nothing. */
export function unitOf(ms: number | undefined): Unit {
  if (!ms) return 's';
  return (['d', 'h', 'min', 's'] as const).find((unit) => ms % UNITS[unit] === 0) ?? 'ms';
}

/** A length of time in milliseconds, written as a number and a unit; undefined when it is empty. */
export function DurationField({
  label,
  description,
  error,
  value,
  onChange,
  placeholder,
  units = ['ms', 's', 'min', 'h', 'd'],
  disabled,
  'data-path': path,
}: {
  label: string;
  description?: ReactNode;
  error?: ReactNode;
  value: number | undefined;
  onChange: (ms: number | undefined) => void;
  /** What holds while it is empty. */
  placeholder?: string;
  units?: readonly Unit[];
  disabled?: boolean;
  /** Of the form, so that a refusal finds the field. */
  'data-path'?: string;
}) {
  const { t } = useI18n();
  const id = useId();
  const [unit, setUnit] = useState<Unit>(() => unitOf(value));
  const fits = value === undefined || value % UNITS[unit] === 0;
  const shown = fits ? unit : unitOf(value);
  const inUnit = (ms: number | undefined) => (ms === undefined ? '' : ms / UNITS[shown]);
  return (
    <Input.Wrapper label={label} description={description} error={error} labelProps={{ htmlFor: id }}>
      <div className={c.pair}>
        <NumberInput
          id={id}
          data-path={path}
          value={inUnit(value)}
          onChange={(n) => onChange(typeof n === 'number' ? Math.round(n * UNITS[shown]) : undefined)}
          placeholder={placeholder}
          error={Boolean(error)}
          min={0}
          allowNegative={false}
          hideControls
          disabled={disabled}
        />
        <NativeSelect
          aria-label={t('unit.of', { name: label })}
          value={shown}
          data={units.map((u) => ({ value: u, label: t(WORDS[u]) }))}
          onChange={(event) => {
            const next = event.currentTarget.value as Unit;
            setUnit(next);
            // The number stays as it is written: 30 seconds become 30 minutes.
            if (value !== undefined) onChange((value / UNITS[shown]) * UNITS[next]);
          }}
          rightSection={<ChevronDown size={14} aria-hidden />}
          disabled={disabled}
        />
      </div>
    </Input.Wrapper>
  );
}
