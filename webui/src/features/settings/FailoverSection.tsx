import { fieldErrors } from '@/api/fieldErrors';
import { type Settings, SettingsService } from '@/gen/trunkline/admin/v1/settings_pb';
import { useI18n } from '@/i18n';
import { EditBar } from '@/ui/EditBar';
import { Editable } from '@/ui/fields/Editable';
import { LeaveGuard } from '@/ui/LeaveGuard';
import { Card } from '@/ui/Page';
import { PolicyFields } from '@/ui/policy/PolicyFields';
import { type PolicyDraft, policyDraft } from '@/ui/policy/policy';
import { usePolicyText } from '@/ui/policy/usePolicyText';
import { type Draft, draftOf, messageOf } from './failover';
import { ResetButton } from './ResetButton';
import { useSettingsEdit } from './useSettingsEdit';

/** When targets are skipped and how long attempts may take, for the whole gateway. */
export function FailoverSection({ settings }: { settings: Settings }) {
  const { t } = useI18n();
  const text = usePolicyText();
  const differences = (a: Draft, b: Draft) => text.changes(a.failover, b.failover);
  const { form, edit, update, save } = useSettingsEdit({
    settings,
    paths: ['failover'],
    draftOf,
    messageOf,
    differences,
  });
  const { failover } = form.values;
  const set = (next: PolicyDraft) => form.setFieldValue('failover', next);
  const isDefault = Object.values(failover).every((value) => value === undefined);
  return (
    <>
      <Card
        title={t('settings.failover')}
        sub={t('settings.failoverHow')}
        aside={<ResetButton isDefault={isDefault} onReset={() => set({})} />}
      >
        <Editable call={SettingsService.method.updateSettings}>
          <PolicyFields
            path="failover"
            value={failover}
            onChange={set}
            effective={policyDraft(edit.base.defaultFailover)}
            errors={fieldErrors(form.errors as Record<string, string>, 'failover')}
          />
        </Editable>
      </Card>
      <EditBar edit={edit} update={update} onSave={save} />
      <LeaveGuard when={edit.changes.length > 0} />
    </>
  );
}
