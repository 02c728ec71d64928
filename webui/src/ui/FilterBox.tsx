import { UnstyledButton } from '@mantine/core';
import { Search, X } from 'lucide-react';
import { useRef } from 'react';
import { useI18n } from '@/i18n';
import c from './ui.module.css';

/** Narrows a list while one types. */
export function FilterBox({
  value,
  onChange,
  label,
  isFirst,
}: {
  value: string;
  onChange: (value: string) => void;
  label: string;
  /** A dialog begins with it. */
  isFirst?: true;
}) {
  const { t } = useI18n();
  const input = useRef<HTMLInputElement>(null);
  const clear = () => {
    onChange('');
    input.current?.focus();
  };
  return (
    <div className={c.filter}>
      <Search size={15} aria-hidden />
      <input
        ref={input}
        type="search"
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Escape' && onChange('')}
        placeholder={label}
        aria-label={label}
        autoComplete="off"
        spellCheck={false}
        data-autofocus={isFirst}
      />
      {value && (
        <UnstyledButton className={c.filterClear} onClick={clear} aria-label={t('action.clear')}>
          <X size={14} aria-hidden />
        </UnstyledButton>
      )}
    </div>
  );
}

/** Whether any of the texts contains every word of the filter, whatever the case. */
export function matches(filter: string, ...texts: string[]): boolean {
  const all = texts.join('\n').toLocaleLowerCase();
  return filter
    .toLocaleLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}
