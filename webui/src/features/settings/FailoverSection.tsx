import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
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
import { useSave } from './useSave';

/** When targets are skipped and how long attempts may take, for the whole gateway. */
export function FailoverSection({ settings }: { settings: Settings }) {
  const { t } = useI18n();
  const text = usePolicyText();
  const client = useQueryClient();
  const stored = policyDraft(settings.failover);
  const [draft, setDraft] = useState(stored);
  const { save, errors, busy, leftError, conflict } = useSave(settings, ['failover']);
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
          effective={policyDraft(settings.defaultFailover)}
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
            changes: text.changes(stored, policyDraft(theirs.failover)),
            onReload: () => client.invalidateQueries({ queryKey: CONFIG_KEY }),
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
