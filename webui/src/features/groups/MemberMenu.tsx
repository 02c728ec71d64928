import { ActionIcon, Menu } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { Boxes, EllipsisVertical, Equal, ListOrdered, Pause, Play, ScrollText, TimerReset, Trash2 } from 'lucide-react';
import { useAction } from '@/api/useAction';
import type { Candidate } from '@/gen/trunkline/admin/v1/group_pb';
import { TargetState } from '@/gen/trunkline/admin/v1/health_pb';
import { ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import { useI18n } from '@/i18n';
import { isTied, type MemberDraft, nameOf, tie } from './memberOrder';

/** What can be done with one member; all but the end of its cooldown is saved with the rest. */
export function MemberMenu({
  members,
  index,
  onChange,
  isFixed,
  group,
  candidate,
}: {
  members: readonly MemberDraft[];
  index: number;
  onChange: (members: MemberDraft[]) => void;
  isFixed: boolean;
  group: string | undefined;
  candidate: Candidate | undefined;
}) {
  const { t } = useI18n();
  const navigate = useNavigate();
  const member = members[index];
  const name = member ? nameOf(member) : '';
  const reset = useAction(ProviderService.method.resetCooldown, {
    done: () => t('groups.member.cooldownEnded', { name }),
  });
  if (!member) return null;
  const tied = isTied(members, index);
  const { provider, enabled } = member;
  const setEnabled = () => onChange(members.map((m, i) => (i === index ? { ...m, enabled: !enabled } : m)));
  return (
    <Menu position="bottom-end" shadow="md" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size={30} aria-label={t('groups.member.menu', { name })}>
          <EllipsisVertical size={16} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {reset.allowed && candidate?.state === TargetState.COOLING && (
          <Menu.Item
            leftSection={<TimerReset size={15} aria-hidden />}
            onClick={() => reset.run({ provider, model: candidate.model })}
          >
            {t('groups.member.endCooldown')}
          </Menu.Item>
        )}
        {!isFixed && index > 0 && (
          <Menu.Item
            leftSection={tied ? <ListOrdered size={15} aria-hidden /> : <Equal size={15} aria-hidden />}
            onClick={() => onChange(tie(members, index, !tied))}
          >
            {tied ? t('groups.member.untie') : t('groups.member.tie')}
          </Menu.Item>
        )}
        {!isFixed && (
          <>
            <Menu.Item
              leftSection={enabled ? <Pause size={15} aria-hidden /> : <Play size={15} aria-hidden />}
              onClick={setEnabled}
            >
              {enabled ? t('groups.member.disable') : t('groups.member.enable')}
            </Menu.Item>
            <Menu.Divider />
          </>
        )}
        {group !== undefined && (
          <Menu.Item
            leftSection={<ScrollText size={15} aria-hidden />}
            onClick={() => void navigate({ to: '/calls', search: { group, provider } })}
          >
            {t('groups.member.calls')}
          </Menu.Item>
        )}
        <Menu.Item
          leftSection={<Boxes size={15} aria-hidden />}
          onClick={() => void navigate({ to: '/providers', search: { provider } })}
        >
          {t('groups.member.open')}
        </Menu.Item>
        {!isFixed && (
          <>
            <Menu.Divider />
            <Menu.Item
              color="red"
              leftSection={<Trash2 size={15} aria-hidden />}
              onClick={() => onChange(members.filter((m) => m !== member))}
            >
              {t('groups.member.remove')}
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
