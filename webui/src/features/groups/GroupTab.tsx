import type { UseFormReturnType } from '@mantine/form';
import { fieldErrors } from '@/api/fieldErrors';
import { useSettings } from '@/api/queries';
import { type Group, type GroupRoute, GroupService } from '@/gen/trunkline/admin/v1/group_pb';
import { useI18n } from '@/i18n';
import { Editable } from '@/ui/fields/Editable';
import { Fields } from '@/ui/fields/Form';
import { Card } from '@/ui/Page';
import { PolicyFields } from '@/ui/policy/PolicyFields';
import { policyDraft } from '@/ui/policy/policy';
import { BodyLogFields } from './BodyLogFields';
import type { Draft } from './draft';
import { GroupFields } from './GroupFields';
import c from './groups.module.css';
import { MembersCard } from './MembersCard';
import { PolicyCard } from './PolicyCard';
import { PreviewCard } from './PreviewCard';
import { RouteCard } from './RouteCard';
import { StickyRoute } from './StickyRoute';
import type { TabName } from './search';
import { UseCard } from './UseCard';

/** One view of a group. All of them edit the same form. */
export function GroupTab({
  tab,
  group,
  form,
  route,
  at,
  isUntouched,
}: {
  tab: TabName;
  group: Group;
  form: UseFormReturnType<Draft>;
  route: GroupRoute | undefined;
  at: number;
  isUntouched: boolean;
}) {
  const { t } = useI18n();
  const settings = useSettings();
  switch (tab) {
    case 'members':
      return (
        <div className={c.stack}>
          <MembersCard form={form} group={group} route={route} at={at} />
          <div className={c.pair}>
            <PolicyCard group={group} />
            <UseCard group={group} />
          </div>
        </div>
      );
    case 'settings':
      return (
        <Editable call={GroupService.method.updateGroup}>
          <div className={c.stack}>
            <Card title={t('groups.general')}>
              <Fields>
                <GroupFields form={form} />
              </Fields>
            </Card>
            <Card title={t('groups.log.title')} sub={t('groups.log.sub')}>
              <BodyLogFields form={form} />
            </Card>
          </div>
        </Editable>
      );
    case 'policy':
      return (
        <Card title={t('groups.policy.title')} sub={t('groups.policy.how')}>
          <Editable call={GroupService.method.updateGroup}>
            <PolicyFields
              path="policy"
              value={form.values.policy}
              onChange={(policy) => form.setFieldValue('policy', policy)}
              effective={policyDraft(settings.data?.effectiveFailover)}
              errors={fieldErrors(form.errors as Record<string, string>, 'policy')}
            />
          </Editable>
        </Card>
      );
    case 'route':
      return (
        <div className={c.stack}>
          {group.selection === 'sticky' ? (
            <StickyRoute key={group.name} group={group} route={route} at={at} isUntouched={isUntouched} />
          ) : (
            <RouteCard route={route} at={at} selection={group.selection} isUntouched={isUntouched} />
          )}
          <PreviewCard key={`preview ${group.name}`} group={group.name} />
        </div>
      );
  }
}
