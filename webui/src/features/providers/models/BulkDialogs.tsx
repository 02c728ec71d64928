import { Button, Textarea } from '@mantine/core';
import { useState } from 'react';
import { useI18n } from '@/i18n';
import { CodeBlock } from '@/ui/Code';
import { Dialog, DialogActions } from '@/ui/Dialog';
import { Segments } from '@/ui/Segments';
import { idsOf, PRICE_FIELDS, type Prices, pricesOf } from './draft';
import c from './models.module.css';
import { PriceFields } from './PriceFields';

/** Sets prices of several models at once; what is left empty stays as it is. */
export function BulkPrice({
  n,
  onApply,
  onClose,
}: {
  n: number;
  onApply: (p: Partial<Prices>) => void;
  onClose: () => void;
}) {
  const { t, count } = useI18n();
  const [prices, setPrices] = useState(pricesOf(undefined));
  const given = Object.fromEntries(PRICE_FIELDS.filter((f) => prices[f] !== '').map((f) => [f, prices[f]]));
  return (
    <Dialog opened title={count('providers.bulk.priceTitle', n)} onClose={onClose} size={560}>
      <p className={c.text}>{t('providers.bulk.priceText')}</p>
      <PriceFields value={prices} onChange={setPrices} placeholder={t('providers.bulk.keep')} />
      <DialogActions>
        <Button variant="default" onClick={onClose}>
          {t('action.cancel')}
        </Button>
        <Button disabled={Object.keys(given).length === 0} onClick={() => onApply(given)}>
          {t('providers.bulk.apply')}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

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
