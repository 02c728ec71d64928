import { getRouteApi, Link } from '@tanstack/react-router';
import { Layers } from 'lucide-react';
import { useMemo } from 'react';
import { groupHealth, HealthIndex, membersInOrder } from '@/api/health';
import { useApiKeys, useGroups, useNodes, useProviders } from '@/api/queries';
import { applyCommand, GROUP_YAML } from '@/api/snippets';
import { useI18n } from '@/i18n';
import { CodeBlock } from '@/ui/Code';
import { matches } from '@/ui/FilterBox';
import { HealthIcon } from '@/ui/HealthPill';
import { MasterDetail } from '@/ui/MasterDetail';
import { PageHeader } from '@/ui/Page';
import { EmptyState, ErrorState, SkeletonRows } from '@/ui/States';
import { useTitle } from '@/ui/useTitle';
import { GroupDetail } from './GroupDetail';

const route = getRouteApi('/signed-in/groups');

export function GroupsPage() {
  const { t, count } = useI18n();
  const { q = '', group: chosen } = route.useSearch();
  const navigate = route.useNavigate();
  const groups = useGroups();
  const providers = useProviders();
  const nodes = useNodes();
  const keys = useApiKeys();
  useTitle(t('nav.groups'));

  const byName = useMemo(() => new Map((providers.data ?? []).map((p) => [p.name, p])), [providers.data]);
  const index = useMemo(
    () => new HealthIndex(nodes.data?.nodes ?? [], nodes.dataUpdatedAt),
    [nodes.data, nodes.dataUpdatedAt],
  );
  const rows = useMemo(
    () =>
      (groups.data ?? []).map((group) => ({ name: group.name, group, members: membersInOrder(group, byName, index) })),
    [groups.data, byName, index],
  );

  const failed = groups.data === undefined ? groups : providers.data === undefined ? providers : null;
  const found = rows.filter((r) => matches(q, r.name, ...r.group.aliases, ...r.group.members.map((m) => m.provider)));
  const open = rows.find((r) => r.name === chosen) ?? (chosen === undefined ? found[0] : undefined);

  return (
    <>
      <PageHeader title={t('nav.groups')} lead={t('groups.lead')} />
      {failed?.error ? (
        <ErrorState error={failed.error} onRetry={() => failed.refetch()} busy={failed.isFetching} />
      ) : failed ? (
        <SkeletonRows />
      ) : rows.length === 0 ? (
        <EmptyState icon={<Layers size={22} aria-hidden />} title={t('groups.empty')}>
          <p>{t('groups.emptyHow')}</p>
          <CodeBlock label="group.yaml" code={GROUP_YAML} />
          <CodeBlock label={t('snippet.shell')} code={applyCommand('group.yaml')} />
        </EmptyState>
      ) : (
        <MasterDetail
          items={found}
          chosen={chosen}
          filter={q}
          onFilter={(value) => navigate({ search: (s) => ({ ...s, q: value || undefined }), replace: true })}
          filterLabel={t('groups.filter')}
          listLabel={t('groups.list')}
          backLabel={(arrow, className) => (
            <Link to="/groups" search={{ q: q || undefined }} className={className}>
              {arrow}
              {t('groups.all')}
            </Link>
          )}
          renderLink={({ name, group, members }, className, current) => (
            <Link to="/groups" search={{ q: q || undefined, group: name }} className={className} data-current={current}>
              <b>{name}</b>
              <HealthIcon state={groupHealth(group, members).state} />
              <small>{count('groups.members', group.members.length)}</small>
            </Link>
          )}
        >
          {open ? (
            <GroupDetail
              group={open.group}
              members={open.members}
              keys={keys.data?.filter((key) => key.groups.includes(open.name)).length}
            />
          ) : (
            chosen !== undefined && (
              <EmptyState icon={<Layers size={22} aria-hidden />} title={t('groups.gone', { name: chosen })} />
            )
          )}
        </MasterDetail>
      )}
    </>
  );
}
