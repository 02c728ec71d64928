import { useEffect } from 'react';
import { useAction } from '@/api/useAction';
import { ConfigService } from '@/gen/trunkline/admin/v1/config_pb';
import { useI18n } from '@/i18n';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { SkeletonRows } from '@/ui/States';
import { ChangeList } from './ChangeList';
import c from './history.module.css';

/** Goes back to a revision: first it shows what that would change and what cannot come back. */
export function RollBack({ revision, opened, onClose }: { revision: bigint; opened: boolean; onClose: () => void }) {
  const { t, int } = useI18n();
  const preview = useAction(ConfigService.method.rollBackConfig, { quiet: true });
  const rollBack = useAction(ConfigService.method.rollBackConfig, {
    quiet: true,
    onDone: onClose,
    done: (r) => t('history.rolledBack', { revision: int(r.revision) }),
  });
  const look = preview.run;
  // Only opening asks: run is another function each time this is drawn.
  useEffect(() => {
    if (opened) look({ revision, dryRun: true });
  }, [opened, revision]);

  const plan = preview.result;
  const nothing = plan !== undefined && plan.changes.length === 0;
  return (
    <ConfirmDialog
      opened={opened}
      title={t('history.rollBackTitle', { revision: int(revision) })}
      confirm={t('history.rollBack')}
      danger={false}
      onConfirm={() => !nothing && plan && rollBack.run({ revision })}
      onClose={onClose}
      busy={rollBack.busy || preview.busy}
      error={rollBack.error ?? preview.error}
    >
      <p>{t('history.rollBackText')}</p>
      {plan === undefined ? (
        !preview.error && <SkeletonRows rows={3} />
      ) : (
        <div className={c.plan}>
          <ChangeList changes={plan.changes} of={plan.changes.length} />
          {plan.exceptions.length > 0 && (
            <>
              <h3>{t('history.exceptions')}</h3>
              <ul className={c.changes}>
                {plan.exceptions.map((e) => (
                  <li key={`${e.kind}/${e.name}`}>
                    {e.kind} <b>{e.name}</b> {e.reason}
                  </li>
                ))}
              </ul>
            </>
          )}
        </div>
      )}
    </ConfirmDialog>
  );
}
