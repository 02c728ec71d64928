import { toMs } from '@/api/duration';
import type { Candidate } from '@/gen/trunkline/admin/v1/group_pb';
import { useI18n } from '@/i18n';
import { AttemptStrip, shareOf } from '@/ui/AttemptStrip';
import c from './groups.module.css';
import { useMemberStats, useModelHours } from './queries';

/** The last day of a member: how it went hour by hour, how often well, how fast; and its price. */
export function MemberFigures({
  group,
  provider,
  candidate,
}: {
  group: string;
  provider: string;
  candidate: Candidate | undefined;
}) {
  const { t, percent, duration, usd } = useI18n();
  const stats = useMemberStats(group); // the same two answers for every row
  const isMixed = stats.isMixed(provider);
  const models = useModelHours(group, provider, isMixed);
  const times = isMixed ? models?.bucketTimes : stats.times;
  const series = isMixed
    ? models?.series.find((s) => !s.other && s.value === candidate?.model)
    : stats.seriesOf(provider);
  const total = candidate && stats.totalOf(provider, candidate.model);
  const share = shareOf(total);
  const p50 = total?.duration?.p50;
  return (
    <div className={c.figures}>
      <AttemptStrip calls={{ group, provider }} times={times ?? []} series={series} />
      <p>
        <b title={t('groups.member.success')}>{share === undefined ? '—' : percent(share, 1)}</b>
        <span>
          p50 <b>{p50 ? duration(toMs(p50)) : '—'}</b>
        </span>
        <b title={t('groups.member.priceHow')}>{candidate?.price ? usd(candidate.price) : '—'}</b>
      </p>
    </div>
  );
}
