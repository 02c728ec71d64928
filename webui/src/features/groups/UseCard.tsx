import { useGateway } from '@/api/queries';
import { callSnippets, clientSnippets } from '@/api/snippets';
import type { Group } from '@/gen/trunkline/admin/v1/group_pb';
import { useI18n } from '@/i18n';
import { CodeTabs } from '@/ui/CodeTabs';
import { Card } from '@/ui/Page';

/** How to call the group, from a shell, a program or a coding agent. */
export function UseCard({ group }: { group: Group }) {
  const { t } = useI18n();
  const target = { gateway: useGateway(), group: group.name };
  const snippets = [...callSnippets(target), ...clientSnippets(target)];
  return (
    <Card title={t('groups.use')} sub={t('groups.useSub')}>
      <CodeTabs snippets={snippets} />
    </Card>
  );
}
