import { CircleAlert, CircleCheck, CircleX } from 'lucide-react';
import { useI18n } from '@/i18n';
import { Pill } from '@/ui/Pill';

/** What the control plane failed at is red; what it refused is amber. */
const FAILURES = new Set(['unknown', 'internal', 'unavailable', 'data_loss', 'deadline_exceeded', 'unimplemented']);

/** How an event ended. The codes of refusals are the API's own words, in every language. */
export function Outcome({ outcome }: { outcome: string }) {
  const { t } = useI18n();
  if (outcome === 'ok') {
    return (
      <Pill tone="ok" Icon={CircleCheck}>
        {t('audit.ok')}
      </Pill>
    );
  }
  const isFailure = FAILURES.has(outcome);
  return (
    <Pill tone={isFailure ? 'bad' : 'warn'} Icon={isFailure ? CircleX : CircleAlert}>
      <span translate="no">{outcome}</span>
    </Pill>
  );
}
