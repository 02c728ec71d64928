import { useState } from 'react';
import { useI18n } from '@/i18n';
import { CodeBlock } from '@/ui/Code';
import { Dialog } from '@/ui/Dialog';
import { Segments } from '@/ui/Segments';
import c from './models.module.css';

const FORMS = ['lines', 'commas', 'aliases'] as const;

/** The list as text, to take elsewhere. */
export function ExportModels({
  models,
  onClose,
}: {
  models: readonly { id: string; alias: string }[];
  onClose: () => void;
}) {
  const { t, count } = useI18n();
  const [form, setForm] = useState<(typeof FORMS)[number]>('lines');
  const text = {
    lines: () => models.map((m) => m.id).join('\n'),
    commas: () => models.map((m) => m.id).join(','),
    aliases: () => models.map((m) => m.alias || m.id).join('\n'),
  }[form]();
  return (
    <Dialog opened title={t('providers.export.title')} onClose={onClose} size={560}>
      <Segments
        label={t('providers.export.form')}
        value={form}
        options={FORMS.map((value) => ({ value, label: t(`providers.export.${value}`) }))}
        onChange={setForm}
      />
      <div className={c.export}>
        <CodeBlock label={count('providers.models', models.length)} code={text} />
      </div>
    </Dialog>
  );
}
