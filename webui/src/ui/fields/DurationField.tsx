import { Input, NativeSelect, NumberInput } from '@mantine/core';
import { ChevronDown } from 'lucide-react';
import { type ReactNode, useId, useState } from 'react';
import { type PlainKey, useI18n } from '@/i18n';
import c from './fields.module.css';

const UNITS = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type Unit = keyof typeof UNITS;
const LARGEST_FIRST = ['d', 'h', 'min', 's', 'ms'] as const;
const ALL: readonly Unit[] = LARGEST_FIRST.toReversed();
const WORDS: Record<Unit, PlainKey> = { ms: 'unit.ms', s: 'unit.s', min: 'unit.min', h: 'unit.h', d: 'unit.d' };

/** The largest of some units that says a time exactly; for nothing seconds, or the smallest. */
export function unitOf(ms: number | undefined, units: readonly Unit[] = ALL): Unit {
  const smallest = units.reduce((a, b) => (UNITS[b] < UNITS[a] ? b : a));
  if (!ms) return units.includes('s') ? 's' : smallest;
  return LARGEST_FIRST.find((unit) => units.includes(unit) && ms % UNITS[unit] === 0) ?? smallest;
}

/** A length of time in milliseconds, written as a number and a unit; undefined when it is empty. */
export function DurationField({
  label,
  description,
  error,
  value,
  onChange,
  placeholder,
  inherited,
  units = ALL,
  disabled,
  'data-path': path,
}: {
  label: string;
  description?: ReactNode;
  error?: ReactNode;
  value: number | undefined;
  onChange: (ms: number | undefined) => void;
  /** What holds while it is empty, in words. */
  placeholder?: string;
  /** The same in milliseconds: then it is shown in its unit. */
  inherited?: number;
  units?: readonly Unit[];
  disabled?: boolean;
  /** Of the form, so that a refusal finds the field. */
  'data-path'?: string;
}) {
  const { t, decimal } = useI18n();
  const id = useId();
  // Whoever writes a number keeps its unit: 60 minutes do not become an hour between two digits.
  const [unit, setUnit] = useState<Unit>();
  const fits = unit !== undefined && (value === undefined || value % UNITS[unit] === 0);
  const shown = fits ? unit : unitOf(value ?? inherited, units);
  const usual = inherited === undefined ? undefined : inherited / UNITS[shown];
  const inUnit = (ms: number | undefined) => (ms === undefined ? '' : ms / UNITS[shown]);
  return (
    <Input.Wrapper label={label} description={description} error={error} labelProps={{ htmlFor: id }}>
      <div className={c.pair}>
        <NumberInput
          id={id}
          data-path={path}
          value={inUnit(value)}
          onChange={(n) => {
            setUnit(shown);
            onChange(typeof n === 'number' ? Math.round(n * UNITS[shown]) : undefined);
          }}
          placeholder={usual !== undefined && Number.isInteger(usual) ? decimal(usual) : placeholder}
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
