import { Button } from '@mantine/core';
import { useState } from 'react';
import { useWhoAmI } from '@/api/queries';
import { useI18n } from '@/i18n';
import { Dialog } from '@/ui/Dialog';
import { Card, Facts } from '@/ui/Page';
import { PasswordForm } from '@/ui/PasswordForm';
import { roleMeans, roleWord } from '@/ui/role';
import { SecondFactor } from './people/SecondFactor';
import { Sessions } from './people/Sessions';
import c from './settings.module.css';
import { Tokens } from './Tokens';

/** Who may administer the gateway: the console's account, and the tokens of the CLI and of automation. */
export function AccessSection() {
  const { t } = useI18n();
  const who = useWhoAmI().data;
  const [changing, setChanging] = useState(false);
  const close = () => setChanging(false);
  return (
    <>
      <Card
        title={t('settings.account')}
        aside={
          who?.canChangePassword && (
            <Button variant="default" onClick={() => setChanging(true)}>
              {t('password.change')}
            </Button>
          )
        }
      >
        <Facts
          rows={[
            { name: t('settings.signedInAs'), value: who?.username ?? '–' },
            { name: t('people.role'), value: who ? t(roleWord(who.role)) : '–', note: who && t(roleMeans(who.role)) },
          ]}
        />
        {who?.hasPassword && !who.canChangePassword && <p className={c.note}>{t('settings.passwordSet')}</p>}
      </Card>
      {who?.hasPassword && <SecondFactor enabled={who.totpEnabled} required={who.totpRequired} />}
      <Sessions />
      <Tokens />
      <Dialog opened={changing} title={t('password.change')} onClose={close} size={420}>
        <PasswordForm onDone={close} cancel={{ label: t('action.cancel'), onCancel: close }} />
      </Dialog>
    </>
  );
}
