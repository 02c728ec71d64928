import { Button } from '@mantine/core';
import { RotateCw, TriangleAlert } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { problemOf } from '@/api/errors';
import { useI18n } from '@/i18n';
import c from './ui.module.css';

/** Nothing is there yet, and this is what to do next. */
export function EmptyState({ icon, title, children }: { icon: ReactNode; title: string; children?: ReactNode }) {
  return (
    <div className={c.empty}>
      <span className={c.emptyIcon}>{icon}</span>
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** A part of the page could not be read. */
export function ErrorState({ error, onRetry, busy }: { error: unknown; onRetry: () => void; busy?: boolean }) {
  const { t } = useI18n();
  const problem = problemOf(error);
  return (
    <div className={c.error} role="alert">
      <TriangleAlert size={20} aria-hidden />
      <div>
        <strong>{t(problem.message)}</strong>
        {problem.detail && <p>{problem.detail}</p>}
        <p className={c.errorMeta}>
          <code>{problem.code}</code>
          {problem.requestId && (
            <span>
              {t('error.requestId')} <code>{problem.requestId}</code>
            </span>
          )}
        </p>
      </div>
      <Button variant="default" leftSection={<RotateCw size={14} aria-hidden />} onClick={onRetry} loading={busy}>
        {t('error.retry')}
      </Button>
    </div>
  );
}

/** Grey shapes in place of rows, only when waiting takes long enough to be seen. */
export function SkeletonRows({ rows = 5, tall }: { rows?: number; tall?: boolean }) {
  const { t } = useI18n();
  const shown = useDelay();
  return (
    <div className={c.skeleton} role="status" aria-busy="true" data-tall={tall} data-shown={shown}>
      <span className="visually-hidden">{t('state.loading')}</span>
      {Array.from({ length: rows }, (_, i) => (
        <i key={i} aria-hidden />
      ))}
    </div>
  );
}

/** A grey block in the place of a chart or a card. */
export function SkeletonBlock({ height }: { height: number }) {
  const { t } = useI18n();
  const shown = useDelay();
  return (
    <div className={c.skeleton} role="status" aria-busy="true" data-shown={shown}>
      <span className="visually-hidden">{t('state.loading')}</span>
      <i aria-hidden style={{ height }} />
    </div>
  );
}

/** Whether waiting takes long enough to be seen. */
function useDelay(): boolean {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setOver(true), 150);
    return () => clearTimeout(timer);
  }, []);
  return over;
}
