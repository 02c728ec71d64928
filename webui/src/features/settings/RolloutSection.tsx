import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { NumberInput, Switch } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { toMs } from '@/api/duration';
import { CONFIG_KEY, useNodes } from '@/api/queries';
import type { Settings } from '@/gen/trunkline/admin/v1/settings_pb';
import { useI18n } from '@/i18n';
import type { Change } from '@/ui/Changes';
import { TagsField } from '@/ui/fields/Combo';
import { DurationField } from '@/ui/fields/DurationField';
import { Fields } from '@/ui/fields/Form';
import { LeaveGuard } from '@/ui/LeaveGuard';
import { Card } from '@/ui/Page';
import { SaveBar } from '@/ui/SaveBar';
import { useDraft } from './useDraft';
import { useSave } from './useSave';

type Draft = { canary: boolean; percent: number | undefined; nodes: string[]; watch: number | undefined };

/** How long the last reports of nodes may take beside the watch time, in milliseconds. */
const REPORTS = 10_000;

const draftOf = (s: Settings): Draft => ({
  canary: s.rollout?.mode === 'canary',
  percent: s.rollout?.canaryPercent,
  nodes: [...(s.rollout?.canaryNodes ?? [])],
  watch: s.rollout?.watchTime ? toMs(s.rollout.watchTime) : undefined,
});

const messageOf = (d: Draft) => {
  const isSet = d.canary || d.percent !== undefined || d.nodes.length > 0 || d.watch !== undefined;
  return {
    rollout: isSet
      ? {
          mode: d.canary ? 'canary' : 'all_at_once',
          canaryPercent: d.percent,
          canaryNodes: d.nodes,
          watchTime: d.watch === undefined ? undefined : durationFromMs(d.watch),
        }
      : undefined,
  };
};

/** Whether changes are tried on some nodes before the others get them. */
export function RolloutSection({ settings }: { settings: Settings }) {
  const { t, setting, list, int, age } = useI18n();
  const client = useQueryClient();
  const nodes = useNodes().data?.nodes ?? [];
  const watchTime = toMs(settings.effectiveRollout?.watchTime) ?? 0;

  const differences = (a: Draft, b: Draft): Change[] => {
    const on = (d: Draft) => t(d.canary ? 'settings.on' : 'settings.off');
    const percent = (d: Draft) => (d.percent === undefined ? t('policy.inherited') : int(d.percent));
    const named = (d: Draft) => (d.nodes.length > 0 ? list(d.nodes) : t('rollout.noFirstNodes'));
    const watch = (d: Draft) => (d.watch === undefined ? t('policy.inherited') : setting(d.watch));
    return [
      { name: t('rollout.canaryOn'), before: on(a), after: on(b) },
      { name: t('rollout.percent'), before: percent(a), after: percent(b) },
      { name: t('rollout.firstNodes'), before: named(a), after: named(b) },
      { name: t('rollout.watch'), before: watch(a), after: watch(b) },
    ].filter(({ before, after }) => before !== after);
  };
  const { base, draft, setDraft, take } = useDraft(settings, draftOf, (a, b) => differences(a, b).length === 0);
  const { save, errors, busy, leftError, conflict } = useSave(base, ['rollout']);
  const stored = draftOf(base);
  const changes = differences(stored, draft);
  const { theirs } = conflict;
  return (
    <>
      <Card title={t('settings.rollout')} sub={t('settings.rolloutHow')}>
        <Fields>
          <Switch
            label={t('rollout.canaryOn')}
            description={t('rollout.canaryOnHow', { time: age((draft.watch ?? watchTime) + REPORTS) })}
            checked={draft.canary}
            onChange={(e) => setDraft({ ...draft, canary: e.currentTarget.checked })}
          />
          <NumberInput
            label={t('rollout.percent')}
            description={t('rollout.percentHow')}
            placeholder={int(5)}
            value={draft.percent ?? ''}
            onChange={(n) => setDraft({ ...draft, percent: typeof n === 'number' ? n : undefined })}
            min={1}
            max={50}
            allowDecimal={false}
            clampBehavior="none"
            disabled={!draft.canary}
            error={errors['rollout.canaryPercent']}
          />
          <TagsField
            label={t('rollout.firstNodes')}
            description={t('rollout.firstNodesHow')}
            data={nodes.map((n) => n.name)}
            value={draft.nodes}
            onChange={(names) => setDraft({ ...draft, nodes: names })}
            disabled={!draft.canary}
            error={Object.entries(errors).find(([path]) => path.startsWith('rollout.canaryNodes'))?.[1]}
          />
          <DurationField
            label={t('rollout.watch')}
            description={t('rollout.watchHow')}
            placeholder={setting(10_000)}
            value={draft.watch}
            onChange={(watch) => setDraft({ ...draft, watch })}
            units={['s', 'min', 'h']}
            disabled={!draft.canary}
            error={errors['rollout.watchTime']}
          />
        </Fields>
      </Card>
      <SaveBar
        changes={changes}
        onSave={() => save(messageOf(draft))}
        onDiscard={() => setDraft(stored)}
        busy={busy}
        error={leftError}
        conflict={
          theirs && {
            changes: differences(stored, draftOf(theirs)),
            onReload: () => {
              conflict.settled();
              take(theirs);
              client.invalidateQueries({ queryKey: CONFIG_KEY });
            },
            onOverwrite: () => {
              conflict.settled();
              save(messageOf(draft), theirs.etag);
            },
          }
        }
      />
      <LeaveGuard when={changes.length > 0} />
    </>
  );
}
