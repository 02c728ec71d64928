import { Check } from 'lucide-react';
import { useI18n } from '@/i18n';
import c from './steps.module.css';

/** Where one is in something that takes several steps. Those already done can be gone back to. */
export function Steps({
  label,
  steps,
  at,
  onBack,
}: {
  label: string;
  steps: readonly string[];
  /** Index of the present step. */
  at: number;
  onBack?: (step: number) => void;
}) {
  const { t } = useI18n();
  return (
    <ol className={c.steps} aria-label={label}>
      {steps.map((step, i) => {
        const mark = <span className={c.mark}>{i < at ? <Check size={13} strokeWidth={3} aria-hidden /> : i + 1}</span>;
        const done = i < at && <span className="visually-hidden"> ({t('steps.done')})</span>;
        return (
          <li key={step} data-done={i < at} aria-current={i === at ? 'step' : undefined}>
            {i < at && onBack ? (
              <button type="button" onClick={() => onBack(i)}>
                {mark}
                {step}
                {done}
              </button>
            ) : (
              <span>
                {mark}
                {step}
                {done}
              </span>
            )}
          </li>
        );
      })}
    </ol>
  );
}
