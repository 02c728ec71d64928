import { Ban, CircleAlert, CircleCheck, CircleX } from 'lucide-react';
import { useI18n } from '@/i18n';
import { outcomeKey, outcomeTone } from './outcome';
import { Pill } from './Pill';

const icons = { ok: CircleCheck, warn: CircleAlert, bad: CircleX, mute: Ban };

export function OutcomePill({ outcome, status }: { outcome: string; status: number }) {
  const { t } = useI18n();
  const tone = outcomeTone(outcome);
  return (
    <Pill tone={tone} Icon={icons[tone]}>
      {outcome !== 'ok' && status > 0 && <span className="num">{status}</span>}
      {t(outcomeKey(outcome))}
    </Pill>
  );
}
