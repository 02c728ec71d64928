import { Button, Popover, TextInput, UnstyledButton } from '@mantine/core';
import { CalendarRange } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { type PlainKey, useI18n } from '@/i18n';
import { RANGES, type Range, type RangeName, spanOf } from './range';
import c from './rangePicker.module.css';
import { Segments } from './Segments';

const WORDS: Record<RangeName, PlainKey> = {
  '1h': 'range.1h',
  '24h': 'range.24h',
  '7d': 'range.7d',
  '30d': 'range.30d',
};

/** The time that a whole page is about. The page keeps it in its address: see range.ts. */
export function RangePicker({ value, onChange }: { value: Range; onChange: (range: Range) => void }) {
  const { t } = useI18n();
  return (
    <div className={c.picker}>
      <Segments
        label={t('range.title')}
        value={'name' in value ? value.name : undefined}
        options={(Object.keys(RANGES) as RangeName[]).map((name) => ({ value: name, label: t(WORDS[name]) }))}
        onChange={(name) => onChange({ name })}
      />
      <Custom value={value} onChange={onChange} />
    </div>
  );
}

function Custom({ value, onChange }: { value: Range; onChange: (range: Range) => void }) {
  const { t, span } = useI18n();
  const [open, setOpen] = useState(false);
  const isCustom = 'from' in value;
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-end" trapFocus>
      <Popover.Target>
        <UnstyledButton
          className={c.custom}
          data-on={isCustom}
          aria-label={isCustom ? undefined : t('range.custom')}
          onClick={() => setOpen(!open)}
        >
          <CalendarRange size={16} aria-hidden />
          {isCustom && <span className="num">{span(value.from, value.to)}</span>}
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown>
        <Dates
          value={value}
          onChange={(range) => {
            setOpen(false);
            onChange(range);
          }}
        />
      </Popover.Dropdown>
    </Popover>
  );
}

function Dates({ value, onChange }: { value: Range; onChange: (range: Range) => void }) {
  const { t } = useI18n();
  const [start] = useState(() => spanOf(value, Date.now()));
  const [from, setFrom] = useState(() => toLocal(start.from));
  const [to, setTo] = useState(() => toLocal(start.to));
  const [a, b] = [new Date(from).getTime(), new Date(to).getTime()];
  const isValid = a < b; // a date that is no date compares as false
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isValid) onChange({ from: a, to: b });
  };
  return (
    <form className={c.dates} onSubmit={submit}>
      <TextInput
        type="datetime-local"
        label={t('range.from')}
        value={from}
        onChange={(event) => setFrom(event.currentTarget.value)}
      />
      <TextInput
        type="datetime-local"
        label={t('range.to')}
        value={to}
        onChange={(event) => setTo(event.currentTarget.value)}
        error={isValid ? undefined : t('range.order')}
      />
      <p>{t('range.zone', { zone: Intl.DateTimeFormat().resolvedOptions().timeZone })}</p>
      <Button type="submit" disabled={!isValid}>
        {t('range.apply')}
      </Button>
    </form>
  );
}

/** As an input of dates takes it: local time, to the minute. */
function toLocal(ms: number): string {
  const at = new Date(ms);
  return new Date(ms - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
