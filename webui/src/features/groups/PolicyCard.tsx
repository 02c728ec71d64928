import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { type Group, GroupService } from '@/gen/trunkline/admin/v1/group_pb';
import { useI18n } from '@/i18n';
import { May } from '@/ui/May';
import { Card, Facts, Tag } from '@/ui/Page';
import { type PolicyField, policyDraft, policyWords } from '@/ui/policy/policy';
import { usePolicyText } from '@/ui/policy/usePolicyText';

/** By which rules members are skipped: what holds, and what of it the group says itself. */
export function PolicyCard({ group }: { group: Group }) {
  const { t, count } = useI18n();
  const text = usePolicyText();
  const own = policyDraft(group.policy);
  const holds = policyDraft(group.effectivePolicy);
  const value = (field: PolicyField) => text.value(field, holds) ?? '—';
  const mark = (...fields: PolicyField[]) =>
    fields.some((field) => own[field] !== undefined) ? <Tag>{t('groups.policy.own')}</Tag> : undefined;
  const others = (Object.keys(own) as PolicyField[]).filter((field) => !SHOWN.has(field));
  return (
    <Card
      title={t('groups.policy.title')}
      sub={Object.keys(own).length > 0 ? t('groups.policy.subOwn') : t('groups.policy.sub')}
      aside={
        <May call={GroupService.method.updateGroup}>
          <Button
            renderRoot={(props) => <Link to="/groups" search={{ group: group.name, tab: 'policy' }} {...props} />}
            variant="subtle"
            size="compact-sm"
          >
            {t('groups.policy.change')}
          </Button>
        </May>
      }
    >
      <Facts
        rows={[
          {
            name: t('groups.policy.limit'),
            value: count('groups.policy.limitValue', holds.failureThreshold ?? 0, { window: value('failureWindow') }),
            note: mark('failureThreshold', 'failureWindow'),
          },
          {
            name: t('groups.policy.cooldown'),
            value: t('groups.policy.cooldownValue', { base: value('cooldown'), max: value('cooldownMax') }),
            note: mark('cooldown', 'cooldownMax'),
          },
          {
            name: t('groups.policy.firstToken'),
            value: value('firstTokenTimeout'),
            note: mark('firstTokenTimeout'),
          },
          {
            name: t('groups.policy.attempts'),
            value: t('groups.policy.attemptsValue', { n: value('maxAttempts') }),
            note: mark('maxAttempts'),
          },
          ...others.map((field) => ({ name: t(policyWords[field].label), value: value(field), note: mark(field) })),
        ]}
      />
    </Card>
  );
}

/** What is always told; the rest only where the group sets it. */
const SHOWN: ReadonlySet<PolicyField> = new Set<PolicyField>([
  'failureThreshold',
  'failureWindow',
  'cooldown',
  'cooldownMax',
  'firstTokenTimeout',
  'maxAttempts',
]);
