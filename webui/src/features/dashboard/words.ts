import type { MessageKey } from '@/i18n';
import { STEP_MS } from '@/ui/range';

/** "Requests per hour, last 24 hours", whatever the bucket is. */
export function perBucket(step: number) {
  const words = {
    [STEP_MS.minute]: 'dashboard.per.minute',
    [STEP_MS.hour]: 'dashboard.per.hour',
    [STEP_MS.day]: 'dashboard.per.day',
  } as const satisfies Record<number, MessageKey>;
  return words[step] ?? 'dashboard.per.hour';
}
