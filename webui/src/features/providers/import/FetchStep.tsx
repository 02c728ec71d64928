import { createClient } from '@connectrpc/connect';
import { useTransport } from '@connectrpc/connect-query';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { DownloadCloud } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { ImportPlan } from '@/gen/trunkline/admin/v1/import_pb';
import { type Provider, ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import { useI18n } from '@/i18n';
import { Combo } from '@/ui/fields/Combo';
import { Card } from '@/ui/Page';
import { Progress } from '@/ui/Progress';
import { ErrorState } from '@/ui/States';
import { useNow } from '@/ui/useNow';
import { isEnabled } from '../address';
import c from './import.module.css';

/** Reads the provider's list. It begins by itself; where there are several keys, one may choose first. */
export function FetchStep({
  provider,
  credential,
  onCredential,
  onFetched,
}: {
  provider: Provider;
  credential: string;
  onCredential: (name: string) => void;
  onFetched: (plan: ImportPlan) => void;
}) {
  const { t } = useI18n();
  const transport = useTransport();
  const credentials = provider.credentials.filter(isEnabled).map((one) => one.name);
  const [asked, setAsked] = useState(credentials.length <= 1);
  const [listed, setListed] = useState(0);
  const list = useQuery({
    queryKey: ['import-list', provider.name, credential],
    enabled: asked,
    retry: false,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) => {
      // Everything that is listed: what shall come is chosen in the next step.
      const input = { name: provider.name, rules: { credential, skipAliasConflicts: true } };
      setListed(0);
      for await (const step of createClient(ProviderService, transport).followImportPreview(
        { preview: input },
        { signal },
      )) {
        const [plan] = step.plans;
        if (plan) return plan;
        setListed(step.listed);
      }
      return null;
    },
  });
  const plan = list.data;
  useEffect(() => {
    if (plan) onFetched(plan);
  }, [plan]);

  if (list.error) {
    return (
      <>
        <ErrorState error={list.error} onRetry={() => list.refetch()} busy={list.isFetching} />
        <p className={c.after}>
          <Link to="/providers" search={{ provider: provider.name, tab: 'settings' }}>
            {t('import.checkConnection')}
          </Link>
        </p>
      </>
    );
  }
  return (
    <Card title={t('import.fetchTitle')} sub={provider.baseUrl}>
      {asked ? (
        <Waiting listed={listed} onCancel={() => setAsked(false)} />
      ) : (
        <div className={c.fetch}>
          {credentials.length > 1 && (
            <Combo
              label={t('import.rules.credential')}
              placeholder={t('providers.test.first')}
              data={credentials}
              value={credential || null}
              onChange={(name) => onCredential(name ?? '')}
              clearable
            />
          )}
          <Button leftSection={<DownloadCloud size={15} aria-hidden />} onClick={() => setAsked(true)}>
            {t('import.fetch')}
          </Button>
        </div>
      )}
    </Card>
  );
}

function Waiting({ listed, onCancel }: { listed: number; onCancel: () => void }) {
  const { t, int } = useI18n();
  const [since] = useState(() => Date.now());
  const seconds = Math.max(0, Math.floor((useNow() - since) / 1000));
  return (
    <div className={c.waiting}>
      <Progress label={t('import.fetching')} share={undefined} />
      <p>
        <span role="status">{t('import.fetching')}</span>
        {listed > 0 && <span className="num">{t('import.listedSoFar', { n: int(listed) })}</span>}
        <span className="num">{t('import.seconds', { n: int(seconds) })}</span>
        <Button variant="subtle" size="compact-sm" onClick={onCancel}>
          {t('action.cancel')}
        </Button>
      </p>
    </div>
  );
}
