import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { fieldErrors } from '@/api/fieldErrors';
import { CONFIG_KEY } from '@/api/queries';
import type { Settings } from '@/gen/trunkline/admin/v1/settings_pb';
import { useI18n } from '@/i18n';
import { LeaveGuard } from '@/ui/LeaveGuard';
import { Card } from '@/ui/Page';
import { PolicyFields } from '@/ui/policy/PolicyFields';
import { policyDraft, policyMessage } from '@/ui/policy/policy';
import { usePolicyText } from '@/ui/policy/usePolicyText';
import { SaveBar } from '@/ui/SaveBar';
import { useDraft } from './useDraft';
import { useSave } from './useSave';

const draftOf = (s: Settings) => policyDraft(s.failover);

/** When targets are skipped and how long attempts may take, for the whole gateway. */
export function FailoverSection({ settings }: { settings: Settings }) {
  const { t } = useI18n();
  const text = usePolicyText();
  const client = useQueryClient();
  const { base, draft, setDraft, take } = useDraft(settings, draftOf, (a, b) => text.changes(a, b).length === 0);
  const { save, errors, busy, leftError, conflict } = useSave(base, ['failover']);
  const stored = draftOf(base);
  const changes = text.changes(stored, draft);
  const { theirs } = conflict;
  const isDefault = Object.keys(draft).length === 0;
  return (
    <>
      <Card
        title={t('settings.failover')}
        sub={t('settings.failoverHow')}
        aside={
          <Button variant="default" disabled={isDefault} onClick={() => setDraft({})}>
            {t('settings.reset')}
          </Button>
        }
      >
        <PolicyFields
          value={draft}
          onChange={setDraft}
          effective={policyDraft(base.defaultFailover)}
          errors={fieldErrors(errors, 'failover')}
        />
      </Card>
      <SaveBar
        changes={changes}
        onSave={() => save({ failover: policyMessage(draft) })}
        onDiscard={() => setDraft(stored)}
        busy={busy}
        error={leftError}
        conflict={
          theirs && {
            changes: text.changes(stored, draftOf(theirs)),
            onReload: () => {
              conflict.settled();
              take(theirs);
              client.invalidateQueries({ queryKey: CONFIG_KEY });
            },
            onOverwrite: () => {
              conflict.settled();
              save({ failover: policyMessage(draft) }, theirs.etag);
            },
          }
        }
      />
      <LeaveGuard when={changes.length > 0} />
    </>
  );
}
