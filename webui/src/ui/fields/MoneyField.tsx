import { TextInput, type TextInputProps } from '@mantine/core';
import c from './fields.module.css';

/** An amount of dollars as the exact decimal text that the API takes; empty means none. */
export function MoneyField({
  value,
  onChange,
  per,
  ...rest
}: Omit<TextInputProps, 'value' | 'onChange' | 'defaultValue'> & {
  value: string;
  onChange: (value: string) => void;
  /** What it is for, after the number: "/ 1M tokens". */
  per?: string;
}) {
  return (
    <TextInput
      {...rest}
      inputMode="decimal"
      autoComplete="off"
      value={value}
      onChange={(event) => onChange(event.currentTarget.value.replace(',', '.').replace(/[^0-9.]/g, ''))}
      leftSection={<span aria-hidden>$</span>}
      leftSectionWidth={26}
      rightSection={per && <span className={c.per}>{per}</span>}
      rightSectionWidth={per ? 'auto' : undefined}
      classNames={{ input: 'num' }}
    />
  );
}
