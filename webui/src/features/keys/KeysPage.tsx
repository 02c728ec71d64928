import { useInfiniteQuery } from '@connectrpc/connect-query';
import { Button } from '@mantine/core';
import { keepPreviousData } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { KeyRound, Plus } from 'lucide-react';
import { useGroupNames } from '@/api/queries';
import { useMay } from '@/api/role';
import { GroupService } from '@/gen/trunkline/admin/v1/group_pb';
import { KeyService } from '@/gen/trunkline/admin/v1/key_pb';
import { useI18n } from '@/i18n';
import { FilterBox } from '@/ui/FilterBox';
import { Combo } from '@/ui/fields/Combo';
import { May } from '@/ui/May';
import { orderText, parseOrder } from '@/ui/order';
import { PageHeader } from '@/ui/Page';
import { EmptyState } from '@/ui/States';
import { useShortcut } from '@/ui/shortcuts';
import { useTitle } from '@/ui/useTitle';
import { KeyPanel } from './KeyPanel';
import { KeyTable } from './KeyTable';
import { stateNumbers } from './key';
import c from './keys.module.css';
import { NewKey } from './NewKey';
import { STATES, type StateName } from './search';

const route = getRouteApi('/signed-in/keys');

export function KeysPage() {
  const { t, int, count } = useI18n();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const may = useMay();
  const groups = useGroupNames().data;
  const order = parseOrder(search.order, { by: 'name', desc: false });
  const list = useInfiniteQuery(
    KeyService.method.listApiKeys,
    {
      search: search.q ?? '',
      group: search.group ?? '',
      state: search.state && stateNumbers[search.state],
      orderBy: orderText(order),
      pageSize: 100,
      pageToken: '',
    },
    {
      pageParamKey: 'pageToken',
      getNextPageParam: (last) => last.nextPageToken || undefined,
      placeholderData: keepPreviousData,
    },
  );
  useTitle(t('nav.keys'));

  const set = (change: Partial<typeof search>) => navigate({ search: { ...search, ...change }, replace: true });
  const rows = list.data?.pages.flatMap((page) => page.apiKeys);
  const total = list.data?.pages[0]?.totalSize ?? 0;
  const filtered = Boolean(search.q || search.group || search.state);
  const add = () => void navigate({ search: { ...search, new: true, key: undefined } });
  useShortcut('n', t('keys.add'), add, {
    enabled: !search.key && !search.new && may(KeyService.method.createApiKey),
  });
  const close = () => navigate({ search: { ...search, key: undefined, new: undefined } });

  return (
    <>
      <PageHeader
        title={t('nav.keys')}
        lead={t('keys.lead')}
        aside={
          <May call={KeyService.method.createApiKey}>
            <Button leftSection={<Plus size={16} aria-hidden />} onClick={add}>
              {t('keys.add')}
            </Button>
          </May>
        }
      />
      <div className={c.filters}>
        <FilterBox value={search.q ?? ''} onChange={(q) => set({ q: q || undefined })} label={t('keys.filter')} />
        <Combo
          aria-label={t('keys.group')}
          placeholder={t('keys.allGroups')}
          data={groups ?? []}
          value={search.group ?? null}
          onChange={(group) => set({ group: group ?? undefined })}
          clearable
        />
        <Combo
          aria-label={t('keys.status')}
          placeholder={t('keys.allStates')}
          searchable={false}
          data={STATES.map((value) => ({ value, label: t(`keys.${value}`) }))}
          value={search.state ?? null}
          onChange={(state) => set({ state: (state as StateName | null) ?? undefined })}
          clearable
        />
      </div>
      <KeyTable
        rows={rows}
        query={list}
        order={order}
        onOrder={(next) => set({ order: orderText(next) })}
        current={search.key}
        tools={rows && count('keys.count', total)}
        more={
          list.hasNextPage
            ? {
                label: t('list.more', { n: int(total - (rows?.length ?? 0)) }),
                load: () => list.fetchNextPage(),
                busy: list.isFetchingNextPage,
              }
            : undefined
        }
        empty={
          <EmptyState icon={<KeyRound size={22} aria-hidden />} title={t(filtered ? 'list.noMatch' : 'keys.empty')}>
            {!filtered && <p>{t(groups?.length === 0 ? 'keys.groupsFirst' : 'keys.emptyHow')}</p>}
            {!filtered && groups?.length === 0 && (
              <May call={GroupService.method.createGroup}>
                <Button renderRoot={(props: object) => <Link {...props} to="/groups" search={{ new: true }} />}>
                  {t('groups.new')}
                </Button>
              </May>
            )}
          </EmptyState>
        }
      />
      <KeyPanel name={search.key} onClose={close} />
      <NewKey opened={search.new === true} onClose={close} />
    </>
  );
}
