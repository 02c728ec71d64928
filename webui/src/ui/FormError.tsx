import { CircleAlert } from 'lucide-react';
import { problemOf } from '@/api/errors';
import { violationsOf } from '@/api/violations';
import { useI18n } from '@/i18n';
import c from './formError.module.css';

/** Why a form was refused, as far as no field says it. */
export function FormError({ error }: { error: unknown }) {
  const { t } = useI18n();
  if (!error) return null;
  const problem = problemOf(error);
  const violations = violationsOf(error);
  return (
    <div className={c.error} role="alert">
      <CircleAlert size={16} aria-hidden />
      <div>
        <b>{t(problem.message)}</b>
        {violations.length === 0 && problem.detail && <p>{problem.detail}</p>}
        {violations.length > 0 && (
          <ul>
            {violations.map((v) => (
              <li key={`${v.field} ${v.description}`}>
                <code>{v.field}</code> {v.description}
              </li>
            ))}
          </ul>
        )}
        {problem.requestId && violations.length === 0 && (
          <p className={c.id}>
            {t('error.requestId')} <code>{problem.requestId}</code>
          </p>
        )}
      </div>
    </div>
  );
}
