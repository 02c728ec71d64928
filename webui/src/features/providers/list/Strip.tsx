import { AttemptStrip } from '@/ui/AttemptStrip';
import { type BusiestHours, SHARE, useHours } from '../queries';

/** The last 24 hours of a provider, an hour a cell: how many of its attempts went well. */
export function Strip({ provider, busiest }: { provider: string; busiest: BusiestHours }) {
  // The busiest come in one answer; the others are asked for when their row is in sight.
  const own = busiest?.byName.get(provider);
  const isAlone = busiest !== undefined && own === undefined && busiest.isCut;
  const alone = useHours(provider, { enabled: isAlone, paths: SHARE });
  const times = isAlone ? alone.data?.bucketTimes : busiest?.times;
  if (!times) return <AttemptStrip calls={{ provider }} times={[]} series={undefined} />;
  return <AttemptStrip calls={{ provider }} times={times} series={isAlone ? alone.data?.series[0] : own} />;
}
