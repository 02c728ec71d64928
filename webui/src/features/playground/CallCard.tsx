import { useI18n } from '@/i18n';
import { CopyAction } from '@/ui/Code';
import { Card, Facts } from '@/ui/Page';
import { CallRecord } from './CallRecord';
import { Elapsed } from './Elapsed';
import c from './playground.module.css';
import type { Run } from './useRun';

/** What is known of the call: what its headers say while it runs, and then what the gateway noted. */
export function CallCard({ run }: { run: Run | null }) {
  const { t, int, duration } = useI18n();
  const over = run !== null && run.state !== 'waiting' && run.state !== 'answering';
  const rows = run
    ? [
        { name: t('playground.provider'), value: run.provider || '–' },
        { name: t('playground.attempts'), value: run.attempts > 0 ? int(run.attempts) : '–' },
        {
          name: t('playground.firstHere'),
          value: run.firstText > 0 ? duration(run.firstText - run.sent) : '–',
        },
        {
          name: t('playground.timeHere'),
          value: over ? duration(run.ended - run.sent) : <Elapsed since={run.sent} />,
        },
      ]
    : [];
  return (
    <Card title={t('playground.call')} sub={t(run ? 'playground.callNow' : 'playground.callNone')}>
      {run && (
        <div className={c.call}>
          <Facts rows={rows} />
          {run.id !== '' && (
            <p className={c.copyLine}>
              <span className={`${c.id} mono`}>{run.id}</span>
              <CopyAction value={run.id} />
            </p>
          )}
          {over && run.id !== '' && <CallRecord key={run.id} id={run.id} />}
          {over && run.id === '' && run.state === 'stopped' && <p className={c.hint}>{t('playground.noId')}</p>}
        </div>
      )}
    </Card>
  );
}
