import { Button, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import { useI18n } from '@/i18n';
import { Dialog, DialogActions } from './Dialog';
import { FormError } from './FormError';

/** Asks before something that cannot be taken back. With typeName, the name must be written out first. */
export function ConfirmDialog({
  opened,
  title,
  children,
  confirm,
  onConfirm,
  onClose,
  busy,
  error,
  typeName,
  danger = true,
}: {
  opened: boolean;
  title: string;
  /** What will happen, and to whom. */
  children?: ReactNode;
  /** The verb on the button: "Revoke key". */
  confirm: string;
  onConfirm: () => void;
  onClose: () => void;
  busy?: boolean;
  error?: unknown;
  typeName?: string;
  danger?: boolean;
}) {
  return (
    <Dialog opened={opened} title={title} onClose={onClose} size={460}>
      <Question {...{ children, confirm, onConfirm, onClose, busy, error, typeName, danger }} />
    </Dialog>
  );
}

type Props = Omit<Parameters<typeof ConfirmDialog>[0], 'opened' | 'title'>;

/** Inside the dialog, so that what was typed is gone when it is opened again. */
function Question({ children, confirm, onConfirm, onClose, busy, error, typeName, danger }: Props) {
  const { t } = useI18n();
  const [typed, setTyped] = useState('');
  const sure = typeName === undefined || typed.trim() === typeName;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (sure && !busy) onConfirm();
  };
  return (
    <form onSubmit={submit}>
      {children}
      {typeName !== undefined && (
        <TextInput
          mt={14}
          label={t('confirm.type', { name: typeName })}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          autoComplete="off"
          spellCheck={false}
          data-autofocus
        />
      )}
      <FormError error={error} />
      <DialogActions>
        <Button variant="default" onClick={onClose}>
          {t('action.cancel')}
        </Button>
        <Button type="submit" color={danger ? 'red' : undefined} disabled={!sure} loading={busy}>
          {confirm}
        </Button>
      </DialogActions>
    </form>
  );
}
