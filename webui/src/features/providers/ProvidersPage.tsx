import { getRouteApi } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import { useI18n } from '@/i18n';
import { ForRole } from '@/ui/ForRole';
import { SkeletonRows } from '@/ui/States';
import { useTitle } from '@/ui/useTitle';
import { ProviderView } from './detail/ProviderView';
import { ProviderList } from './list/ProviderList';

const route = getRouteApi('/signed-in/providers');

// Forms and the import are loaded when someone opens them: most visits only look.
const NewProvider = lazy(async () => ({ default: (await import('./form/NewProvider')).NewProvider }));
const ImportWizard = lazy(async () => ({ default: (await import('./import/ImportWizard')).ImportWizard }));

/** The list, one provider, its import, or a new one: the address says which. */
export function ProvidersPage() {
  const { t } = useI18n();
  const search = route.useSearch();
  useTitle(t('nav.providers'));
  return <Suspense fallback={<SkeletonRows />}>{view(search, t('providers.new'))}</Suspense>;
}

function view({ provider, import: importing, new: fresh, from }: ReturnType<typeof route.useSearch>, forNew: string) {
  if (fresh !== undefined)
    return (
      <ForRole call={ProviderService.method.createProvider} page={forNew}>
        <NewProvider key={`${fresh} ${from}`} preset={fresh} from={from} />
      </ForRole>
    );
  if (provider === undefined) return <ProviderList />;
  if (importing) return <ImportWizard key={provider} name={provider} />;
  return <ProviderView key={provider} name={provider} />;
}
