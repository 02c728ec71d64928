import { Button, Textarea } from '@mantine/core';
import { useState } from 'react';
import { useI18n } from '@/i18n';
import { Dialog, DialogActions } from '@/ui/Dialog';
import { idsOf } from '../models/draft';
import type { Candidate } from './choice';
import c from './import.module.css';

/** Chooses exactly the models of a list, however it is separated, and says which of them are not listed. */
export function PasteList({
  candidates,
  onChoose,
  onClose,
}: {
  candidates: readonly Candidate[];
  onChoose: (ids: string[]) => void;
  onClose: () => void;
}) {
  const { t, count, list } = useI18n();
  const [text, setText] = useState('');
  const listed = new Set(candidates.map(({ model }) => model.id));
  const ids = idsOf(text);
  const found = ids.filter((id) => listed.has(id));
  const missing = ids.filter((id) => !listed.has(id));
  return (
    <Dialog opened title={t('import.pasteTitle')} onClose={onClose} size={520}>
      <Textarea
        label={t('providers.add.ids')}
        description={t('import.pasteHint')}
        autosize
        minRows={5}
        maxRows={14}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        classNames={{ input: 'mono' }}
        spellCheck={false}
        data-autofocus
      />
      <p className={c.after} role="status">
        {count('import.pasteFound', found.length)}
        {missing.length > 0 && ` · ${t('import.pasteMissing', { ids: list(missing.slice(0, 8)) })}`}
      </p>
      <DialogActions>
        <Button variant="default" onClick={onClose}>
          {t('action.cancel')}
        </Button>
        <Button disabled={found.length === 0} onClick={() => onChoose(found)}>
          {t('import.pasteChoose')}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
