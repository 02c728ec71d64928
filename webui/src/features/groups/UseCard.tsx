import type { Group } from '@/gen/trunkline/admin/v1/group_pb';
import { useI18n } from '@/i18n';
import { ClientSetups } from '@/ui/ClientSetups';
import { Card } from '@/ui/Page';

/** How to call the group, from a shell, a program or a coding agent. */
export function UseCard({ group }: { group: Group }) {
  const { t } = useI18n();
  return (
    <Card title={t('groups.use')} sub={t('groups.useSub')}>
      <ClientSetups group={group.name} />
    </Card>
  );
}
