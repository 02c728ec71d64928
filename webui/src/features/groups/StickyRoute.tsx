import { useState } from 'react';
import { problemOf } from '@/api/errors';
import type { Group, GroupRoute } from '@/gen/trunkline/admin/v1/group_pb';
import { useI18n } from '@/i18n';
import { AskConversation, type Conversation } from './AskConversation';
import c from './groups.module.css';
import { useConversationRoute } from './queries';
import { RouteCard } from './RouteCard';

/** The route of a sticky group: of any call, or of one conversation. */
export function StickyRoute({
  group,
  route,
  at,
  isUntouched,
}: {
  group: Group;
  route: GroupRoute | undefined;
  at: number;
  isUntouched: boolean;
}) {
  const { t } = useI18n();
  const [asked, ask] = useState<Conversation>();
  const own = useConversationRoute(group.name, asked);
  const problem = own.error ? problemOf(own.error) : undefined;
  const isOwn = asked !== undefined && own.data !== undefined;
  return (
    <div className={c.stack}>
      <AskConversation onAsk={ask} error={problem && (problem.detail || t(problem.message))} />
      <RouteCard
        route={isOwn ? own.data.route : route}
        at={isOwn ? own.dataUpdatedAt : at}
        selection={group.selection}
        isUntouched={isUntouched}
        conversation={isOwn ? asked.session : undefined}
      />
    </div>
  );
}
