import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { CONFIG_KEY } from '@/api/queries';
import { Combo } from '@/ui/fields/Combo';
import c from './dashboard.module.css';

/** One name of many, found by typing part of it: the server searches, only while the list is open. */
export function NameFilter({
  label,
  value,
  onChange,
  id,
  read,
}: {
  /** What it says while nothing is chosen: "All groups". */
  label: string;
  value: string;
  onChange: (value: string) => void;
  /** Tells its answers apart from those of other filters. */
  id: string;
  read: (search: string, signal: AbortSignal) => Promise<string[]>;
}) {
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState(value);
  // The chosen name stands in the field: to open it is not to search for that name.
  const [search] = useDebouncedValue(typed === value ? '' : typed, 200);
  const { data: names = [] } = useQuery({
    queryKey: [...CONFIG_KEY, 'dashboard-names', id, search],
    enabled: open,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => read(search, signal),
  });
  return (
    <Combo
      className={c.name}
      aria-label={label}
      placeholder={label}
      data={value === '' || names.includes(value) ? names : [value, ...names]}
      filter={({ options }) => options}
      value={value || null}
      onChange={(chosen) => onChange(chosen ?? '')}
      searchValue={typed}
      onSearchChange={setTyped}
      onDropdownOpen={() => setOpen(true)}
      onDropdownClose={() => setOpen(false)}
      clearable
    />
  );
}
