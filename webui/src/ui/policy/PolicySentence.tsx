import { useI18n } from '@/i18n';
import type { PolicyDraft } from './policy';
import c from './policy.module.css';
import { usePolicyText } from './usePolicyText';

/** Restates when a target is skipped and for how long, as it will hold. */
export function PolicySentence({ own, effective }: { own: PolicyDraft; effective: PolicyDraft }) {
  const { count, sentences } = useI18n();
  const { value } = usePolicyText();
  const all = { ...effective, ...own };
  return (
    <p className={c.sentence}>
      {sentences(
        count('policy.skips', all.failureThreshold ?? 0, {
          window: value('failureWindow', all) ?? '',
          ratio: value('minRatio', all) ?? '',
          cooldown: value('cooldown', all) ?? '',
          max: value('cooldownMax', all) ?? '',
        }),
        count('policy.most', all.maxAttempts ?? 0),
      )}
    </p>
  );
}
