import { Layers } from 'lucide-react';
import { isMissing } from '@/api/errors';
import type { Group } from '@/gen/trunkline/admin/v1/group_pb';
import { useI18n } from '@/i18n';
import { Loaded } from '@/ui/Loaded';
import { EmptyState } from '@/ui/States';
import { EditGroup } from './EditGroup';
import { useGroup } from './queries';
import type { Rollout, Watch } from './useRollout';

type Props = {
  name: string;
  /** The group, when the list beside it has it. */
  listed: Group | undefined;
  rollout: Rollout | undefined;
  watch: Watch;
};

/** One group: read by itself when the list does not show it. */
export function GroupView({ name, listed, ...rest }: Props) {
  const { t } = useI18n();
  const own = useGroup(name, listed === undefined);
  if (listed) return <EditGroup group={listed} {...rest} />;
  if (own.data === undefined && isMissing(own.error)) {
    return <EmptyState icon={<Layers size={22} aria-hidden />} title={t('groups.gone', { name })} />;
  }
  return <Loaded query={own}>{(group) => group && <EditGroup group={group} {...rest} />}</Loaded>;
}
