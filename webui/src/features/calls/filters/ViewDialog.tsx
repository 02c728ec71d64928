import { Button, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useI18n } from '@/i18n';
import { Dialog, DialogActions } from '@/ui/Dialog';
import c from './filters.module.css';
import { LONGEST, type OwnView } from './ownViews';

type Props = {
  opened: boolean;
  title: string;
  how?: string;
  /** The name as it is. */
  name?: string;
  taken: readonly OwnView[];
  onSave: (name: string) => void;
  onClose: () => void;
};

/** Asks what a view is called. */
export function ViewDialog({ opened, title, onClose, ...form }: Props) {
  return (
    <Dialog opened={opened} title={title} onClose={onClose} size={420}>
      <Form {...form} onClose={onClose} />
    </Dialog>
  );
}

/** Inside the dialog, so that what was typed is gone when it is opened again. */
function Form({ how, name: before = '', taken, onSave, onClose }: Omit<Props, 'opened' | 'title'>) {
  const { t } = useI18n();
  const [typed, setTyped] = useState(before);
  const name = typed.trim();
  const isTaken = name !== before && taken.some((view) => view.name === name);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name === '' || isTaken) return;
    onSave(name);
    onClose();
  };
  return (
    <form onSubmit={submit}>
      {how && <p className={c.how}>{how}</p>}
      <TextInput
        label={t('calls.viewName')}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        error={isTaken && t('calls.viewTaken')}
        maxLength={LONGEST}
        autoComplete="off"
        data-autofocus
      />
      <DialogActions>
        <Button variant="default" onClick={onClose}>
          {t('action.cancel')}
        </Button>
        <Button type="submit" disabled={name === '' || isTaken}>
          {t('action.save')}
        </Button>
      </DialogActions>
    </form>
  );
}
