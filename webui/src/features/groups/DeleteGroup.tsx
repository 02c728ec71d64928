import { Button } from '@mantine/core';
import { Link, useNavigate } from '@tanstack/react-router';
import { useAction } from '@/api/useAction';
import { type Group, GroupService } from '@/gen/trunkline/admin/v1/group_pb';
import { useI18n } from '@/i18n';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { Dialog, DialogActions } from '@/ui/Dialog';
import { SkeletonRows } from '@/ui/States';
import c from './groups.module.css';
import { useKeysOf } from './queries';

/** Asks before a group is deleted; while API keys may use it, it names them instead. */
export function DeleteGroup({ group, opened, onClose }: { group: Group; opened: boolean; onClose: () => void }) {
  const { t, count } = useI18n();
  const navigate = useNavigate();
  const { name, etag } = group;
  const keys = useKeysOf(name, opened);
  const remove = useAction(GroupService.method.deleteGroup, {
    done: () => t('groups.deleted', { name }),
    onDone: async () => {
      onClose();
      await navigate({ to: '/groups', search: {} });
    },
    quiet: true,
  });
  const uses = keys.data?.apiKeys ?? [];
  const total = keys.data?.totalSize ?? 0;
  if (opened && (keys.isPending || uses.length > 0)) {
    return (
      <Dialog opened title={t('groups.deleteTitle', { name })} onClose={onClose} size={460}>
        {keys.isPending ? (
          <SkeletonRows rows={2} />
        ) : (
          <>
            <p className={c.text}>{count('groups.inUse', total)}</p>
            <ul className={c.uses}>
              {uses.map((key) => (
                <li key={key.name}>
                  <Link to="/keys" search={{ key: key.name }}>
                    {key.name}
                  </Link>
                </li>
              ))}
            </ul>
            {total > uses.length && (
              <Link to="/keys" search={{ group: name }} className={c.link}>
                {count('groups.allKeys', total)}
              </Link>
            )}
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
      title={t('groups.deleteTitle', { name })}
      confirm={t('groups.delete')}
      typeName={name}
      busy={remove.busy}
      error={remove.error}
      onConfirm={() => remove.run({ name, etag })}
      onClose={() => {
        remove.reset();
        onClose();
      }}
    >
      <p className={c.text}>{t('groups.deleteText')}</p>
    </ConfirmDialog>
  );
}
