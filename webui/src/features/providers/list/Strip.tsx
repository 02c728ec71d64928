import { AttemptStrip } from '@/ui/AttemptStrip';
import { useHoursAmong } from '../queries';

/** The last 24 hours of a provider, an hour a cell: how many of its attempts went well. */
export function Strip({ provider, part }: { provider: string; part: readonly string[] }) {
  const hours = useHoursAmong(part, provider);
  return <AttemptStrip calls={{ provider }} times={hours?.times ?? []} series={hours?.series} />;
}
