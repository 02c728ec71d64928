import { Link } from '@tanstack/react-router';
import { Signpost } from 'lucide-react';
import { useI18n } from '@/i18n';
import { Brand } from '@/ui/Brand';
import c from './fullPage.module.css';

export function NotFoundPage() {
  const { t } = useI18n();
  return (
    <div className={c.page}>
      <main className={c.box}>
        <Brand />
        <span className={c.icon}>
          <Signpost size={22} aria-hidden />
        </span>
        <h1>{t('notFound.title')}</h1>
        <p>
          <Link to="/">{t('notFound.home')}</Link>
        </p>
      </main>
    </div>
  );
}
