import { useQueryClient } from '@tanstack/react-query';
import { Enrolment } from '@/features/settings/people/Enrolment';
import { useI18n } from '@/i18n';
import { Brand } from '@/ui/Brand';
import { useTitle } from '@/ui/useTitle';
import c from './fullPage.module.css';
import { useSignOut } from './useSignOut';

/** Has a second factor set up by somebody who can do nothing else before. */
export function RequiredFactor({ onDone }: { onDone: () => void }) {
  const { t } = useI18n();
  const client = useQueryClient();
  const signOut = useSignOut();
  useTitle(t('people.required'));
  return (
    <div className={c.page}>
      <main className={c.form}>
        <Brand />
        <h1>{t('people.required')}</h1>
        <p>{t('people.requiredHow')}</p>
        <Enrolment
          onClose={() => void client.invalidateQueries().then(onDone)}
          cancel={{ label: t('shell.signOut'), onCancel: signOut }}
        />
      </main>
    </div>
  );
}
