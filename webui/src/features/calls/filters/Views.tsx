import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { useQuery } from '@connectrpc/connect-query';
import { keepPreviousData } from '@tanstack/react-query';
import { CircleX, Coins, Shuffle, Timer } from 'lucide-react';
import type { ReactNode } from 'react';
import { UsageService } from '@/gen/trunkline/admin/v1/usage_pb';
import { useI18n } from '@/i18n';
import { Chosen } from './Chosen';
import c from './filters.module.css';
import { limitsOf } from './limits';
import { OwnViews } from './OwnViews';
import { useFilter } from './useFilter';

/** What people look for most, a click each; slow and expensive are measured by the calls of the time that is shown. */
export function Views({ span }: { span: { from: number; to: number } }) {
  const { t, duration, usdShort } = useI18n();
  const { search, set } = useFilter();
  const usual = useQuery(
    UsageService.method.summarizeUsage,
    { filter: { startTime: timestampFromMs(span.from), endTime: timestampFromMs(span.to) } },
    { placeholderData: keepPreviousData },
  );
  const limits = limitsOf(usual.data?.total);
  const slow = search.minMs ?? limits.slowMs;
  const expensive = search.minCost ?? limits.cost;
  return (
    <div className={c.views}>
      <fieldset className={c.chips} aria-label={t('calls.views')}>
        <Chip on={search.failed === true} onClick={(on) => set({ failed: on ? true : undefined })}>
          <CircleX size={14} aria-hidden />
          {t('calls.view.failed')}
        </Chip>
        <Chip on={search.failedOver === true} onClick={(on) => set({ failedOver: on ? true : undefined })}>
          <Shuffle size={14} aria-hidden />
          {t('calls.view.failedOver')}
        </Chip>
        <Chip
          on={search.minMs !== undefined}
          title={t('calls.view.slowHelp')}
          onClick={(on) => set({ minMs: on ? slow : undefined })}
        >
          <Timer size={14} aria-hidden />
          {t('calls.view.slow', { time: duration(slow) })}
        </Chip>
        <Chip
          on={search.minCost !== undefined}
          title={t('calls.view.expensiveHelp')}
          onClick={(on) => set({ minCost: on ? expensive : undefined })}
        >
          <Coins size={14} aria-hidden />
          {t('calls.view.expensive', { cost: usdShort(expensive) })}
        </Chip>
      </fieldset>
      <OwnViews />
      <Chosen />
    </div>
  );
}

function Chip({
  on,
  title,
  onClick,
  children,
}: {
  on: boolean;
  title?: string;
  onClick: (on: boolean) => void;
  children: ReactNode;
}) {
  return (
    <button type="button" aria-pressed={on} title={title} onClick={() => onClick(!on)}>
      {children}
    </button>
  );
}
