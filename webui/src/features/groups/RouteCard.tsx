import { healthFrom, stateOf } from '@/api/targetState';
import type { Candidate, GroupRoute, LeftOutReason } from '@/gen/trunkline/admin/v1/group_pb';
import { useI18n } from '@/i18n';
import { HealthDetail, HealthPill } from '@/ui/HealthPill';
import { Card, Facts, Tag } from '@/ui/Page';
import { refusalKey, refusedThing } from '@/ui/refusal';
import { SkeletonRows } from '@/ui/States';
import { ClockTime } from '@/ui/Time';
import { Dialects } from './Dialects';
import { SELECTIONS } from './draft';
import c from './groups.module.css';
import { selectionWords } from './useChanges';
import { leftOutWords, roleWords } from './words';

/** In which order a call would try the members now, and why; and who is left out. */
export function RouteCard({
  route,
  at,
  selection,
  isUntouched,
  conversation,
}: {
  route: GroupRoute | undefined;
  at: number;
  selection: string;
  isUntouched: boolean;
  /** Whose route it is; undefined: of any call. */
  conversation?: string;
}) {
  const { t, sentences } = useI18n();
  if (!route) return <SkeletonRows />;
  const how = selectionWords[SELECTIONS.find((s) => s === selection) ?? 'cheapest'].how;
  return (
    <div className={c.stack}>
      <Card
        title={t('groups.route.title')}
        sub={sentences(
          t('groups.route.sub'),
          conversation === undefined ? t(how) : t('groups.conversation.of', { session: conversation }),
          !isUntouched && <b>{t('groups.route.unsaved')}</b>,
        )}
        flush
      >
        {route.candidates.length === 0 && <p className={c.noMember}>{t('groups.noMember')}</p>}
        <ol className={c.route} aria-label={t('groups.route.title')}>
          {route.candidates.map((candidate, i) => (
            <Step key={`${candidate.provider} ${candidate.memberModel}`} candidate={candidate} at={at} place={i + 1} />
          ))}
        </ol>
      </Card>
      {route.leftOut.length > 0 && (
        <Card title={t('groups.route.leftOut')} sub={t('groups.route.leftOutSub')} flush>
          <ul className={c.route} aria-label={t('groups.route.leftOut')}>
            {route.leftOut.map((one) => (
              <li key={`${one.provider} ${one.memberModel}`}>
                <div className={c.who}>
                  <b>{one.provider}</b>
                  <p className={`${c.model} mono`}>{one.memberModel}</p>
                </div>
                <div className={c.state}>
                  <HealthPill state={stateOf(one.state)} />
                  <LeftOut reason={one.leftOutReason} />
                </div>
              </li>
            ))}
          </ul>
        </Card>
      )}
    </div>
  );
}

function LeftOut({ reason }: { reason: LeftOutReason }) {
  const { t } = useI18n();
  const word = leftOutWords[reason];
  return word ? <span className={c.note}>{t(word)}</span> : null;
}

function Step({ candidate, at, place }: { candidate: Candidate; at: number; place: number }) {
  const { t, int, percent, usd, list } = useI18n();
  const role = roleWords[candidate.role];
  const { share, price, nodes } = candidate;
  const health = healthFrom(candidate, at);
  return (
    <li data-first={role?.isFirst}>
      <span className={`${c.position} num`} aria-hidden>
        {int(place)}
      </span>
      <div className={c.who}>
        <p>
          <b>{candidate.provider}</b>
          {role && <Tag quiet={!role.isFirst}>{t(role.tag)}</Tag>}
        </p>
        <p className={`${c.model} mono`}>{candidate.model}</p>
        {role && <p className={c.note}>{t(role.how)}</p>}
        <Dialects of={candidate.dialects} />
      </div>
      <div className={c.state}>
        <HealthDetail health={health} />
        {health.state !== 'healthy' && nodes.length > 0 && (
          <span className={c.note}>{t('groups.route.nodes', { nodes: list(nodes) })}</span>
        )}
        {candidate.refusals.map((r) => (
          <span key={refusalKey(r)} className={c.note}>
            {t('groups.route.refuses', { what: refusedThing(r) })} {r.sinceTime && <ClockTime at={r.sinceTime} />} –{' '}
            {r.untilTime && <ClockTime at={r.untilTime} />}
          </span>
        ))}
      </div>
      <Facts
        rows={[
          { name: t('groups.member.priority'), value: int(candidate.priority) },
          { name: t('groups.member.weight'), value: int(candidate.weight) },
          { name: t('groups.member.priceHow'), value: price ? usd(price) : t('price.none') },
          ...(candidate.credential ? [{ name: t('groups.route.credential'), value: candidate.credential }] : []),
          ...(share > 0 ? [{ name: t('groups.route.share'), value: percent(share) }] : []),
        ]}
      />
    </li>
  );
}
