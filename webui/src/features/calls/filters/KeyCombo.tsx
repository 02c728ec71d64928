import { useQuery } from '@connectrpc/connect-query';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData } from '@tanstack/react-query';
import { useState } from 'react';
import { KeyService } from '@/gen/trunkline/admin/v1/key_pb';
import { useI18n } from '@/i18n';
import { Combo } from '@/ui/fields/Combo';
import { offered } from '@/ui/fields/offered';

/** Chooses an API key by part of its name; the server searches, for there may be 100,000. */
export function KeyCombo({
  value,
  onChange,
}: {
  value: string | undefined;
  onChange: (key: string | undefined) => void;
}) {
  const { t } = useI18n();
  const [typed, setTyped] = useState('');
  const [asked] = useDebouncedValue(typed === value ? '' : typed, 200);
  const keys = useQuery(
    KeyService.method.listApiKeys,
    { search: asked, pageSize: 50 },
    { placeholderData: keepPreviousData, staleTime: 30_000 },
  );
  const names = keys.data?.apiKeys.map((k) => k.name) ?? [];
  return (
    <Combo
      aria-label={t('calls.key')}
      placeholder={t('calls.anyKey')}
      data={offered(names, value)}
      filter={({ options }) => options}
      searchValue={typed}
      onSearchChange={setTyped}
      value={value ?? null}
      onChange={(key) => onChange(key ?? undefined)}
      clearable
    />
  );
}
