import { callUnaryMethod, useTransport } from '@connectrpc/connect-query';
import { useForm } from '@mantine/form';
import { getRouteApi } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useUpdate } from '@/api/useUpdate';
import { type Group, GroupService } from '@/gen/trunkline/admin/v1/group_pb';
import { useI18n } from '@/i18n';
import { EditBar } from '@/ui/EditBar';
import { LeaveGuard } from '@/ui/LeaveGuard';
import { Tabs } from '@/ui/Tabs';
import { changedFields, type Draft, draftOf, FIELDS, messageOf } from './draft';
import { GroupHead } from './GroupHead';
import { GroupTab } from './GroupTab';
import { useRoutes } from './queries';
import { TABS, type TabName } from './search';
import { useChanges } from './useChanges';
import type { Rollout, Watch } from './useRollout';

const route = getRouteApi('/signed-in/groups');

/** A group with all that can be set of it, what is not saved yet, and what others changed meanwhile. */
export function EditGroup({ group, rollout, watch }: { group: Group; rollout: Rollout | undefined; watch: Watch }) {
  const { t } = useI18n();
  const { name } = group;
  const { group: chosen, tab = 'members' } = route.useSearch();
  const navigate = route.useNavigate();
  const transport = useTransport();
  const differences = useChanges();
  const form = useForm<Draft>({ initialValues: draftOf(group) });
  const read = async () => (await callUnaryMethod(transport, GroupService.method.getGroup, { name })).group;
  const { edit, update, save } = useUpdate(GroupService.method.updateGroup, {
    stored: group,
    name,
    form,
    draftOf,
    differences,
    read,
    request: (draft, on, base) => ({
      group: { ...messageOf(draft), etag: on.etag },
      updateMask: { paths: changedFields(draftOf(base), draft).map((field) => FIELDS[field]) },
    }),
    result: (answer) => answer.group,
    onSaved: (saved) => saved && watch.saved(name, saved.etag),
  });
  const { base } = edit;
  const isUntouched = edit.changes.length === 0;
  const live = useRoutes([name]);

  const run = (on: Group) => {
    watch.begin();
    save(on);
  };

  // What is edited stays open, whatever becomes the first of the list.
  useEffect(() => {
    if (!isUntouched && chosen === undefined) void navigate({ search: (s) => ({ ...s, group: name }), replace: true });
  }, [isUntouched, chosen, name, navigate]);

  const labels: Record<TabName, string> = {
    members: t('groups.tab.members'),
    settings: t('groups.tab.settings'),
    policy: t('groups.policy.title'),
    route: t('groups.tab.route'),
  };
  return (
    <>
      <GroupHead group={base} route={live.byName.get(name)} rollout={rollout} />
      <Tabs
        label={name}
        tabs={TABS.map((value) => ({ value, label: labels[value] }))}
        value={tab}
        onChange={(next) =>
          void navigate({ search: (s) => ({ ...s, group: name, tab: next === 'members' ? undefined : next }) })
        }
      >
        <GroupTab
          tab={tab}
          group={base}
          form={form}
          route={live.byName.get(name)}
          at={live.at}
          isUntouched={isUntouched}
        />
      </Tabs>
      <EditBar edit={edit} update={update} onSave={run} />
      <LeaveGuard when={!isUntouched} leaves={(next) => next.group !== name || next.new !== undefined} />
    </>
  );
}
