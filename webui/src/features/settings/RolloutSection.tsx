import { NumberInput, Switch } from '@mantine/core';
import { toMs } from '@/api/duration';
import { useNodes } from '@/api/queries';
import { type Settings, SettingsService } from '@/gen/trunkline/admin/v1/settings_pb';
import { useI18n } from '@/i18n';
import type { Change } from '@/ui/Changes';
import { EditBar } from '@/ui/EditBar';
import { TagsField } from '@/ui/fields/Combo';
import { DurationField } from '@/ui/fields/DurationField';
import { Editable } from '@/ui/fields/Editable';
import { Fields } from '@/ui/fields/Form';
import { LeaveGuard } from '@/ui/LeaveGuard';
import { Card } from '@/ui/Page';
import { type Draft, draftOf, messageOf } from './rollout';
import { useSettingsEdit } from './useSettingsEdit';

/** How long the last reports of nodes may take beside the watch time, in milliseconds. */
const REPORTS = 10_000;

/** Whether changes are tried on some nodes before the others get them. */
export function RolloutSection({ settings }: { settings: Settings }) {
  const { t, setting, int, age } = useI18n();
  const nodes = useNodes().data?.nodes ?? [];
  const differences = useDifferences();
  const paths = ['rollout'];
  const { form, edit, update, save } = useSettingsEdit({ settings, paths, draftOf, messageOf, differences });
  const { canary, canaryPercent, watchTime } = form.values.rollout;
  const usual = toMs(edit.base.effectiveRollout?.watchTime) ?? 0;
  return (
    <>
      <Editable call={SettingsService.method.updateSettings}>
        <Card title={t('settings.rollout')} sub={t('settings.rolloutHow')}>
          <Fields>
            <Switch
              label={t('rollout.canaryOn')}
              description={t('rollout.canaryOnHow', { time: age((watchTime ?? usual) + REPORTS) })}
              {...form.getInputProps('rollout.canary', { type: 'checkbox' })}
              error={form.errors['rollout.mode']}
              data-path="rollout.mode"
            />
            <NumberInput
              label={t('rollout.percent')}
              description={t('rollout.percentHow')}
              placeholder={int(5)}
              {...form.getInputProps('rollout.canaryPercent')}
              value={canaryPercent ?? ''}
              onChange={(n) => form.setFieldValue('rollout.canaryPercent', typeof n === 'number' ? n : undefined)}
              min={1}
              max={50}
              allowDecimal={false}
              clampBehavior="none"
              disabled={!canary}
            />
            <TagsField
              label={t('rollout.firstNodes')}
              description={t('rollout.firstNodesHow')}
              data={nodes.map((n) => n.name)}
              {...form.getInputProps('rollout.canaryNodes')}
              disabled={!canary}
            />
            <DurationField
              label={t('rollout.watch')}
              description={t('rollout.watchHow')}
              placeholder={setting(10_000)}
              value={watchTime}
              onChange={(ms) => form.setFieldValue('rollout.watchTime', ms)}
              units={['s', 'min', 'h']}
              disabled={!canary}
              error={form.errors['rollout.watchTime']}
              data-path="rollout.watchTime"
            />
          </Fields>
        </Card>
      </Editable>
      <EditBar edit={edit} update={update} onSave={save} />
      <LeaveGuard when={edit.changes.length > 0} />
    </>
  );
}

/** Says in words how two drafts differ. */
function useDifferences() {
  const { t, setting, list, int } = useI18n();
  const on = ({ rollout }: Draft) => t(rollout.canary ? 'settings.on' : 'settings.off');
  const percent = ({ rollout: { canaryPercent: n } }: Draft) => (n === undefined ? t('policy.inherited') : int(n));
  const named = ({ rollout: { canaryNodes: names } }: Draft) =>
    names.length > 0 ? list(names) : t('rollout.noFirstNodes');
  const watch = ({ rollout: { watchTime: ms } }: Draft) => (ms === undefined ? t('policy.inherited') : setting(ms));
  return (a: Draft, b: Draft): Change[] =>
    [
      { name: t('rollout.canaryOn'), before: on(a), after: on(b) },
      { name: t('rollout.percent'), before: percent(a), after: percent(b) },
      { name: t('rollout.firstNodes'), before: named(a), after: named(b) },
      { name: t('rollout.watch'), before: watch(a), after: watch(b) },
    ].filter(({ before, after }) => before !== after);
}
