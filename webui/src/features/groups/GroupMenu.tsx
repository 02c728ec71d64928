import { ActionIcon, Menu } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { CopyPlus, Ellipsis, KeyRound, ScrollText, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { type Group, GroupService } from '@/gen/trunkline/admin/v1/group_pb';
import { useI18n } from '@/i18n';
import { May } from '@/ui/May';
import { DeleteGroup } from './DeleteGroup';

/** What can be done with a group as a whole. */
export function GroupMenu({ group }: { group: Group }) {
  const { t } = useI18n();
  const navigate = useNavigate();
  const [isDeleting, setDeleting] = useState(false);
  const { name } = group;
  return (
    <>
      <Menu position="bottom-end" shadow="md" withinPortal>
        <Menu.Target>
          <ActionIcon variant="default" size={34} aria-label={t('groups.menu', { name })}>
            <Ellipsis size={17} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<ScrollText size={15} aria-hidden />}
            onClick={() => void navigate({ to: '/calls', search: { group: name } })}
          >
            {t('groups.calls')}
          </Menu.Item>
          <Menu.Item
            leftSection={<KeyRound size={15} aria-hidden />}
            onClick={() => void navigate({ to: '/keys', search: { group: name } })}
          >
            {t('groups.keysOf')}
          </Menu.Item>
          <May call={GroupService.method.createGroup}>
            <Menu.Item
              leftSection={<CopyPlus size={15} aria-hidden />}
              onClick={() => void navigate({ to: '/groups', search: { new: true, from: name } })}
            >
              {t('groups.duplicate')}
            </Menu.Item>
          </May>
          <May call={GroupService.method.deleteGroup}>
            <Menu.Divider />
            <Menu.Item color="red" leftSection={<Trash2 size={15} aria-hidden />} onClick={() => setDeleting(true)}>
              {t('groups.delete')}
            </Menu.Item>
          </May>
        </Menu.Dropdown>
      </Menu>
      <DeleteGroup group={group} opened={isDeleting} onClose={() => setDeleting(false)} />
    </>
  );
}
