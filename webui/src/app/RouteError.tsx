import { Button } from '@mantine/core';
import { type ErrorComponentProps, useRouter } from '@tanstack/react-router';
import { RotateCw, Unplug } from 'lucide-react';
import { problemOf } from '@/api/errors';
import { useI18n } from '@/i18n';
import { Brand } from '@/ui/Brand';
import c from './fullPage.module.css';

/** What is left when a page cannot be shown at all, such as when the control plane does not answer. */
export function RouteError({ error }: ErrorComponentProps) {
  const { t } = useI18n();
  const router = useRouter();
  const problem = problemOf(error);
  return (
    <div className={c.page}>
      <main className={c.box}>
        <Brand />
        <span className={c.icon} data-tone="bad">
          <Unplug size={22} aria-hidden />
        </span>
        <h1>{t(problem.message)}</h1>
        <p>{problem.message === 'error.unreachable' ? t('error.unreachableHelp') : problem.detail}</p>
        <Button leftSection={<RotateCw size={15} aria-hidden />} onClick={() => router.invalidate()}>
          {t('error.retry')}
        </Button>
      </main>
    </div>
  );
}
