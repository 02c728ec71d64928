import { useDebouncedCallback } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import { FilterBox } from './FilterBox';

/** A filter that the server is asked for: when one has stopped to type, without the spaces around it. */
export function SlowFilterBox({
  value,
  label,
  onChange,
}: {
  value: string;
  label: string;
  onChange: (value: string) => void;
}) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const ask = useDebouncedCallback((next: string) => onChange(next.trim()), 250);
  return (
    <FilterBox
      value={text}
      label={label}
      onChange={(next) => {
        setText(next);
        ask(next);
      }}
    />
  );
}
