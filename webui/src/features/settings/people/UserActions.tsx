import { Button } from '@mantine/core';
import { useState } from 'react';
import { useAction } from '@/api/useAction';
import { type User, UserService } from '@/gen/trunkline/admin/v1/user_pb';
import { useI18n } from '@/i18n';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import c from './people.module.css';

/** What an owner may do to a user beside changing them. */
export function UserActions({ user, onGone }: { user: User; onGone: () => void }) {
  const { t } = useI18n();
  const [asking, setAsking] = useState(false);
  const endSessions = useAction(UserService.method.revokeAllSessions, {
    done: (r) => t('people.sessionsEnded', { n: r.endedCount }),
  });
  const resetFactor = useAction(UserService.method.resetTotp, {
    done: () => t('people.factorReset', { name: user.name }),
  });
  const remove = useAction(UserService.method.deleteUser, {
    done: () => t('people.deleted', { name: user.name }),
    onDone: onGone,
    quiet: true,
  });
  return (
    <div className={c.actions}>
      <Button
        variant="default"
        size="compact-sm"
        loading={endSessions.busy}
        onClick={() => endSessions.run({ user: user.name })}
      >
        {t('people.endSessions')}
      </Button>
      {user.totpEnabled && (
        <Button
          variant="default"
          size="compact-sm"
          loading={resetFactor.busy}
          onClick={() => resetFactor.run({ name: user.name })}
        >
          {t('people.resetFactor')}
        </Button>
      )}
      {!user.configured && (
        <Button variant="subtle" color="red" size="compact-sm" onClick={() => setAsking(true)}>
          {t('people.delete')}
        </Button>
      )}
      <ConfirmDialog
        opened={asking}
        title={t('people.deleteTitle', { name: user.name })}
        confirm={t('people.delete')}
        onConfirm={() => remove.run({ name: user.name })}
        onClose={() => setAsking(false)}
        busy={remove.busy}
        error={remove.error}
      >
        <p>{t('people.deleteText')}</p>
      </ConfirmDialog>
    </div>
  );
}
