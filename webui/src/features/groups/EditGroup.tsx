import { callUnaryMethod, useTransport } from '@connectrpc/connect-query';
import { useForm } from '@mantine/form';
import { getRouteApi } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useAction } from '@/api/useAction';
import { useConflict } from '@/api/useConflict';
import { type Group, GroupService } from '@/gen/trunkline/admin/v1/group_pb';
import { useI18n } from '@/i18n';
import { LeaveGuard } from '@/ui/LeaveGuard';
import { SaveBar } from '@/ui/SaveBar';
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
  const describe = useChanges();
  /** What the edits are made on: the group as it was when they began. */
  const [base, setBase] = useState(group);
  const form = useForm<Draft>({ initialValues: draftOf(base) });
  const before = draftOf(base);
  const changed = changedFields(before, form.values);
  const isUntouched = changed.length === 0;
  const live = useRoutes([name]);

  const take = (next: Group) => {
    setBase(next);
    form.setInitialValues(draftOf(next));
    form.setValues(draftOf(next));
    form.clearErrors();
  };
  const conflict = useConflict(
    async () => (await callUnaryMethod(transport, GroupService.method.getGroup, { name })).group,
  );
  const save = useAction(GroupService.method.updateGroup, {
    form: { target: form, name },
    onDone: ({ group: saved }) => {
      conflict.settled();
      if (!saved) return;
      take(saved);
      watch.saved(name, saved.etag);
    },
    onConflict: conflict.found,
  });
  const run = (etag: string) => {
    watch.begin();
    save.run({
      group: { ...messageOf(form.values), etag },
      updateMask: { paths: changed.map((field) => FIELDS[field]) },
    });
  };

  // While nothing is edited, the form shows what is: a list read before the last save is older than that.
  useEffect(() => {
    if (isUntouched && Number(group.etag) > Number(base.etag)) take(group);
  }, [group, base.etag, isUntouched]);
  // What is edited stays open, whatever becomes the first of the list.
  useEffect(() => {
    if (!isUntouched && chosen === undefined) void navigate({ search: (s) => ({ ...s, group: name }), replace: true });
  }, [isUntouched, chosen, name, navigate]);

  const theirs = conflict.theirs;
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
      <SaveBar
        changes={describe(before, form.values)}
        onSave={() => run(base.etag)}
        onDiscard={() => {
          save.reset();
          take(group);
        }}
        busy={save.busy}
        error={save.leftError}
        conflict={
          theirs && {
            changes: describe(before, draftOf(theirs)),
            onReload: () => {
              conflict.settled();
              save.reset();
              take(theirs);
            },
            onOverwrite: () => run(theirs.etag),
          }
        }
      />
      <LeaveGuard when={!isUntouched} leaves={(next) => next.group !== name || next.new !== undefined} />
    </>
  );
}
