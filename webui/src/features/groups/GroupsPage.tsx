import { Button } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Layers, Plus } from 'lucide-react';
import { lazy, Suspense } from 'react';
import { useMay } from '@/api/role';
import { stateOf } from '@/api/targetState';
import { type Group, type GroupRoute, GroupService } from '@/gen/trunkline/admin/v1/group_pb';
import { TargetState } from '@/gen/trunkline/admin/v1/health_pb';
import { useI18n } from '@/i18n';
import { ForRole } from '@/ui/ForRole';
import { HealthIcon } from '@/ui/HealthPill';
import { Loaded } from '@/ui/Loaded';
import { MasterDetail } from '@/ui/MasterDetail';
import { May } from '@/ui/May';
import { PageHeader } from '@/ui/Page';
import { EmptyState, SkeletonRows } from '@/ui/States';
import { useShortcut } from '@/ui/shortcuts';
import { useTitle } from '@/ui/useTitle';
import { GroupView } from './GroupView';
import { useGroupPages, useRoutes } from './queries';
import { useRollout } from './useRollout';

const route = getRouteApi('/signed-in/groups');
const NewGroup = lazy(async () => ({ default: (await import('./NewGroup')).NewGroup }));
/** The list's states may be a little older than those of the open group. */
const LIST = 10_000;

/** The groups beside the open one, or a new one: the address says which. */
export function GroupsPage() {
  const { t } = useI18n();
  const { q = '', new: isNew, from } = route.useSearch();
  const navigate = route.useNavigate();
  const { rollout, watch } = useRollout();
  const [search] = useDebouncedValue(q, 200);
  const pages = useGroupPages(search);
  const create = () => void navigate({ search: { new: true } });
  useTitle(t('nav.groups'));
  const may = useMay();
  useShortcut('n', t('groups.new'), create, { enabled: !isNew && may(GroupService.method.createGroup) });

  if (isNew) {
    return (
      <ForRole call={GroupService.method.createGroup} page={t('groups.new')}>
        <Suspense fallback={<SkeletonRows />}>
          <NewGroup key={from} from={from} watch={watch} />
        </Suspense>
      </ForRole>
    );
  }
  return (
    <>
      <PageHeader title={t('nav.groups')} lead={t('groups.lead')} aside={<NewButton onClick={create} />} />
      <Loaded query={pages}>
        {(data) =>
          q === '' && data.pages[0]?.totalSize === 0 ? (
            <EmptyState icon={<Layers size={22} aria-hidden />} title={t('groups.empty')}>
              <May call={GroupService.method.createGroup}>
                <p>{t('groups.emptyHow')}</p>
              </May>
              <NewButton onClick={create} />
            </EmptyState>
          ) : (
            <List
              groups={data.pages.flatMap((page) => page.groups)}
              total={data.pages[0]?.totalSize ?? 0}
              more={{ busy: pages.isFetchingNextPage, onMore: () => void pages.fetchNextPage() }}
              rollout={rollout}
              watch={watch}
            />
          )
        }
      </Loaded>
    </>
  );
}

function NewButton({ onClick }: { onClick: () => void }) {
  const { t } = useI18n();
  return (
    <May call={GroupService.method.createGroup}>
      <Button leftSection={<Plus size={16} aria-hidden />} onClick={onClick}>
        {t('groups.new')}
      </Button>
    </May>
  );
}

function List({
  groups,
  total,
  more,
  rollout,
  watch,
}: {
  groups: readonly Group[];
  total: number;
  more: { busy: boolean; onMore: () => void };
} & ReturnType<typeof useRollout>) {
  const { t } = useI18n();
  const { q = '', group: chosen, tab } = route.useSearch();
  const navigate = route.useNavigate();
  const routes = useRoutes(
    groups.map((g) => g.name),
    LIST,
  );
  const open = chosen ?? groups[0]?.name;
  return (
    <MasterDetail
      items={groups}
      more={{ ...more, left: total - groups.length }}
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
      renderLink={(group, className, current) => (
        <Link
          to="/groups"
          search={{ q: q || undefined, tab, group: group.name }}
          className={className}
          data-current={current}
          aria-current={current ? 'true' : undefined}
        >
          <ListItem group={group} route={routes.byName.get(group.name)} />
        </Link>
      )}
    >
      {open !== undefined && (
        <GroupView
          key={open}
          name={open}
          listed={groups.find((g) => g.name === open)}
          rollout={rollout?.group === open ? rollout : undefined}
          watch={watch}
        />
      )}
    </MasterDetail>
  );
}

function ListItem({ group, route }: { group: Group; route: GroupRoute | undefined }) {
  const { t, count } = useI18n();
  const cooling = route?.candidates.filter((c) => c.state === TargetState.COOLING).length ?? 0;
  const words = [count('groups.members', group.members.length)];
  if (group.enabled === false) words.push(t('health.disabled'));
  else if (cooling > 0) words.push(count('groups.cooling', cooling));
  return (
    <>
      <b>{group.name}</b>
      <HealthIcon state={stateOf(route?.state)} />
      <small>{words.join(' · ')}</small>
    </>
  );
}
