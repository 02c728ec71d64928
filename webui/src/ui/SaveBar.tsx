import { Button, UnstyledButton } from '@mantine/core';
import { ChevronDown, GitCompareArrows, Save } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { useI18n } from '@/i18n';
import { type Change, Changes } from './Changes';
import { FormError } from './FormError';
import c from './saveBar.module.css';
import { useShortcut } from './shortcuts';

type Props = {
  /** What would be saved. Without changes there is no bar. */
  changes: readonly Change[];
  onSave: () => void;
  onDiscard: () => void;
  busy?: boolean;
  /** Why it was refused, without what stands at fields. */
  error?: unknown;
  /** Instead of Save, such as "Save order". */
  saveLabel?: string;
  /** Someone else saved first: what they changed, and what to do about it. */
  conflict?: { changes: readonly Change[]; by?: ReactNode; onReload: () => void; onOverwrite: () => void };
};

/** Says that something is not saved yet, what it is, and saves it. Stays in sight at the bottom. */
export function SaveBar(props: Props) {
  return props.changes.length > 0 || props.conflict ? <Bar {...props} /> : null;
}

function Bar({ changes, onSave, onDiscard, busy, error, saveLabel, conflict }: Props) {
  const { t, count } = useI18n();
  const [open, setOpen] = useState(false);
  useShortcut('mod+s', t('action.save'), onSave, { enabled: !busy && !conflict });
  return (
    <section className={c.bar} aria-label={t('save.title')}>
      {conflict && <Conflict mine={changes} {...conflict} />}
      <FormError error={conflict ? null : error} />
      {!conflict && (
        <div className={c.row}>
          <UnstyledButton className={c.what} aria-expanded={open} onClick={() => setOpen(!open)}>
            <i aria-hidden />
            <span aria-live="polite">{count('save.changes', changes.length)}</span>
            <ChevronDown size={15} aria-hidden />
          </UnstyledButton>
          <Button variant="default" onClick={onDiscard} disabled={busy}>
            {t('action.discard')}
          </Button>
          <Button leftSection={<Save size={15} aria-hidden />} onClick={onSave} loading={busy}>
            {saveLabel ?? t('action.save')}
          </Button>
        </div>
      )}
      {open && !conflict && (
        <div className={c.changes}>
          <Changes changes={changes} />
        </div>
      )}
    </section>
  );
}

function Conflict({
  mine,
  changes,
  by,
  onReload,
  onOverwrite,
}: NonNullable<Props['conflict']> & { mine: readonly Change[] }) {
  const { t } = useI18n();
  return (
    <div className={c.conflict} role="alert">
      <p className={c.conflictTitle}>
        <GitCompareArrows size={16} aria-hidden />
        <b>{t('save.conflict')}</b>
        {by && <span>{by}</span>}
      </p>
      <div className={c.both}>
        <section>
          <h3>{t('save.theirs')}</h3>
          <Changes changes={changes} />
        </section>
        <section>
          <h3>{t('save.mine')}</h3>
          <Changes changes={mine} />
        </section>
      </div>
      <div className={c.row}>
        <Button variant="default" onClick={onReload}>
          {t('save.takeTheirs')}
        </Button>
        <Button color="red" onClick={onOverwrite}>
          {t('save.overwrite')}
        </Button>
      </div>
    </div>
  );
}
