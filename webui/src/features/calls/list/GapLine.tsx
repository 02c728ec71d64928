import { timestampMs } from '@bufbuild/protobuf/wkt';
import { Unplug } from 'lucide-react';
import type { Gap } from '@/gen/trunkline/admin/v1/gap_pb';
import { type PlainKey, useI18n } from '@/i18n';
import c from './list.module.css';

const REASONS: Record<string, PlainKey> = {
  queue_full: 'calls.gap.queueFull',
  memory_full: 'calls.gap.memoryFull',
  spool_full: 'calls.gap.spoolFull',
  too_old: 'calls.gap.tooOld',
  damaged: 'calls.gap.damaged',
  totals_full: 'calls.gap.totalsFull',
  killed: 'calls.gap.killed',
  database_restored: 'calls.gap.restored',
};

/** Calls that a node served and of which there is no record: how many, when, and why. */
export function GapLine({ gap }: { gap: Gap }) {
  const { t, count, span, sentences } = useI18n();
  const from = gap.startTime ? timestampMs(gap.startTime) : 0;
  const to = gap.endTime ? timestampMs(gap.endTime) : from;
  const reason = REASONS[gap.reason];
  return (
    <div className={c.gap}>
      <Unplug size={15} aria-hidden />
      <span>
        <b>
          {gap.callsUnknown
            ? t('calls.gap.unknown', { node: gap.node })
            : count('calls.gap.calls', Number(gap.calls), { node: gap.node })}
        </b>{' '}
        <span className="num">{span(from, to)}</span>
        {' · '}
        {sentences(reason ? t(reason) : gap.reason, t(gap.summed ? 'calls.gap.summed' : 'calls.gap.lost'))}
      </span>
    </div>
  );
}
