import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { SquareTerminal } from 'lucide-react';
import { stateOf } from '@/api/targetState';
import type { Group, GroupRoute } from '@/gen/trunkline/admin/v1/group_pb';
import { useI18n } from '@/i18n';
import { HealthPill } from '@/ui/HealthPill';
import { Chip } from '@/ui/Page';
import { GroupMenu } from './GroupMenu';
import c from './groups.module.css';
import { useRequests } from './queries';
import { RolloutLine } from './RolloutLine';
import type { Rollout } from './useRollout';

/** What a group is called, how it stands, and where to go from it. */
export function GroupHead({
  group,
  route,
  rollout,
}: {
  group: Group;
  route: GroupRoute | undefined;
  rollout: Rollout | undefined;
}) {
  const { t, count, int } = useI18n();
  const requests = useRequests(group.name);
  return (
    <header className={c.head}>
      <div className={c.headWords}>
        <div className={c.headName}>
          <h2>{group.name}</h2>
          <HealthPill state={stateOf(route?.state)} />
        </div>
        {group.aliases.length > 0 && (
          <p className={c.aliases}>
            <span>{t('groups.aliases')}</span>
            {group.aliases.map((alias) => (
              <Chip key={alias} mono>
                {alias}
              </Chip>
            ))}
          </p>
        )}
        <p className={c.meta}>
          <Link to="/calls" search={{ group: group.name }}>
            {requests === undefined ? t('groups.calls') : t('groups.requests', { n: int(requests) })}
          </Link>
          <span>{count('groups.members', group.members.length)}</span>
          <Link to="/keys" search={{ group: group.name }}>
            {count('groups.keys', group.apiKeyCount)}
          </Link>
        </p>
        {rollout && <RolloutLine rollout={rollout} />}
      </div>
      <div className={c.headButtons}>
        <Button
          variant="default"
          renderRoot={(props) => <Link to="/playground" search={{ group: group.name }} {...props} />}
          leftSection={<SquareTerminal size={15} aria-hidden />}
        >
          {t('groups.try')}
        </Button>
        <GroupMenu group={group} />
      </div>
    </header>
  );
}
