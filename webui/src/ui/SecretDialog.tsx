import { Button, Checkbox } from '@mantine/core';
import { KeyRound } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { useI18n } from '@/i18n';
import { CopyAction } from './Code';
import { Dialog, DialogActions } from './Dialog';
import c from './secretDialog.module.css';

/** Shows a secret that was just made, once: it closes only when someone says that they have stored it. */
export function SecretDialog({
  secret,
  title,
  lead,
  onClose,
  children,
  actions,
}: {
  /** undefined while there is none to show. */
  secret: string | undefined;
  title: string;
  lead?: ReactNode;
  onClose: () => void;
  /** How to use it: snippets, client setups. */
  children?: ReactNode;
  actions?: ReactNode;
}) {
  return (
    <Dialog opened={secret !== undefined} title={title} onClose={onClose} size={640} keep>
      {secret !== undefined && <Content {...{ secret, lead, onClose, children, actions }} />}
    </Dialog>
  );
}

type Props = Omit<Parameters<typeof SecretDialog>[0], 'title' | 'secret'> & { secret: string };

function Content({ secret, lead, onClose, children, actions }: Props) {
  const { t } = useI18n();
  const [stored, setStored] = useState(false);
  return (
    <>
      <p className={c.lead}>{lead ?? t('secret.once')}</p>
      <div className={c.secret}>
        <KeyRound size={16} aria-hidden />
        <code translate="no">{secret}</code>
        <CopyAction value={secret} />
      </div>
      {children}
      <Checkbox
        mt={18}
        label={t('secret.stored')}
        checked={stored}
        onChange={(event) => setStored(event.currentTarget.checked)}
      />
      <DialogActions>
        {actions}
        <Button disabled={!stored} onClick={onClose}>
          {t('action.done')}
        </Button>
      </DialogActions>
    </>
  );
}
