import { ActionIcon, Menu } from '@mantine/core';
import { useRouter } from '@tanstack/react-router';
import { EllipsisVertical, Link2, Pencil, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { notifyDone } from '@/api/notify';
import { useI18n } from '@/i18n';
import { copyText } from '@/ui/copyText';
import type { OwnView, useOwnViews } from './ownViews';
import { ViewDialog } from './ViewDialog';

/** What can be done with a view that was saved in this browser. */
export function ViewMenu({ view, own }: { view: OwnView; own: ReturnType<typeof useOwnViews> }) {
  const { t } = useI18n();
  const router = useRouter();
  const [isRenaming, setRenaming] = useState(false);
  const { name, search } = view;
  const copy = async () => {
    const { publicHref } = router.buildLocation({ to: '/calls', search });
    if (await copyText(window.location.origin + publicHref)) notifyDone(t('calls.viewCopied'));
  };
  return (
    <>
      <Menu position="bottom-end" shadow="md" withinPortal>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size={22} aria-label={t('calls.viewMenu', { name })}>
            <EllipsisVertical size={14} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Link2 size={15} aria-hidden />} onClick={() => void copy()}>
            {t('calls.viewCopy')}
          </Menu.Item>
          <Menu.Item leftSection={<Pencil size={15} aria-hidden />} onClick={() => setRenaming(true)}>
            {t('calls.viewRename')}
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item color="red" leftSection={<Trash2 size={15} aria-hidden />} onClick={() => own.remove(name)}>
            {t('calls.viewDelete')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <ViewDialog
        opened={isRenaming}
        title={t('calls.viewRename')}
        name={name}
        taken={own.views}
        onSave={(next) => own.rename(name, next)}
        onClose={() => setRenaming(false)}
      />
    </>
  );
}
