import { Link } from '@tanstack/react-router';
import { groupHealth, type MemberView } from '@/api/health';
import { effectivePolicy, type PolicyView } from '@/api/policy';
import { useGateway, useSettings } from '@/api/queries';
import { curlSnippet } from '@/api/snippets';
import type { Group } from '@/gen/trunkline/admin/v1/group_pb';
import { useI18n } from '@/i18n';
import { CodeBlock } from '@/ui/Code';
import { HealthPill } from '@/ui/HealthPill';
import { Card, Chip, Facts, Tag } from '@/ui/Page';
import c from './groups.module.css';
import { MemberRow } from './MemberRow';

/** One group: who serves it, in which order, by which rules, and how to call it. */
export function GroupDetail({
  group,
  members,
  keys,
}: {
  group: Group;
  members: MemberView[];
  keys: number | undefined;
}) {
  const { t, count } = useI18n();
  const gateway = useGateway();
  return (
    <>
      <header className={c.head}>
        <div className={c.headName}>
          <h2>{group.name}</h2>
          <HealthPill state={groupHealth(group, members).state} />
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
          <span>{count('groups.members', members.length)}</span>
          {keys !== undefined && (
            <Link to="/keys" search={{ q: group.name }}>
              {count('groups.keys', keys)}
            </Link>
          )}
          <Link to="/calls" search={{ group: group.name }}>
            {t('groups.calls')}
          </Link>
        </p>
      </header>

      <Card title={t('groups.order')} sub={t('groups.orderSub')} flush>
        {members.length === 0 ? (
          <p className={c.noMember}>{t('groups.noMember')}</p>
        ) : (
          <>
            <div className={c.columns} aria-hidden>
              <span>{t('groups.member.target')}</span>
              <span>{t('providers.model.state')}</span>
              <span>{t('groups.member.priority')}</span>
              <span>{t('groups.member.weight')}</span>
              <span>{t('groups.member.price')}</span>
            </div>
            <ol className={c.members} aria-label={t('groups.order')}>
              {members.map((view, i) => (
                <MemberRow key={`${view.member.provider}\n${view.member.model}`} view={view} position={i + 1} />
              ))}
            </ol>
          </>
        )}
      </Card>

      <div className={c.pair}>
        <PolicyCard group={group} />
        <Card title={t('groups.use')} sub={t('groups.useSub')}>
          <CodeBlock label={t('snippet.shell')} code={curlSnippet(gateway, group.name)} />
        </Card>
      </div>
    </>
  );
}

function PolicyCard({ group }: { group: Group }) {
  const { t, int, setting } = useI18n();
  const settings = useSettings();
  const { policy, own } = effectivePolicy(group.policy, settings.data?.failover);
  const mark = (...fields: (keyof PolicyView)[]) =>
    fields.some((field) => own.has(field)) ? <Tag>{t('groups.policy.own')}</Tag> : undefined;
  return (
    <Card title={t('groups.policy.title')} sub={own.size > 0 ? t('groups.policy.subOwn') : t('groups.policy.sub')}>
      <Facts
        rows={[
          {
            name: t('groups.policy.limit'),
            value: t('groups.policy.limitValue', { n: int(policy.threshold), window: setting(policy.window) }),
            note: mark('threshold', 'window'),
          },
          {
            name: t('groups.policy.cooldown'),
            value: t('groups.policy.cooldownValue', {
              base: setting(policy.cooldown),
              max: setting(policy.cooldownMax),
            }),
            note: mark('cooldown', 'cooldownMax'),
          },
          { name: t('groups.policy.firstToken'), value: setting(policy.firstToken), note: mark('firstToken') },
          {
            name: t('groups.policy.attempts'),
            value: t('groups.policy.attemptsValue', { n: int(policy.attempts) }),
            note: mark('attempts'),
          },
        ]}
      />
    </Card>
  );
}
