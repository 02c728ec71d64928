import { UnstyledButton } from '@mantine/core';
import { Pause, Play, RotateCw } from 'lucide-react';
import { useI18n } from '@/i18n';
import type { TailState } from './follow';
import c from './list.module.css';

/** Whether calls that come in are counted, and a way to stop that or to read the list again. */
export function LiveControl({
  state,
  isPaused,
  onPause,
  onRefresh,
}: {
  /** undefined: the time has a fixed end, so nothing comes in. */
  state: TailState | undefined;
  isPaused: boolean;
  onPause: (isPaused: boolean) => void;
  onRefresh: () => void;
}) {
  const { t } = useI18n();
  const shown = isPaused ? 'paused' : state;
  return (
    <>
      {shown && (
        <span className={c.live} data-state={shown}>
          <i aria-hidden />
          {shown === 'live' && t('calls.live.on')}
          {shown === 'connecting' && t('calls.live.connecting')}
          {shown === 'failed' && t('calls.live.failed')}
          {shown === 'paused' && t('calls.live.paused')}
        </span>
      )}
      {state && (
        <UnstyledButton className={c.tool} onClick={() => onPause(!isPaused)}>
          {isPaused ? <Play size={14} aria-hidden /> : <Pause size={14} aria-hidden />}
          {t(isPaused ? 'calls.live.resume' : 'calls.live.pause')}
        </UnstyledButton>
      )}
      <UnstyledButton className={c.tool} onClick={onRefresh}>
        <RotateCw size={14} aria-hidden />
        {t('calls.refresh')}
      </UnstyledButton>
    </>
  );
}
