import { Button } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { KeyRound } from 'lucide-react';
import { useState } from 'react';
import { useApiKeys } from '@/api/queries';
import { applyCommand, KEY_YAML } from '@/api/snippets';
import { useI18n } from '@/i18n';
import { CodeBlock } from '@/ui/Code';
import { FilterBox, matches } from '@/ui/FilterBox';
import { PageHeader } from '@/ui/Page';
import { EmptyState, ErrorState, SkeletonRows } from '@/ui/States';
import table from '@/ui/table.module.css';
import { useTitle } from '@/ui/useTitle';
import { KeyRow } from './KeyRow';
import c from './keys.module.css';

const route = getRouteApi('/signed-in/keys');
const STEP = 200;

export function KeysPage() {
  const { t, int } = useI18n();
  const { q = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const keys = useApiKeys();
  const [shown, setShown] = useState(STEP);
  useTitle(t('nav.keys'));

  const rows = keys.data ?? [];
  const found = rows.filter((k) => matches(q, k.name, k.prefix, k.lastFour, ...k.groups));
  const filterBox = rows.length > 0 && (
    <div className={c.filter}>
      <FilterBox
        value={q}
        onChange={(value) => navigate({ search: { q: value || undefined }, replace: true })}
        label={t('keys.filter')}
      />
    </div>
  );

  return (
    <>
      <PageHeader title={t('nav.keys')} lead={t('keys.lead')} aside={filterBox} />
      {keys.data === undefined && keys.error ? (
        <ErrorState error={keys.error} onRetry={() => keys.refetch()} busy={keys.isFetching} />
      ) : keys.data === undefined ? (
        <SkeletonRows />
      ) : rows.length === 0 ? (
        <EmptyState icon={<KeyRound size={22} aria-hidden />} title={t('keys.empty')}>
          <p>{t('keys.emptyHow')}</p>
          <CodeBlock label="key.yaml" code={KEY_YAML} />
          <CodeBlock label={t('snippet.shell')} code={applyCommand('key.yaml')} />
        </EmptyState>
      ) : found.length === 0 ? (
        <EmptyState icon={<KeyRound size={22} aria-hidden />} title={t('list.noMatch')} />
      ) : (
        <div className={c.card}>
          <table className={table.table}>
            <thead>
              <tr>
                <th scope="col">{t('keys.name')}</th>
                <th scope="col">{t('keys.key')}</th>
                <th scope="col">{t('keys.groups')}</th>
                <th scope="col">{t('keys.status')}</th>
                <th scope="col">{t('keys.expires')}</th>
                <th scope="col" className={table.right}>
                  {t('keys.created')}
                </th>
              </tr>
            </thead>
            <tbody>
              {found.slice(0, shown).map((key) => (
                <KeyRow key={key.name} apiKey={key} />
              ))}
            </tbody>
          </table>
          {found.length > shown && (
            <div className={c.more}>
              <Button variant="default" onClick={() => setShown(shown + STEP)}>
                {t('list.more', { n: int(found.length - shown) })}
              </Button>
            </div>
          )}
        </div>
      )}
    </>
  );
}
