import { Button } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { Boxes, PackageSearch } from 'lucide-react';
import { lazy, Suspense } from 'react';
import { isMissing } from '@/api/errors';
import { healthFrom } from '@/api/targetState';
import { type Provider, ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import { useI18n } from '@/i18n';
import { HealthDetail } from '@/ui/HealthPill';
import { Loaded } from '@/ui/Loaded';
import { May } from '@/ui/May';
import { Chip, PageHeader } from '@/ui/Page';
import { EmptyState, SkeletonRows } from '@/ui/States';
import { Tabs } from '@/ui/Tabs';
import { useTitle } from '@/ui/useTitle';
import { ProviderMenu } from '../actions/ProviderMenu';
import { dialectOf } from '../address';
import { Back } from '../Back';
import { useHealth, useProvider } from '../queries';
import c from './detail.module.css';
import { Overview } from './Overview';

const route = getRouteApi('/signed-in/providers');
const EditProvider = lazy(async () => ({ default: (await import('../form/EditProvider')).EditProvider }));
const ModelsTab = lazy(async () => ({ default: (await import('../models/ModelsTab')).ModelsTab }));
const ImportsTab = lazy(async () => ({ default: (await import('../import/ImportsTab')).ImportsTab }));

const TABS = ['overview', 'models', 'imports', 'settings'] as const;
type TabName = (typeof TABS)[number];

/** One provider: how it fares, its models, its imports, and everything that can be set. */
export function ProviderView({ name }: { name: string }) {
  const { t } = useI18n();
  const provider = useProvider(name);
  useTitle(name);
  if (provider.data === undefined && isMissing(provider.error)) {
    return (
      <>
        <Back>{t('providers.all')}</Back>
        <PageHeader title={name} />
        <EmptyState icon={<Boxes size={22} aria-hidden />} title={t('providers.gone', { name })} />
      </>
    );
  }
  return <Loaded query={provider}>{(found) => found && <View provider={found} />}</Loaded>;
}

function View({ provider }: { provider: Provider }) {
  const { t, int } = useI18n();
  const { tab } = route.useSearch();
  const navigate = route.useNavigate();
  const { byName, at } = useHealth([provider.name]);
  const health = byName.get(provider.name);
  const standing = healthFrom(health, at);
  const open = TABS.find((known) => known === tab) ?? 'overview';
  const goTo = (next: TabName) =>
    void navigate({ search: { provider: provider.name, tab: next === 'overview' ? undefined : next } });
  return (
    <>
      <Back>{t('providers.all')}</Back>
      <header className={c.head}>
        <div className={c.words}>
          <h1>{provider.name}</h1>
          <HealthDetail health={standing} />
          <p>
            <Chip>{dialectOf(provider)}</Chip>
            {provider.baseUrl ? (
              <span className="mono">{provider.baseUrl}</span>
            ) : (
              <span>{t('providers.builtIn')}</span>
            )}
          </p>
        </div>
        <div className={c.buttons}>
          <May call={ProviderService.method.importModels}>
            <Button
              variant="default"
              leftSection={<PackageSearch size={15} aria-hidden />}
              onClick={() => navigate({ search: { provider: provider.name, import: true } })}
            >
              {t('providers.import')}
            </Button>
          </May>
          <ProviderMenu provider={provider} isCooling={standing.state === 'cooling'} />
        </div>
      </header>
      <Tabs
        label={provider.name}
        tabs={[
          { value: 'overview', label: t('providers.tab.overview') },
          { value: 'models', label: t('providers.tab.models'), badge: int(provider.models.length) },
          { value: 'imports', label: t('providers.tab.imports') },
          { value: 'settings', label: t('providers.tab.settings') },
        ]}
        value={open}
        onChange={goTo}
      >
        <Suspense fallback={<SkeletonRows />}>
          {open === 'overview' && <Overview provider={provider} health={health} at={at} />}
          {open === 'models' && <ModelsTab provider={provider} health={health} at={at} />}
          {open === 'imports' && <ImportsTab provider={provider} />}
          {open === 'settings' && <EditProvider provider={provider} />}
        </Suspense>
      </Tabs>
    </>
  );
}
