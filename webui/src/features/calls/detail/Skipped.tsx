import { timestampMs } from '@bufbuild/protobuf/wkt';
import { Link } from '@tanstack/react-router';
import { Hourglass } from 'lucide-react';
import type { Call } from '@/gen/trunkline/admin/v1/call_pb';
import { useI18n } from '@/i18n';
import { outcomeKey } from '@/ui/outcome';
import c from './detail.module.css';

/** Members whose turn would have come, but that were cooling down: why, and until when. */
export function Skipped({ call }: { call: Call }) {
  const { t, time } = useI18n();
  if (call.skipped.length === 0) return null;
  const at = call.startTime ? timestampMs(call.startTime) : 0;
  return (
    <ul className={c.skipped} aria-label={t('calls.skipped')}>
      {call.skipped.map((member, i) => {
        const until = member.untilTime ? timestampMs(member.untilTime) : 0;
        return (
          <li key={i}>
            <Hourglass size={14} aria-hidden />
            <span>
              <Link to="/providers" search={{ provider: member.provider }} className={c.provider}>
                {member.provider}
              </Link>{' '}
              <span className="mono">{member.model}</span>{' '}
              {until > at
                ? t('calls.skipped.cooling', { time: time(until, at), reason: t(outcomeKey(member.reason)) })
                : t('calls.skipped.probing', { reason: t(outcomeKey(member.reason)) })}
            </span>
          </li>
        );
      })}
    </ul>
  );
}
