import { NumberInput } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { healthFrom, stateOf } from '@/api/targetState';
import type { Candidate } from '@/gen/trunkline/admin/v1/group_pb';
import { useI18n } from '@/i18n';
import { HealthNote, HealthPill } from '@/ui/HealthPill';
import { Meter } from '@/ui/Meter';
import { Tag } from '@/ui/Page';
import c from './groups.module.css';
import { MemberFigures } from './MemberFigures';
import { MemberMenu } from './MemberMenu';
import { isShared, isTied, levelOf, type MemberDraft, nameOf } from './memberOrder';
import { leftOutWords, roleWords } from './words';

type Props = {
  members: readonly MemberDraft[];
  index: number;
  handle: ReactNode;
  onChange: (members: MemberDraft[]) => void;
  /** Nothing of it can be changed. */
  isFixed: boolean;
  /** Name of the group; unset while it does not exist. */
  group: string | undefined;
  /** How the saved member fares; unset when it is not saved, or not known. */
  candidate: Candidate | undefined;
  at: number;
  isSaved: boolean;
  error: ReactNode;
};

/** One member at its place in the failover order. */
export function MemberRow({ members, index, handle, onChange, isFixed, group, candidate, at, isSaved, error }: Props) {
  const { t, int, percent } = useI18n();
  const member = members[index];
  if (!member) return null;
  const role = roleWords[candidate?.role ?? 0];
  const set = (change: Partial<MemberDraft>) =>
    onChange(members.map((m, i) => (i === index ? { ...m, ...change } : m)));
  return (
    <div
      className={c.member}
      data-live={group !== undefined}
      data-first={role?.isFirst}
      data-off={!member.enabled}
      data-tied={isTied(members, index)}
    >
      {handle}
      <span className={`${c.position} num`} title={t('groups.member.priority')}>
        {int(levelOf(members, index))}
      </span>
      <div className={c.who}>
        <p>
          <Link to="/providers" search={{ provider: member.provider }} className={c.provider}>
            {member.provider}
          </Link>
          {role && <Tag quiet={!role.isFirst}>{t(role.tag)}</Tag>}
          {candidate && candidate.share > 0 && candidate.share < 1 && (
            <span className={c.note}>{t('groups.member.share', { share: percent(candidate.share) })}</span>
          )}
          {group !== undefined && !isSaved && <Tag quiet>{t('groups.member.unsaved')}</Tag>}
        </p>
        <p className={`${c.model} mono`}>
          {candidate && candidate.model !== member.model ? `${member.model} → ${candidate.model}` : member.model}
        </p>
        {(isShared(members, index) || member.weight !== 1) && (
          <div className={c.weight}>
            {isTied(members, index) && <span>{t('groups.member.tied')}</span>}
            <NumberInput
              size="xs"
              label={t('groups.member.weight')}
              aria-label={t('groups.member.weightOf', { name: nameOf(member) })}
              value={member.weight}
              onChange={(weight) => typeof weight === 'number' && set({ weight })}
              min={1}
              max={1_000_000}
              disabled={isFixed}
              clampBehavior="strict"
              allowDecimal={false}
              hideControls
            />
          </div>
        )}
        {error && <p className={c.problem}>{error}</p>}
      </div>
      {group !== undefined && (
        <>
          <State member={member} candidate={candidate} at={at} />
          <MemberFigures group={group} provider={member.provider} candidate={candidate} />
        </>
      )}
      <MemberMenu {...{ members, index, onChange, isFixed, group, candidate }} />
    </div>
  );
}

function State({ member, candidate, at }: { member: MemberDraft; candidate: Candidate | undefined; at: number }) {
  const { t } = useI18n();
  if (!candidate) return <div className={c.state} />;
  const health = healthFrom(candidate, at);
  const state = stateOf(candidate.state);
  const leftOut = leftOutWords[candidate.leftOutReason];
  const isCalm = state === 'healthy' || state === 'degraded';
  return (
    <div className={c.state}>
      <HealthPill state={state} />
      {isCalm && candidate.threshold > 0 && (
        <span className={c.note}>
          <Meter n={candidate.failures} of={candidate.threshold} />
        </span>
      )}
      {!isCalm && <HealthNote health={health} />}
      {leftOut && <span className={c.note}>{t(leftOut)}</span>}
      {!member.enabled && state !== 'disabled' && <span className={c.note}>{t('groups.member.willLeave')}</span>}
    </div>
  );
}
