import { Button } from '@mantine/core';
import { Link, useNavigate } from '@tanstack/react-router';
import { useAction } from '@/api/useAction';
import { type Provider, ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import { useI18n } from '@/i18n';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { Dialog, DialogActions } from '@/ui/Dialog';
import { SkeletonRows } from '@/ui/States';
import { useGroupsOf } from '../queries';
import c from './actions.module.css';

/** Asks before a provider is deleted; while groups use it, it names them instead. */
export function DeleteDialog({
  provider,
  opened,
  onClose,
}: {
  provider: Provider;
  opened: boolean;
  onClose: () => void;
}) {
  const { t, count } = useI18n();
  const navigate = useNavigate();
  const { name, etag } = provider;
  const groups = useGroupsOf(name, opened);
  const remove = useAction(ProviderService.method.deleteProvider, {
    done: () => t('providers.deleted', { name }),
    onDone: async () => {
      onClose();
      await navigate({ to: '/providers', search: {} });
    },
    quiet: true,
  });
  const uses = groups.data ?? [];
  if (opened && (groups.isPending || uses.length > 0)) {
    return (
      <Dialog opened title={t('providers.deleteTitle', { name })} onClose={onClose} size={460}>
        {groups.isPending ? (
          <SkeletonRows rows={2} />
        ) : (
          <>
            <p className={c.text}>{count('providers.inUse', uses.length)}</p>
            <ul className={c.uses}>
              {uses.map((group) => (
                <li key={group.name}>
                  <Link to="/groups" search={{ group: group.name }}>
                    {group.name}
                  </Link>
                  <span className="mono">
                    {group.members
                      .filter((m) => m.provider === name)
                      .map((m) => m.model)
                      .join(', ')}
                  </span>
                </li>
              ))}
            </ul>
          </>
        )}
        <DialogActions>
          <Button variant="default" onClick={onClose}>
            {t('action.close')}
          </Button>
        </DialogActions>
      </Dialog>
    );
  }
  return (
    <ConfirmDialog
      opened={opened}
      title={t('providers.deleteTitle', { name })}
      confirm={t('providers.delete')}
      typeName={name}
      busy={remove.busy}
      error={remove.error}
      onConfirm={() => remove.run({ name, etag })}
      onClose={() => {
        remove.reset();
        onClose();
      }}
    >
      <p className={c.text}>{t('providers.deleteText')}</p>
    </ConfirmDialog>
  );
}
