import { Popover, UnstyledButton } from '@mantine/core';
import { SlidersHorizontal } from 'lucide-react';
import { useState } from 'react';
import { useI18n } from '@/i18n';
import c from './filters.module.css';
import { MoreForm } from './MoreForm';
import { useFilter } from './useFilter';

/** The filters that are needed now and then. */
export function MoreFilters({ span }: { span: { from: number; to: number } }) {
  const { t, int } = useI18n();
  const { search, set } = useFilter();
  const [open, setOpen] = useState(false);
  const { model, node, status, stream, attemptOutcome, clientRequestId, traceId, user, metadata, minMs, minCost } =
    search;
  const value = {
    model,
    node,
    status,
    stream,
    attemptOutcome,
    clientRequestId,
    traceId,
    user,
    metadata,
    minMs,
    minCost,
  };
  const n = Object.values(value).filter((chosen) => chosen !== undefined).length;
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-end" trapFocus>
      <Popover.Target>
        <UnstyledButton className={c.moreButton} data-on={n > 0} onClick={() => setOpen(!open)}>
          <SlidersHorizontal size={15} aria-hidden />
          {t('calls.moreFilters')}
          {n > 0 && <span className={c.badge}>{int(n)}</span>}
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown>
        <MoreForm
          span={span}
          value={value}
          onApply={(next) => {
            setOpen(false);
            set(next);
          }}
        />
      </Popover.Dropdown>
    </Popover>
  );
}
