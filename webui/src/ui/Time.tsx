import { type Timestamp, timestampMs } from '@bufbuild/protobuf/wkt';
import { useI18n } from '@/i18n';
import { useNow } from './useNow';

/** "3 days ago"; the exact time on hover. */
export function RelativeTime({ at }: { at: Timestamp }) {
  const { relative, dateTime } = useI18n();
  const now = useNow(10_000);
  const ms = timestampMs(at);
  return (
    <time dateTime={new Date(ms).toISOString()} title={dateTime(ms)}>
      {relative(ms, now)}
    </time>
  );
}

/** Time of day, with the date when it is not today's. */
export function ClockTime({ at }: { at: Timestamp }) {
  const { time, dateTime } = useI18n();
  const now = useNow(60_000);
  const ms = timestampMs(at);
  return (
    <time dateTime={new Date(ms).toISOString()} title={dateTime(ms)} className="num">
      {time(ms, now)}
    </time>
  );
}
