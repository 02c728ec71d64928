import { Button } from '@mantine/core';
import { MessageSquarePlus, RotateCcw, Send, Square } from 'lucide-react';
import { type PlainKey, useI18n } from '@/i18n';
import { CopyAction } from '@/ui/Code';
import { Card } from '@/ui/Page';
import { MOD } from '@/ui/shortcuts';
import { FailureNote } from './FailureNote';
import c from './playground.module.css';
import type { Run } from './useRun';

const STATES: Record<Run['state'], PlainKey> = {
  waiting: 'playground.waiting',
  answering: 'playground.answering',
  done: 'playground.done',
  stopped: 'playground.stopped',
  failed: 'playground.failed',
};

/** The answer as it comes, as text and never as markup, with what starts and stops it. */
export function Answer({
  run,
  busy,
  ready,
  missing,
  gateway,
  onSend,
  onStop,
  onGoOn,
  onStartOver,
}: {
  run: Run | null;
  busy: boolean;
  ready: boolean;
  /** What has to be filled in first. */
  missing: PlainKey | null;
  gateway: string;
  onSend: () => void;
  onStop: () => void;
  onGoOn: (text: string) => void;
  onStartOver?: () => void;
}) {
  const { t } = useI18n();
  const over = run !== null && !busy;
  return (
    <Card
      title={t('playground.answer')}
      sub={<span role="status">{run ? t(STATES[run.state]) : t(missing ?? 'playground.idle')}</span>}
      aside={run?.text ? <CopyAction value={run.text} /> : undefined}
    >
      {run?.thinking && (
        <details className={c.thinking} open={run.text === ''}>
          <summary>{t('playground.thinking')}</summary>
          <p dir="auto">{run.thinking}</p>
        </details>
      )}
      {run?.text && (
        <section className={c.text} dir="auto" aria-label={t('playground.answer')} data-busy={busy}>
          {run.text}
        </section>
      )}
      {run?.state === 'done' && run.text === '' && <p className={c.hint}>{t('playground.noText')}</p>}
      {run?.finish === 'length' && over && <p className={c.hint}>{t('playground.cutByLimit')}</p>}
      {run?.failure && <FailureNote failure={run.failure} run={run} gateway={gateway} />}
      <div className={c.actions}>
        {onStartOver && (
          <Button
            variant="subtle"
            leftSection={<RotateCcw size={14} aria-hidden />}
            onClick={onStartOver}
            disabled={busy}
          >
            {t('playground.startOver')}
          </Button>
        )}
        {over && run.text !== '' && (
          <Button
            variant="default"
            leftSection={<MessageSquarePlus size={15} aria-hidden />}
            onClick={() => onGoOn(run.text)}
          >
            {t('playground.goOn')}
          </Button>
        )}
        {busy ? (
          <Button color="red" leftSection={<Square size={13} aria-hidden />} onClick={onStop}>
            {t('playground.stop')}
          </Button>
        ) : (
          <Button leftSection={<Send size={14} aria-hidden />} onClick={onSend} disabled={!ready}>
            {t('playground.send')}
            <kbd className={c.kbd}>{MOD} ↵</kbd>
          </Button>
        )}
      </div>
    </Card>
  );
}
