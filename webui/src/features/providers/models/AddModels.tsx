import { Button, Textarea } from '@mantine/core';
import { useState } from 'react';
import { useI18n } from '@/i18n';
import { Dialog, DialogActions } from '@/ui/Dialog';
import { idsOf } from './draft';
import c from './models.module.css';

/** Adds models by hand: one, or a pasted list. */
export function AddModels({
  taken,
  onAdd,
  onClose,
}: {
  taken: ReadonlySet<string>;
  onAdd: (ids: string[]) => void;
  onClose: () => void;
}) {
  const { t, count } = useI18n();
  const [text, setText] = useState('');
  const ids = idsOf(text);
  const fresh = ids.filter((id) => !taken.has(id));
  return (
    <Dialog opened title={t('providers.addModels')} onClose={onClose} size={520}>
      <Textarea
        label={t('providers.add.ids')}
        description={t('providers.add.hint')}
        autosize
        minRows={4}
        maxRows={14}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        classNames={{ input: 'mono' }}
        spellCheck={false}
        data-autofocus
      />
      <p className={c.text} role="status">
        {count('providers.add.new', fresh.length)}
        {ids.length > fresh.length && ` · ${count('providers.add.known', ids.length - fresh.length)}`}
      </p>
      <DialogActions>
        <Button variant="default" onClick={onClose}>
          {t('action.cancel')}
        </Button>
        <Button disabled={fresh.length === 0} onClick={() => onAdd(fresh)}>
          {t('providers.add.confirm')}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
