import { timestampMs } from '@bufbuild/protobuf/wkt';
import { Link } from '@tanstack/react-router';
import { Hourglass, Languages } from 'lucide-react';
import type { Call, SkippedMember } from '@/gen/trunkline/admin/v1/call_pb';
import { useI18n } from '@/i18n';
import { outcomeKey } from '@/ui/outcome';
import c from './detail.module.css';

/** The reason of a member whose provider speaks another dialect, in which the request cannot be told. */
const UNTOLD = 'not_translatable';

/** Members whose turn would have come: those that were cooling down, and those that cannot be told what was asked. */
export function Skipped({ call }: { call: Call }) {
  const { t } = useI18n();
  if (call.skipped.length === 0) return null;
  const at = call.startTime ? timestampMs(call.startTime) : 0;
  return (
    <ul className={c.skipped} aria-label={t('calls.skipped')}>
      {call.skipped.map((member, i) => {
        const Icon = member.reason === UNTOLD ? Languages : Hourglass;
        return (
          <li key={i}>
            <Icon size={14} aria-hidden />
            <span>
              <Link to="/providers" search={{ provider: member.provider }} className={c.provider}>
                {member.provider}
              </Link>{' '}
              <span className="mono">{member.model}</span> <Why member={member} at={at} />
            </span>
          </li>
        );
      })}
    </ul>
  );
}

function Why({ member: { reason, parameter, untilTime }, at }: { member: SkippedMember; at: number }) {
  const { t, time } = useI18n();
  if (reason === UNTOLD)
    return parameter ? t('calls.skipped.untold', { what: parameter }) : t('calls.skipped.untoldRequest');
  const until = untilTime ? timestampMs(untilTime) : 0;
  return until > at
    ? t('calls.skipped.cooling', { time: time(until, at), reason: t(outcomeKey(reason)) })
    : t('calls.skipped.probing', { reason: t(outcomeKey(reason)) });
}
