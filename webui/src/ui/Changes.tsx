import { ArrowRight } from 'lucide-react';
import type { ReactNode } from 'react';
import { useI18n } from '@/i18n';
import c from './changes.module.css';

/** One thing that differs. An absent side means that it was added or taken away. */
export type Change = { name: string; before?: ReactNode; after?: ReactNode };

/** What was and what will be, a line each. */
export function Changes({ changes }: { changes: readonly Change[] }) {
  const { t } = useI18n();
  if (changes.length === 0) return <p className={c.none}>{t('save.noChange')}</p>;
  return (
    <dl className={c.changes}>
      {changes.map((change, i) => (
        <div key={`${change.name} ${i}`}>
          <dt>{change.name}</dt>
          <dd>
            {change.before !== undefined && (
              <del>
                <span className="visually-hidden">{t('save.before')} </span>
                {change.before}
              </del>
            )}
            {change.after !== undefined && (
              <span className={c.after}>
                {change.before !== undefined && <ArrowRight size={13} aria-hidden />}
                <ins>
                  <span className="visually-hidden">{t('save.after')} </span>
                  {change.after}
                </ins>
              </span>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}
